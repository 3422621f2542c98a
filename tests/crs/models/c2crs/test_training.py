import json
from dataclasses import replace

import pytest
import torch

from crs.data.cases import ROW, cases_of
from crs.data.contexts import PAD
from crs.models import recipes
from crs.models.c2crs.build import build, inform, rebuild
from crs.models.c2crs.losses import fine_loss, info_nce
from crs.models.c2crs.networks import Batch
from crs.models.c2crs.training import Recommend, Warmup, rows_of, thinned
from crs.store.artifact import RESUME
from crs.training.loop import derive, fit
from tests.contracts.tiny import context
from tests.crs.models.c2crs.conftest import small, source, with_words

CPU = torch.device("cpu")


@pytest.fixture(scope="module", params=["inspired", "redial"])
def inputs(request, tmp_path_factory):
    return source(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture(scope="module")
def talks(tmp_path_factory):
    return source(tmp_path_factory.mktemp("redial"), "redial")


def make(inputs, *overrides, fine=True, seed=0, views="graph"):
    options = small("c2crs.dropout=0", *overrides).c2crs
    torch.manual_seed(seed)
    model, contexts, _ = build(options, inputs, views)
    rows = rows_of(cases_of(inputs, "train"))
    module = Warmup(model, contexts, rows, rows_of(cases_of(inputs, "valid")), options, fine)
    module.settings = small().warmup
    return module


def test_repeated_contexts_are_one_row(inputs):
    module = make(inputs)
    wanted = cases_of(inputs, "train").dialogue[ROW].tolist()
    assert module.rows.tolist() == sorted(set(wanted)) and module.cases() == len(set(wanted))


def test_the_coarse_loss_is_that_of_the_views_of_each_row(talks):
    module = make(talks, fine=False)
    model, rows = module.model.eval(), module.rows
    h = model.graph()
    views = {"graph": [], "context": [], "review": []}
    for row in rows.split(1):  # one by one: no padding, no company
        batch = Batch.of(module.contexts, row, CPU)
        views["graph"].append(model.graph_view(h, batch.entities))
        views["context"].append(model.context_view(*model.read(batch.tokens)))
        sentences = model.read_reviews(batch.review_tokens)
        views["review"].append(model.review_view(sentences, batch.reviews))
    z = {name: model.user_heads[name](torch.cat(parts)) for name, parts in views.items()}
    reviewed = module.contexts.reviews[rows][:, 0] > 0
    wanted = [info_nce(z["graph"], z["context"], 0.07)]
    if reviewed.sum() > 1:
        wanted += [info_nce(z[a][reviewed], z["review"][reviewed], 0.07)
                   for a in ("graph", "context")]  # fmt: skip
    found = module.losses(module.draw(rows))
    torch.testing.assert_close(found["loss_coarse"], torch.stack(wanted).mean())
    assert found["pairs"].item() == len(wanted) == 3


def test_the_fine_loss_is_that_of_its_units(talks):
    """Nodes once each, a word a mention, a sentence a review; by loops over the rows."""
    module = make(talks)
    model, rows, table = module.model.eval(), module.rows[:3], module.contexts
    h = model.graph()
    units = {"graph": {}, "context": [], "review": {}}
    for row in rows.tolist():
        tokens = table.tokens[row][table.tokens[row] != PAD][None]
        states = model.read(tokens)[0]
        mentions, _ = table.mentions[torch.tensor([row])]
        for at, entity in mentions.tolist():
            units["graph"][entity] = h[entity]
            units["context"].append((entity, states[at]))
        for review in table.reviews[row].tolist():
            if review:
                read = model.read_reviews(table.review_tokens[[review]])[0]
                units["review"][review] = (table.review_entity[review].item(), read)
    parts = {
        "graph": list(units["graph"].items()), "context": units["context"],
        "review": list(units["review"].values()),
    }  # fmt: skip
    wanted = []
    for one, two in (("graph", "context"), ("graph", "review"), ("context", "review")):
        z = [model.unit_heads[name](state) for name in (one, two) for _, state in parts[name]]
        entity = [e for name in (one, two) for e, _ in parts[name]]
        wanted.append(fine_loss(torch.stack(z), torch.tensor(entity), 0.07)[0])
    found = module.losses(module.draw(rows))
    torch.testing.assert_close(found["loss_fine"], torch.stack(wanted).mean())
    torch.testing.assert_close(found["loss"], (0.2 * found["loss_coarse"] + found["loss_fine"]) / 2)
    assert found["negatives"] > 0


@pytest.mark.parametrize(
    ("without", "silent"),
    [("context", ["context.", "words"]), ("review", ["review.", "pool.review"])],
)
def test_a_view_that_is_left_out_gets_no_gradient(talks, without, silent):
    module = make(talks, f"c2crs.without=[{without}]")
    module.losses(module.draw(module.rows))["loss"].backward()
    touched = {n for n, p in module.model.named_parameters() if p.grad is not None and p.grad.any()}
    own = [name for name in silent if not (without == "context" and name == "words")]
    assert not [name for name in touched if name.startswith(tuple(own))]
    assert any(name.startswith("graph.") for name in touched)


def test_the_released_gate_trains_too(talks):
    module = make(talks, "c2crs.gate=multiplicative")
    found = module.losses(module.draw(module.rows))
    found["loss"].backward()
    other = make(talks).losses(module.draw(module.rows))
    assert found["loss_coarse"] == other["loss_coarse"] and found["loss_fine"] != other["loss_fine"]


def test_without_a_graph_entities_are_their_own_vectors(talks):
    model = make(talks, "c2crs.without=[graph]").model
    torch.testing.assert_close(model.graph()[1:], (model.graph.root + model.graph.bias)[1:])


def test_a_batch_without_mentions_has_a_coarse_loss_alone(inputs):
    module = make(inputs)
    module.contexts = replace(
        module.contexts,
        mentions=replace(module.contexts.mentions, offsets=torch.zeros_like(
            module.contexts.mentions.offsets)),
    )  # fmt: skip
    found = module.losses(module.draw(module.rows))
    assert found["loss"].isfinite()
    found["loss"].backward()


def test_a_step_in_16_bits_has_nearly_the_loss_of_32(talks):
    module = make(talks)
    wanted = module.losses(module.draw(module.rows))["loss"]
    with torch.autocast("cpu", torch.bfloat16, cache_enabled=False):
        found = module.losses(module.draw(module.rows))["loss"]
    torch.testing.assert_close(found.float(), wanted, rtol=0.05, atol=0.05)
    found.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in module.model.parameters())


