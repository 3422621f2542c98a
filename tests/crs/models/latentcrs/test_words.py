"""The query over items with words, its intents and their likelihood."""

import numpy as np
import pytest
import torch

from crs.data.cases import cases_of
from crs.evaluation.metrics import means
from crs.evaluation.ranking import ranks
from crs.models.latentcrs import no_intents, train
from crs.models.latentcrs.recipe import MODEL
from crs.models.latentcrs.scorers import WordsScorer, scorers
from crs.models.latentcrs.words import OverWords, clustered
from crs.models.latentcrs.words_training import PARTS
from tests.contracts.tiny import artifact, config, context, other
from tests.crs.models.text_match.test_scorers import Spoken

D, T, A, N, B, K = 4, 6, 3, 9, 7, 5
WEIGHTS = (1.0, 20.0, 4.0)


def drawn(*shape):
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(*shape, generator=generator)


@pytest.fixture
def parts():
    return drawn(B, D), drawn(B, T), drawn(B, A)


def model_of(k, moved=True):
    items = drawn(N + 1, D), drawn(N + 1, T), drawn(N + 1, A)
    torch.manual_seed(0)
    model = OverWords(items, WEIGHTS, hidden=8, dropout=0.5, k=k).eval()
    if moved:
        with torch.no_grad():
            for weights in model.parameters():
                weights += 0.3 * torch.randn_like(weights)
    return model.requires_grad_(False)


def test_it_starts_as_the_weighted_sum(parts):
    h, x, a = parts
    wanted = torch.cat([h, 20 * x, 4 * a], dim=1)
    assert torch.equal(model_of(0, moved=False).queries(*parts), wanted)
    assert torch.equal(model_of(K, moved=False).queries(*parts), wanted)


def test_intents_at_the_centres_of_the_residuals_ask_for_about_the_same(parts):
    """With as many intents as there are cases each residual is an intent."""
    model = model_of(0)
    mixed = model_of(3 * B)
    mixed.load_state_dict(model.state_dict() | {"intents": mixed.intents})
    mixed.begin_intents(model.residual(*parts), seed=1)
    error = (mixed.queries(*parts) - model.queries(*parts)).norm()
    assert error < 0.5 * (model.queries(*parts) - model.own(*parts)).norm()


def test_the_likelihood_is_that_of_the_mixture(parts):
    """Against [B, K, N], which training never makes."""
    model, y = model_of(K), torch.arange(B) % N + 1
    log_prior = model.log_prior(model.residual(*parts))
    by_intent = torch.nn.functional.pad(model.intents, (0, T + A))
    queries = model.own(*parts)[:, None] + by_intent  # [B, K, d]
    log_p = torch.log_softmax(queries @ model.items[1:].T, dim=2)
    wanted = (log_prior + log_p[torch.arange(B), :, y - 1]).logsumexp(1)
    torch.testing.assert_close(model.log_likelihood(*parts, y), wanted, atol=1e-4, rtol=1e-5)


def test_the_probabilities_of_all_items_sum_to_1(parts):
    model = model_of(K)
    each = [model.log_likelihood(*parts, torch.full((B,), y)).exp() for y in range(1, N + 1)]
    torch.testing.assert_close(torch.stack(each).sum(0), torch.ones(B), atol=1e-4, rtol=1e-4)


def test_scores_are_the_expected_log_probabilities(parts):
    """Up to a constant a case: the normalisers do not depend on the item."""
    model = model_of(K)
    prior = model.log_prior(model.residual(*parts)).exp()
    by_intent = torch.nn.functional.pad(model.intents, (0, T + A))
    log_p = torch.log_softmax((model.own(*parts)[:, None] + by_intent) @ model.items[1:].T, dim=2)
    expected = (prior[:, :, None] * log_p).sum(1)
    found = model.queries(*parts) @ model.items[1:].T
    torch.testing.assert_close(
        found - found.mean(1, keepdim=True),
        expected - expected.mean(1, keepdim=True),
        atol=1e-3,
        rtol=1e-4,
    )


def test_one_intent_is_the_same_for_everybody(parts):
    model = model_of(1)
    assert torch.equal(model.log_prior(model.residual(*parts)), torch.zeros(B, 1))


def test_large_scores_do_not_overflow(parts):
    model = model_of(K)
    model.weights.mul_(1e3)
    y = torch.ones(B, dtype=torch.long)
    assert model.log_likelihood(*parts, y).isfinite().all()


def test_clusters_by_hand():
    points = torch.tensor([[0.0, 0.0], [0.0, 2.0], [10.0, 0.0], [10.0, 2.0]])
    for seed in range(20):
        centres, spread = clustered(points, 2, seed)
        if sorted(centres[:, 0].tolist()) == [0.0, 10.0]:
            assert sorted(centres.tolist()) == [[0.0, 1.0], [10.0, 1.0]] and spread == 1.0
            return
    pytest.fail("no draw began in both halves")


def test_clusters_are_the_same_every_time_and_as_many_as_asked_for():
    points = drawn(6, 2)
    one, two = clustered(points, 9, 3), clustered(points, 9, 3)
    assert torch.equal(one[0], two[0]) and one[1] == two[1]
    assert one[0].shape == (9, 2) and one[0].isfinite().all()


@pytest.fixture
def trained(word_inputs, tmp_path):
    """Both stages after two epochs, as artifacts."""
    settings = config(
        "experiment=latentcrs_words", "embedder=hashed", "embedder.dim=32", "train.epochs=2",
        "intents.k=5",
    )  # fmt: skip
    found = dict(word_inputs)
    found["intents"] = artifact(tmp_path / "intents", {}, centres=np.zeros((5, 16)))
    for name, run in (("train", train.run), ("direct", no_intents.run)):
        (folder := tmp_path / name / "tiny").mkdir(parents=True)
        stage = next(stage for stage in MODEL.stages if stage.name == name)
        summary = run(stage.settings(settings), found, folder, context())
        whole = artifact(folder, summary)
        found[name] = other(whole, tmp_path / name / "told", settings={"em": {"items": "words"}})
    return found


def test_both_stages_start_at_the_baseline_and_never_end_below_it(trained):
    start = trained["fusion"].load("weights.json")["encoder + attributes + text match"]["ndcg@10"]
    train, direct = trained["train"].summary, trained["direct"].summary
    assert train["residual_best"] >= start - 1e-9
    assert direct == {key: train[key] for key in direct}  # the same phase from the same seed
    assert set(train) > set(direct) and "intents_best" in train


def test_the_scorers_are_the_models_that_were_trained(trained):
    table = scorers(trained)
    assert list(table)[-2:] == ["latentcrs linear", "direct"]
    cases = cases_of(trained, "valid")
    found = ranks(
        table["direct"].queries(cases), table["direct"].catalogue(), cases.target, cases.excluded,
        n_items=cases.sequences.n_items,
    )  # fmt: skip
    assert means(found.numpy())["ndcg@10"] == pytest.approx(
        trained["direct"].summary["residual_best"]
    )
    assert table["direct"].sees == "history + text + attributes and years of the utterance"


class TestWordsScorer(Spoken):
    def recommender(self, sequences):
        encoder, attributes, text = self.parts(sequences)
        named = {"encoder": encoder, "attributes": attributes, "text match": text}
        items = tuple(named[name].catalogue()[0] for name in PARTS)
        torch.manual_seed(1)
        model = OverWords(items, WEIGHTS, hidden=8, dropout=0.5, k=K)
        with torch.no_grad():
            for weights in model.parameters():
                weights += 0.1 * torch.randn_like(weights)
        return WordsScorer(model.eval().requires_grad_(False), named)
