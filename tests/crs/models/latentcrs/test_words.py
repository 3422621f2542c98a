"""The query over items with words, its intents, their likelihood, and the query without words."""

import pytest
import torch

from crs.data.cases import cases_of
from crs.evaluation.metrics import means
from crs.evaluation.ranking import ranks
from crs.models.latentcrs import no_intents, train, words_training
from crs.models.latentcrs.recipe import MODEL
from crs.models.latentcrs.scorers import WordsScorer, scorers
from crs.models.latentcrs.words import IntentsOverWords, LatentCRSOverWords, OverWords
from crs.models.latentcrs.words_training import PARTS, BehaviourTraining, Heard, IntentsTraining
from crs.stages.intents import STAGE as INTENTS
from pre_rec_model import intents
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
    sizes = {"text_hidden": 8, "hidden": 8, "dropout": 0.5}
    model = (
        IntentsOverWords(items, WEIGHTS, **sizes, k=k) if k else OverWords(items, WEIGHTS, **sizes)
    )
    model.eval()
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
    mixed.load_state_dict(model.state_dict(), strict=False)
    residuals = model.residual(*parts)
    mixed.begin_intents(residuals.repeat(3, 1), residuals, sharpness=2.0)
    error = (mixed.queries(*parts) - model.queries(*parts)).norm()
    assert error < 0.5 * (model.queries(*parts) - model.own(*parts)).norm()


def test_the_joint_is_that_of_every_intent_and_item(parts):
    """Against [B, K, N], which training never makes."""
    model, y = model_of(K), torch.arange(B) % N + 1
    log_prior = model.log_prior(*parts)
    by_intent = torch.nn.functional.pad(model.intents, (0, T + A))
    queries = model.own(*parts)[:, None] + by_intent  # [B, K, d]
    log_p = torch.log_softmax(queries @ model.items[1:].T, dim=2)
    wanted = log_prior + log_p[torch.arange(B), :, y - 1]
    torch.testing.assert_close(model.log_joint(*parts, y), wanted, atol=1e-4, rtol=1e-5)


def test_the_probabilities_of_all_items_sum_to_1(parts):
    model = model_of(K)
    ys = [torch.full((B,), y) for y in range(1, N + 1)]
    each = [model.log_joint(*parts, y).logsumexp(1).exp() for y in ys]
    torch.testing.assert_close(torch.stack(each).sum(0), torch.ones(B), atol=1e-4, rtol=1e-4)


def test_scores_are_the_expected_log_probabilities(parts):
    """Up to a constant a case: the normalisers do not depend on the item."""
    model = model_of(K)
    prior = model.log_prior(*parts).exp()
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
    assert torch.equal(model.log_prior(*parts), torch.zeros(B, 1))


def test_large_scores_do_not_overflow(parts):
    model = model_of(K)
    model.weights.mul_(1e3)
    y = torch.ones(B, dtype=torch.long)
    assert model.log_joint(*parts, y).isfinite().all()


def test_without_words_it_starts_as_the_encoder(parts):
    model = LatentCRSOverWords(model_of(K))
    h = parts[0]
    assert torch.equal(model.silent_queries(h, model.log_q(h)), h)
    assert torch.equal(model.vectors, model.generative.items[:, :D])


def test_the_e_step_moves_the_behaviour_network_alone_and_finds_the_mean_posterior(parts):
    """All cases have one state, so the best q is the mean of their posteriors."""
    h, x, a = parts
    parts, y = (h[:1].repeat(B, 1), x, a), torch.arange(B) % N + 1
    cases = Heard(parts, y, (torch.zeros(0), torch.zeros(0)))
    model = LatentCRSOverWords(model_of(K))
    before = {k: v.clone() for k, v in model.generative.state_dict().items()}
    task = BehaviourTraining(model, 0.0, cases, cases)
    optimiser = torch.optim.Adam(model.behaviour.parameters(), lr=0.05)
    for _ in range(500):
        optimiser.zero_grad()
        task.training_step(torch.arange(B), 0).backward()
        optimiser.step()
    wanted = model.generative.log_joint(*parts, y).softmax(1).mean(0)
    torch.testing.assert_close(model.log_q(h[:1]).exp()[0], wanted, atol=1e-3, rtol=1e-2)
    assert all(torch.equal(v, before[k]) for k, v in model.generative.state_dict().items())