# The recommender


def recommender(inputs, *overrides, views="graph", seed=0):
    options = small("c2crs.dropout=0", "c2crs.entity_dropout=0", *overrides).c2crs
    torch.manual_seed(seed)
    model, contexts, _ = build(options, inputs, views)
    cases = (cases_of(inputs, split) for split in ("train", "valid"))
    return Recommend(model, contexts, *cases, options, False)


@pytest.mark.parametrize("softmax", ["entities", "items"])
def test_the_loss_is_over_all_entities_or_the_items(inputs, softmax):
    module = recommender(inputs, f"c2crs.softmax={softmax}")
    model = module.model
    index = torch.arange(module.cases())
    h = model.graph()
    classes = slice(1, None) if softmax == "entities" else slice(1, model.items + 1)
    wanted = []
    for row, target in zip(module.rows.tolist(), module.target.tolist(), strict=True):
        seen = module.contexts.entities[row]
        q = model.graph_view(h, seen[seen > 0][None])[0]
        scores = h[classes] @ q + model.bias[classes]
        wanted.append(-scores.log_softmax(0)[target - 1])
    torch.testing.assert_close(module.training_step(index, 0), torch.stack(wanted).mean())


def test_a_step_leaves_out_a_share_of_the_query(inputs):
    module = recommender(inputs, "c2crs.query_dropout=0.5")
    model, index = module.model, torch.arange(module.cases())
    torch.manual_seed(3)
    found = module.training_step(index, 0)
    h, classes = model.graph(), slice(1, module.classes + 1)
    batch = Batch.of(module.contexts, module.rows[index], module.device)
    torch.manual_seed(3)
    q = torch.nn.functional.dropout(model.query(h, batch), 0.5)
    scores = q @ h[classes].T + model.bias[classes]
    wanted = -scores.log_softmax(1).gather(1, module.target[:, None] - 1).mean()
    torch.testing.assert_close(found, wanted)
    assert not torch.isclose(recommender(inputs).training_step(index, 0), wanted)


def test_the_graph_alone_is_read_unless_all_views_are(inputs):
    for views, read in (("graph", False), ("all", True)):
        module = recommender(inputs, views=views)
        if views == "all":
            torch.nn.init.normal_(module.model.fusion.weight)
        module.training_step(torch.arange(4), 0).backward()
        assert (module.model.words.weight.grad is not None) == read


def test_all_views_begin_as_the_graph_alone(inputs):
    one, two = (recommender(inputs, views=views) for views in ("graph", "all"))
    two.model.load_state_dict(one.model.state_dict(), strict=False)
    index = torch.arange(4)
    torch.testing.assert_close(one.training_step(index, 0), two.training_step(index, 0))


def test_an_informed_start_knows_popularity_and_neighbours(inputs):
    module = recommender(inputs, "c2crs.start=informed", "c2crs.dim=64")
    counts = torch.tensor([0, 7, 1, 3])
    inform(module.model, counts)
    assert module.model.bias[:4].tolist() == pytest.approx(counts.float().log1p().tolist())
    mix = module.model.graph.mix
    assert (mix > 0).all() and mix.std() < 0.2 * mix.mean()
    plain = recommender(inputs, "c2crs.start=released").model
    assert not plain.bias.any()


