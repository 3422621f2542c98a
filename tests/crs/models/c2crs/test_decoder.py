from itertools import product

import pytest
import torch

from crs.data.contexts import END, PAD, START
from crs.models.c2crs.decoder import Decoder, Source, search, shifted

V, W, D = 12, 8, 6


def make(reviews=True, seed=0, scale=1.5, **changes):
    torch.manual_seed(seed)
    decoder = Decoder(torch.randn(V, W) * scale, D, 2, 2, 16, 0.0, 10, reviews)
    for weight in decoder.nothing.values():
        torch.nn.init.normal_(weight)
    return decoder.eval()


def given(rows=5, reviews=True, seed=1):
    torch.manual_seed(seed)
    masks = {
        "context": torch.arange(7) < torch.tensor([7, 3, 1, 5, 2])[:rows, None],
        "graph": torch.arange(4) < torch.tensor([4, 0, 2, 1, 0])[:rows, None],
        "review": torch.arange(2) < torch.tensor([2, 0, 0, 1, 1])[:rows, None],
    }
    widths = {"context": W, "graph": D, "review": W}
    names = ["context", "graph", "review"] if reviews else ["context", "graph"]
    return {n: Source(torch.randn(rows, masks[n].shape[1], widths[n]), masks[n]) for n in names}


def whole(decoder, tokens, sources):
    made = decoder.sources(sources)
    return decoder(tokens, decoder.sights(made), made.get("review"))


@pytest.mark.parametrize("reviews", [True, False])
@pytest.mark.parametrize("beams", [1, 3])
def test_the_cache_changes_no_token(reviews, beams):
    decoder, sources = make(reviews), given(reviews=reviews)
    one, two = (search(decoder, sources, 10, beams, 0.7, cached) for cached in (True, False))
    assert torch.equal(one, two) and one.shape[1] > 3


def test_a_step_with_the_cache_is_that_of_the_whole_prefix():
    from crs.models.c2crs.decoder import Cache

    decoder, sources = make(), given()
    tokens = torch.randint(3, V, (5, 6))
    made = decoder.sources(sources)
    sights, cache = decoder.sights(made), Cache()
    steps = [decoder(tokens[:, i : i + 1], sights, made["review"], cache) for i in range(6)]
    torch.testing.assert_close(torch.cat(steps, 1), whole(decoder, tokens, sources))


def test_what_comes_later_changes_nothing_before():
    decoder, sources = make(), given()
    tokens = torch.randint(3, V, (5, 6))
    other = tokens.clone()
    other[:, 4:] = (other[:, 4:] - 2) % (V - 3) + 3
    torch.testing.assert_close(whole(decoder, tokens, sources)[:, :4],
                               whole(decoder, other, sources)[:, :4])  # fmt: skip


@pytest.mark.parametrize("name", ["context", "graph", "review"])
def test_each_source_is_read_and_its_padding_is_not(name):
    decoder, sources = make(), given()
    tokens = torch.randint(3, V, (5, 4))
    before = whole(decoder, tokens, sources)
    changed = dict(sources)
    noise = torch.randn_like(sources[name].states)
    mask = sources[name].mask[:, :, None]
    changed[name] = Source(sources[name].states + noise * ~mask, sources[name].mask)
    torch.testing.assert_close(whole(decoder, tokens, changed), before)
    changed[name] = Source(sources[name].states + noise * mask, sources[name].mask)
    assert not torch.allclose(whole(decoder, tokens, changed)[0], before[0])


def log_probability(decoder, sources, row, tokens):
    one = {n: Source(s.states[row : row + 1], s.mask[row : row + 1]) for n, s in sources.items()}
    wanted = torch.tensor([tokens])
    logits = decoder.logits(whole(decoder, shifted(wanted), one))
    steps = logits.log_softmax(2)[0].gather(1, wanted.T).squeeze(1)
    return steps.sum().item()


def test_greedy_takes_the_best_token_of_each_step():
    decoder, sources = make(scale=0.5), given()
    found = search(decoder, sources, 5)
    for row in range(5):
        said = [START]
        for token in found[row].tolist():
            if token == PAD:
                assert END in said
                break
            one = {n: Source(s.states[row : row + 1], s.mask[row : row + 1])
                   for n, s in sources.items()}  # fmt: skip
            logits = decoder.logits(whole(decoder, torch.tensor([said]), one))[0, -1]
            logits[[PAD, START]] = -torch.inf
            assert logits.argmax().item() == token
            said.append(token)


def test_enough_beams_find_the_most_probable_response():
    """All responses of at most 3 tokens over 9 words and the end, by brute force."""
    decoder, sources = make(scale=0.4, seed=3), given(rows=2)
    found = search(decoder, sources, 3, beams=110)
    words = [w for w in range(V) if w not in (PAD, START, END)]
    every = [[END]] + [[a, END] for a in words] + [[a, b, END] for a, b in product(words, words)]
    every += [list(x) for x in product(words, repeat=3)]
    for row in range(2):
        best = max(every, key=lambda tokens: log_probability(decoder, sources, row, tokens))
        assert [t for t in found[row].tolist() if t != PAD] == best


def test_a_response_ends_once():
    found = search(make(scale=0.5, seed=4), given(), 10, 2)
    for row in found.tolist():
        if END in row:
            assert set(row[row.index(END) + 1 :]) <= {PAD}


def test_shifted_starts_with_start_and_loses_the_last():
    assert shifted(torch.tensor([[7, 8, END], [9, END, PAD]])).tolist() == [
        [START, 7, 8], [START, 9, END],
    ]  # fmt: skip