def test_the_likelihood_on_validation_is_the_same_in_chunks(parts, monkeypatch):
    model, y = model_of(K), torch.arange(B) % N + 1
    cases = Heard(parts, y, (torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.long)))
    task = IntentsTraining(model, cases, cases)
    whole = task.validate_epoch()["log_likelihood"]
    monkeypatch.setattr(words_training, "CHUNK_FLOATS", 2 * len(model.items))
    assert task.validate_epoch()["log_likelihood"] == pytest.approx(whole, rel=1e-6)


@pytest.fixture
def trained(word_inputs, tmp_path):
    """Both stages after two epochs, as artifacts."""
    settings = config(
        "model=latentcrs", "embedder=hashed", "embedder.dim=32", "train.epochs=2", "intents.k=5",
    )  # fmt: skip
    found = dict(word_inputs)
    runs = {"direct": no_intents.run, "intents": intents.run, "train": train.run}
    stages = {stage.name: stage for stage in (*MODEL.stages, INTENTS)}
    for name, run in runs.items():
        stage, folder = stages[name], tmp_path / name / "tiny"
        folder.mkdir(parents=True)
        inputs = {need: found[need] for need in stage.reads(settings)}
        summary = run(stage.settings(settings), inputs, folder, context())
        whole = artifact(folder, summary)
        found[name] = other(whole, tmp_path / name / "told", settings={"items": "words"})
    return found


def test_training_starts_at_the_baseline_and_never_ends_below_it(trained):
    start = trained["fusion"].load("weights.json")["encoder + attributes + text match"]["ndcg@10"]
    assert trained["direct"].summary["best"] >= start - 1e-9
    assert {"intents_best", "behaviour_best"} <= set(trained["train"].summary)


def test_intents_are_the_clusters_of_the_residuals(trained):
    residuals, y = trained["direct"].load("residuals.npy"), cases_of(trained, "train").target
    assert len(residuals) == len(y) == len(trained["intents"].load("assignment.npy"))
    assert len(trained["intents"].load("centres.npy")) == 5


def test_the_scorers_are_the_models_that_were_trained(trained):
    table = scorers(trained)
    assert list(table)[-3:] == ["latentcrs no text", "latentcrs linear", "direct"]
    cases = cases_of(trained, "valid")
    found = ranks(
        table["direct"].queries(cases), table["direct"].catalogue(), cases.target, cases.excluded,
        n_items=cases.sequences.n_items,
    )  # fmt: skip
    assert means(found.numpy())["ndcg@10"] == pytest.approx(trained["direct"].summary["best"])
    assert table["direct"].sees == "history + text + attributes and years of the utterance"
    assert table["latentcrs no text"].sees == "history"


def test_an_intent_shows_its_most_typical_items(trained):
    scorer, cases = scorers(trained)["latentcrs linear"], cases_of(trained, "valid")
    typical = scorer.typical()
    assert typical.shape == (cases.sequences.n_items + 1, 5) and not typical[0].any()
    torch.testing.assert_close(typical.sum(0), torch.ones(5))
    torch.testing.assert_close(scorer.prior(cases).sum(1), torch.ones(len(cases)))


class TestWordsScorer(Spoken):
    def recommender(self, sequences):
        encoder, attributes, text = self.parts(sequences)
        named = {"encoder": encoder, "attributes": attributes, "text match": text}
        items = tuple(named[name].catalogue()[0] for name in PARTS)
        torch.manual_seed(1)
        model = IntentsOverWords(items, WEIGHTS, text_hidden=8, hidden=8, dropout=0.5, k=K)
        with torch.no_grad():
            for weights in model.parameters():
                weights += 0.1 * torch.randn_like(weights)
        return WordsScorer(model.eval().requires_grad_(False), named)
