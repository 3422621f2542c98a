from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F

from crs.data.cases import cases_of
from crs.data.contexts import END, PAD, Contexts
from crs.evaluation.ranking import topk
from crs.models.c2crs.build import trained
from crs.models.c2crs.converse import readable, scored
from crs.models.c2crs.decoder import Decoder
from crs.models.c2crs.decoder_sources import read_all
from crs.models.c2crs.decoder_training import Converse
from crs.models.c2crs.training import queries_of
from crs.store.artifact import RESUME
from crs.training.loop import fit
from tests.contracts.tiny import context
from tests.crs.models.c2crs.conftest import responses, small, source, stages

CPU = torch.device("cpu")


@pytest.fixture(scope="module", params=["redial", "tgredial"])
def inputs(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    return stages(folder, source(folder, request.param), request.param)


def module_of(inputs, folder, *overrides, dropout=0.1):
    contexts, model = Contexts.of(inputs["contexts"]), trained(inputs["train"], inputs["graph"])
    states = read_all(model, contexts, folder / RESUME / "states.npy", CPU)
    rows = [((contexts.split == split) & (contexts.responses[:, 0] != PAD)).nonzero().squeeze(1)
            for split in range(3)]  # fmt: skip
    torch.manual_seed(3)
    decoder = Decoder(model.words.weight, 8, 1, 2, 8, dropout, 30, contexts.has_reviews)
    settings = small(*overrides).converse
    h = model.graph().detach()
    return Converse(decoder, model, contexts, h, states, rows[0], rows[1], settings)


def test_kept_states_are_those_of_the_encoder(inputs, tmp_path):
    module = module_of(inputs, tmp_path)
    model = module.frozen[0]
    for row in range(0, len(module.contexts), 3):
        tokens = module.contexts.tokens[row][module.contexts.tokens[row] != PAD][None]
        values, place = module.states[torch.tensor([row])]
        assert len(place) == tokens.shape[1]
        torch.testing.assert_close(values.float(), model.read(tokens)[0], atol=2e-3, rtol=2e-3)


def test_a_source_is_that_of_its_row_alone_or_in_company(inputs, tmp_path):
    module = module_of(inputs, tmp_path).eval()
    together = module.given(module.rows[:4])
    for place, row in enumerate(module.rows[:4].split(1)):
        for name, alone in module.given(row).items():
            n = int(alone.mask.sum())
            assert int(together[name].mask[place].sum()) == n
            torch.testing.assert_close(together[name].states[place][together[name].mask[place]],
                                       alone.states[0][alone.mask[0]])  # fmt: skip


def test_the_loss_weighs_each_token_by_its_frequency(inputs, tmp_path):
    module = module_of(inputs, tmp_path, "converse.threshold=2", "converse.dropout=false")
    logits, wanted = module.eval().predictions(module.rows)
    real = module.contexts.responses[module.rows]
    assert torch.equal(wanted, real[real != PAD]) and (wanted == END).sum() == len(module.rows)
    f = module.contexts.frequency.float()
    weight = torch.where(f <= 2, torch.ones(()), (2 / f).clamp_min(0.1))
    each = F.cross_entropy(logits, wanted, reduction="none") * weight[wanted]
    torch.testing.assert_close(module.training_step(torch.arange(len(module.rows)), 0), each.mean())


@pytest.mark.parametrize("dropout", [True, False])
def test_dropout_is_on_unless_the_released_behaviour_is_asked_for(inputs, tmp_path, dropout):
    module = module_of(inputs, tmp_path, f"converse.dropout={str(dropout).lower()}", dropout=0.5)
    module.train()
    index = torch.arange(4)
    one, two = module.training_step(index, 0), module.training_step(index, 0)
    assert (one == two) != dropout


def test_what_is_frozen_gets_no_gradient_and_reviews_do(inputs, tmp_path):
    module = module_of(inputs, tmp_path)
    module.training_step(torch.arange(module.cases()), 0).backward()
    model, h = module.frozen
    assert h.grad is None and all(p.grad is None for p in model.context.parameters())
    assert model.words.weight.grad is None
    assert any(p.grad is not None and p.grad.any() for p in model.review.parameters())
    assert all(name.startswith(("decoder.", "review.", "pool.")) for name in module.state_dict())


def test_perplexity_is_of_the_unweighted_loss(inputs, tmp_path):
    module = module_of(inputs, tmp_path, "converse.threshold=2").eval()
    module.settings = small().converse
    logits, wanted = module.predictions(module.valid)
    found = module.validate_epoch()
    mean = -F.cross_entropy(logits, wanted).item()
    assert found["log_likelihood"] == pytest.approx(mean, rel=1e-4)
    assert found["perplexity"] == pytest.approx(np.exp(-mean), rel=1e-4)


def test_going_on_after_a_failure_equals_a_straight_run(inputs, tmp_path):
    class Failing(Converse):
        fail_at = None

        def training_step(self, batch, batch_index):
            if (self.current_epoch, batch_index) == self.fail_at:
                raise OSError("the power went")
            return super().training_step(batch, batch_index)

    settings = replace(small().converse, epochs=3, patience=9, batch_size=3)

    def run(folder, fail_at=None):
        module = module_of(inputs, folder)
        module.__class__, module.fail_at = Failing, fail_at
        return fit(module, "converse", settings, folder, context())

    wanted = run(tmp_path / "straight")
    with pytest.raises(OSError, match="the power went"):
        run(tmp_path / "cut", (1, 1))
    assert run(tmp_path / "cut") == wanted
    [one], [two] = (
        [*(tmp_path / kind / RESUME / "converse").glob("best-*.safetensors")]
        for kind in ("straight", "cut")
    )
    assert one.name == two.name
    assert one.read_bytes() == two.read_bytes()


# The stage


@pytest.fixture(scope="module")
def result(inputs, tmp_path_factory):
    return responses(tmp_path_factory.mktemp("converse"), inputs, "c2crs.fill_items=true")


def test_both_tables_are_in_one(result, inputs):
    long = result.load("results.parquet")
    ranking = inputs["evaluate"].load("results.parquet")
    assert len(long[long["protocol"] != "responses"]) == len(ranking)
    own = long[(long["protocol"] == "responses") & (long["scorer"] == "c2crs")]
    assert set(own["metric"]) == {
        "dist_corpus", "dist_sentence", "dist_character", "bleu", "rouge_l", "perplexity", "length",
        "names_item",
    }  # fmt: skip
    assert own[own["metric"] == "bleu"]["k"].tolist() == [1, 2, 3, 4]
    text = (result.path / "results.md").read_text()
    assert "### c2crs on" in text and "### Responses of c2crs on" in text


def test_every_test_response_is_kept(result, inputs):
    frame = result.load("responses.parquet")
    contexts = Contexts.of(inputs["contexts"])
    assert len(frame) == int((contexts.split == 2).sum())
    turns = inputs["dataset"].load("dialogues.parquet").set_index(["dialogue", "turn"])
    for row in frame.itertuples():
        told = turns.loc[(row.dialogue, row.turn)]
        assert told["role"] == "recommender" and told["split"] == "test"
        plain = {t.lower() for t in row.truth_tokens if not t.startswith(("@", "__"))}
        assert plain <= {t.lower() for t in told["tokens"]}
    assert (result.path / "sample.md").read_text().count("- truth:") == len(frame)


def test_items_beside_a_response_are_those_of_the_trained_recommender(tmp_path):
    """With all views it reads reviews, whose encoder learns on with the decoder."""
    told = "c2crs.views=all train.epochs=8 train.lr=0.05 converse.lr=0.05 converse.epochs=6".split()
    inputs = stages(tmp_path, source(tmp_path, "redial"), "redial", *told)
    frame = responses(tmp_path, inputs, *told).load("responses.parquet")
    contexts, model = Contexts.of(inputs["contexts"]), trained(inputs["train"], inputs["graph"])
    rows = ((contexts.split == 2) & (contexts.responses[:, 0] != PAD)).nonzero()[:, 0]
    h, n = model.graph().detach(), model.items
    queries = queries_of(model, contexts, h, rows, CPU).detach()
    best, _ = topk(queries, (h[: n + 1], model.bias.detach()[: n + 1]), 5, n_items=n)
    assert [list(items)[:5] for items in frame["recommended"]] == best.tolist()


def test_slots_are_filled_with_titles_best_first():
    titles = ["", "Alpha", "Beta", ""]
    tokens = ["see", "__item__", "or", "__item__", "not", "@2", "@3"]
    assert readable(tokens, titles, ["Beta"]) == "see Beta or (item) not Beta (item)"
    assert readable(tokens, titles) == "see (item) or (item) not Beta (item)"


def test_scores_of_responses_by_hand():
    """Two responses of two dialogues: 2 and 4 tokens, one names an item; tokens of probability
    1/2 and 1/8: perplexity (2 * 8)^(1/2) = 4."""
    frame = pd.DataFrame({
        "dialogue": [1, 2], "response_tokens": [["a", "__item__"], ["a", "b", "a", "b"]],
        "truth_tokens": [["a"], ["c"]],
    })  # fmt: skip
    values = torch.log(torch.tensor([1 / 2, 1 / 8]))
    found = scored(frame, values, torch.tensor([0, 1])).set_index(["scorer", "metric", "k"])
    assert found.loc[("c2crs", "length", 0), "value"] == 3
    assert found.loc[("people", "length", 0), "value"] == 1
    assert found.loc[("c2crs", "names_item", 0), "value"] == 0.5
    assert found.loc[("c2crs", "perplexity", 0), "value"] == pytest.approx(4)
    low, high = found.loc[("c2crs", "perplexity", 0), ["low", "high"]]
    assert (low, high) == (pytest.approx(2), pytest.approx(8))
    assert found.loc[("c2crs", "dist_corpus", 1), "value"] == 3 / 6


def test_cases_of_the_whole_run_are_those_of_the_dialogues(inputs):
    cases = cases_of(inputs, "test")
    frame = inputs["evaluate"].load("ranks.parquet")
    one = frame[(frame["split"] == "test") & (frame["scorer"] == "c2crs")]
    assert one["target"].tolist() == cases.target.tolist()
