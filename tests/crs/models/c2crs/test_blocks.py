import torch

from crs.models.c2crs.blocks import Attention, Head, Pool, TextEncoder, place_of, pooled, positions
from crs.nn.packed import Packed


def same(a, b):
    torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_positions_by_hand():
    """d = 4: sin(p), cos(p), sin(p / 100), cos(p / 100)."""
    p = torch.tensor([0.0, 1.0, 2.0])
    wanted = torch.stack([p.sin(), p.cos(), (p / 100).sin(), (p / 100).cos()], 1)
    same(positions(3, 4), wanted)
    assert positions(2, 3).shape == (2, 3)


def test_attention_is_that_of_torch():
    torch.manual_seed(0)
    ours, theirs = Attention(8, 2), torch.nn.MultiheadAttention(8, 2, batch_first=True)
    theirs.in_proj_weight.data = torch.cat([ours.query.weight, ours.key.weight, ours.value.weight])
    theirs.in_proj_bias.data = torch.cat([ours.query.bias, ours.key.bias, ours.value.bias])
    theirs.out_proj.weight.data, theirs.out_proj.bias.data = (
        ours.out.weight.data,
        ours.out.bias.data,
    )
    x, y = torch.randn(3, 4, 8), torch.randn(3, 5, 8)
    mask = torch.tensor([[True] * 5, [True, False, True, False, False], [True] * 4 + [False]])
    same(ours(x, ours.memory(y), mask), theirs(x, y, y, key_padding_mask=~mask)[0])


def make_encoder(**changes):
    torch.manual_seed(1)
    return TextEncoder(**({"length": 9, "dim": 8, "layers": 2, "heads": 2, "hidden": 16,
                           "dropout": 0.0} | changes))  # fmt: skip


def texts(*lengths, seed=1):
    """Words of a vocabulary of 20, left-aligned, and a table of their vectors."""
    torch.manual_seed(seed)
    width = max(1, *lengths)
    tokens = torch.randint(1, 20, (len(lengths), width))
    return torch.nn.Embedding(20, 8), tokens * (
        torch.arange(width) < torch.tensor(lengths)[:, None]
    )


def test_a_text_is_read_alike_alone_and_in_company():
    encoder, lengths = make_encoder(), [3, 9, 0, 1, *[5] * 20]
    words, tokens = texts(*lengths)
    states, packed = encoder(words, tokens)
    assert len(states) == sum(lengths)
    for row, length in enumerate(lengths):
        alone = encoder(words, tokens[row : row + 1, : max(1, length)])[0]
        same(states[packed.row == row], alone)
    states.sum().backward()
    assert words.weight.grad.isfinite().all()


def test_positions_attend_to_their_own_row_alone():
    torch.manual_seed(0)
    attention, (_, tokens) = Attention(8, 2), texts(4, 2, 0, 3)
    packed = Packed.of(tokens, 2)
    x = torch.randn(len(packed.index), 8)
    found = attention.within(x, packed)
    for row in (0, 1, 3):
        own = x[packed.row == row][None]
        same(found[packed.row == row], attention(own, attention.memory(own))[0])


def test_texts_without_a_word_have_no_states_and_pool_to_zero():
    encoder, (words, tokens) = make_encoder(), texts(0, 0)
    states, packed = encoder(words, tokens)
    assert states.shape == (0, 8)
    assert torch.equal(pooled(Pool(8), states, packed), torch.zeros(2, 8))


def test_a_pool_of_packed_rows_is_that_of_padded_ones():
    pool, (_, tokens) = Pool(8), texts(4, 0, 2, 3)
    packed = Packed.of(tokens, 2)
    x = torch.randn(len(packed.index), 8)
    padded = torch.zeros(tokens.numel(), 8).index_copy(0, packed.index, x).view(*tokens.shape, 8)
    same(pooled(pool, x, packed), pool(padded, tokens > 0))


def test_a_place_of_the_batch_is_found_among_the_packed_ones():
    tokens = texts(4, 0, 2, 3)[1]
    packed = Packed.of(tokens, 2)
    assert torch.equal(packed.index[place_of(packed, torch.tensor([13, 0, 8]))],
                       torch.tensor([13, 0, 8]))  # fmt: skip


def test_pool_by_hand():
    """α = softmax(b · tanh(A h)); A the identity, b = (1, 0), rows (0, 3) and (0, 5): even α."""
    pool = Pool(2)
    pool.inner.weight.data, pool.outer.weight.data = torch.eye(2), torch.tensor([[1.0, 0.0]])
    rows = torch.tensor([[[0.0, 3.0], [0.0, 5.0], [9.0, 9.0]]])
    same(pool(rows, torch.tensor([[True, True, False]])), torch.tensor([[0.0, 4.0]]))


def test_a_pool_of_nothing_is_zero():
    pool, x = Pool(4), torch.randn(2, 3, 4, requires_grad=True)
    found = pool(x, torch.tensor([[True, False, False], [False, False, False]]))
    same(found[0], x[0, 0])
    assert not found[1].any()
    found.sum().backward()
    assert x.grad.isfinite().all() and not x.grad[1].any()


def test_heads_give_unit_vectors():
    torch.manual_seed(0)
    same(Head(5, 3)(torch.randn(4, 5)).norm(dim=1), torch.ones(4))