def test_recency_weighs_newer_entities_more_when_it_says_so(inputs):
    model = recommender(inputs, "c2crs.recency=true").model
    pool = model.pool["graph"]
    pool.outer.weight.data.zero_()
    pool.age.data[:] = torch.log(torch.tensor([3.0] + [1.0] * (len(pool.age) - 1)))
    rows = torch.eye(8)[None, :4]
    mask = torch.tensor([[True, True, True, False]])
    assert pool(rows, mask)[0, :4].tolist() == pytest.approx([0.2, 0.2, 0.6, 0.0])


def test_thinned_leaves_some_of_each_row_in_order():
    torch.manual_seed(0)
    rows = torch.tensor([[5, 6, 7, 8], [9, 0, 0, 0], [0, 0, 0, 0]])
    lengths = set()
    for _ in range(30):
        found = thinned(rows, 0.6)
        kept = [i for i in found[0].tolist() if i]
        assert kept == sorted(kept) and kept and found[0, : len(kept)].all()
        assert found[1:].tolist() == rows[1:].tolist()
        lengths.add(len(kept))
    assert lengths == {1, 2, 3, 4}
    assert torch.equal(thinned(rows, 0.0), rows)


# Both, over epochs


def run_of(folder, inputs, kind, fail_at=None):
    """Two phases as the stages have them."""

    class Failing(Warmup):
        def training_step(self, batch, batch_index):
            if (self.current_epoch, batch_index) == fail_at:
                raise OSError("the power went")
            return super().training_step(batch, batch_index)

    settings = replace(small("c2crs.dropout=0.2").warmup, batch_size=3, epochs=3, patience=9)
    module = make(inputs, "c2crs.dropout=0.2", seed=derive(1))
    module.__class__ = Failing
    return module, fit(module, "fine", settings, folder, context())


@pytest.mark.parametrize("fail_at", [(1, 1), (2, 0)])
def test_going_on_after_a_failure_equals_a_straight_run(tmp_path, inputs, fail_at):
    _, wanted = run_of(tmp_path / "straight", inputs, "x")
    with pytest.raises(OSError, match="the power went"):
        run_of(tmp_path / "cut", inputs, "x", fail_at)
    _, found = run_of(tmp_path / "cut", inputs, "x")
    assert found == wanted
    for name in ("fine.json", f"{RESUME}/fine/best-*.safetensors"):
        [one], [two] = ([*(tmp_path / kind).glob(name)] for kind in ("straight", "cut"))
        assert one.name == two.name
        assert one.read_bytes() == two.read_bytes()


def test_training_lowers_its_losses(tmp_path, talks):
    module = make(talks)
    settings = replace(small().warmup, epochs=15, lr=1e-2, patience=99)
    fit(module, "fine", settings, tmp_path, context())
    log = json.loads((tmp_path / "fine.json").read_text())
    assert log[-1]["loss_coarse"] < log[0]["loss_coarse"]
    assert log[-1]["loss_fine"] < log[0]["loss_fine"]
    assert {"valid_loss", "valid_negatives", "negatives", "pairs"} <= set(log[0])


def test_the_recommender_learns_its_training_cases(tmp_path, inputs):
    module = recommender(inputs, "c2crs.start=released")
    settings = replace(small().train, epochs=30, lr=3e-2, patience=99)
    before = module.training_step(torch.arange(module.cases()), 0).item()
    fit(module, "train", settings, tmp_path, context())
    log = json.loads((tmp_path / "train.json").read_text())
    assert log[-1]["loss"] < 0.8 * before


def test_words_leave_the_start_as_it_is(inputs, tmp_path):
    told = with_words(tmp_path, inputs)
    torch.manual_seed(0)
    plain = build(small().c2crs, inputs)[0]
    torch.manual_seed(0)
    model, _, shape = build(small("c2crs.words=true").c2crs, told)
    assert torch.equal(model.graph(), plain.graph())
    own = model.state_dict()
    assert all(torch.equal(own[name], value) for name, value in plain.state_dict().items())
    assert set(own) - set(plain.state_dict()) == {"graph.said", "graph.project"}
    # What is saved is enough to rebuild it.
    again = rebuild(inputs["graph"], shape)
    again.load_state_dict(own)
    texts = told["entity_texts"].load("texts.parquet")["entity"].tolist()
    said = again.graph.said.float()
    assert said.any(1).nonzero().squeeze(1).tolist() == texts
    torch.testing.assert_close(
        said[texts].norm(dim=1), torch.full((len(texts),), 4.0), atol=0.01, rtol=0
    )


def test_words_are_in_the_name_of_what_they_change_alone():
    stages = {stage.name: stage for stage in recipes()["c2crs"].stages}
    plain, told = small(), small("c2crs.words=true")
    for name in ("warmup", "train", "direct"):
        stage = stages[name]
        assert "words" not in stage.settings(plain).identity()["c2crs"]
        assert stage.settings(told).identity()["c2crs"]["words"] is True
        new = set(stage.reads(told)) - set(stage.reads(plain))
        assert new == {"entity_texts", "embed_entities"}
