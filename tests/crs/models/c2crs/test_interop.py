import json
import pickle
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file

from crs.errors import UserError
from crs.models.c2crs.build import build
from crs.models.c2crs.interop import GRAPH, entity_rows, relation_rows, restore
from tests.contracts.tiny import other
from tests.crs.models.c2crs.conftest import small, source, with_words
from tests.crs.models.c2crs.test_graph import looped

PLAIN = ("graph.facts=[]", "c2crs.start=released", "c2crs.recency=false")


@dataclass
class Theirs:
    """What the authors' code makes of the hand-made files, written by hand.

    Attributes:
        source: the id of each of our entities, in our order.
        relations: their numbers.
        edges: head, tail, relation, in those ids and numbers.
    """

    source: list[int]
    relations: dict[str, int]
    edges: list[tuple[int, int, int]]


THEIRS = {
    # Comedy, 4, has no entry of its own, so no loop.
    "redial": Theirs(
        [1, 2, 3, 4], {"self loop": 0, "5": 1},
        [(1, 1, 0), (2, 2, 0), (3, 3, 0), (1, 4, 1), (4, 1, 1), (3, 4, 1), (4, 3, 1)],
    ),
    # 6 is in no triple, so it has no loop.
    "tgredial": Theirs(
        [1, 4, 2, 3, 5, 6], {"类型": 0, "self loop": 1, "主演": 2, "属于": 3},
        [(1, 2, 0), (2, 1, 0), (4, 2, 0), (2, 4, 0), (1, 3, 2), (3, 1, 2), (1, 5, 3), (5, 1, 3),
         (1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 4, 1), (5, 5, 1)],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    return {kind: source(tmp_path_factory.mktemp(kind), kind, *PLAIN) for kind in THEIRS}


@pytest.fixture(scope="module")
def inputs(both):
    return both["redial"]


def new(inputs, seed, *overrides, views="graph"):
    torch.manual_seed(seed)
    model = build(small(*PLAIN, *overrides).c2crs, inputs, views)[0]
    torch.nn.init.normal_(model.bias)
    return model


def released(kind="redial", dim=8, bases=2):
    """Weights as the authors' code names and shapes them."""
    generator = torch.Generator().manual_seed(0)
    rows = max(THEIRS[kind].source) + 1
    shapes = {
        f"{GRAPH}kg_encoder.weight": (bases, rows, dim),
        f"{GRAPH}kg_encoder.comp": (len(THEIRS[kind].relations), bases),
        f"{GRAPH}kg_encoder.root": (rows, dim),
        f"{GRAPH}kg_encoder.bias": (dim,),
        f"{GRAPH}kg_attn.a": (dim, dim),
        f"{GRAPH}kg_attn.b": (dim, 1),
        "recommender.rec_bias.bias": (rows,),
        "user_model.contextModel.token_embedding.weight": (3, 3),
    }
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def same_scores(model, found, kind="redial"):
    """Ours are theirs, computed from their weights over their edges."""
    theirs, encoder = THEIRS[kind], f"{GRAPH}kg_encoder."
    graph = SimpleNamespace(
        bases=found[f"{encoder}weight"], mix=found[f"{encoder}comp"],
        root=found[f"{encoder}root"], bias=found[f"{encoder}bias"],
    )  # fmt: skip
    h = looped(graph, list(zip(*theirs.edges, strict=True)))[theirs.source]
    bias = found["recommender.rec_bias.bias"][theirs.source]
    ours, said = model.graph(), torch.tensor([0, 1, 3])
    alpha = torch.softmax(
        torch.tanh(h[said] @ found[f"{GRAPH}kg_attn.a"]) @ found[f"{GRAPH}kg_attn.b"], 0
    )
    query = model.pool["graph"](ours[said + 1][None], torch.ones(1, 3, dtype=torch.bool))[0]
    torch.testing.assert_close(
        query @ ours[1:].T + model.bias[1:], (alpha * h[said]).sum(0) @ h.T + bias
    )


def test_our_own_weights_come_back(tmp_path, inputs):
    one, two = new(inputs, 0), new(inputs, 1)
    save_file(one.state_dict(), tmp_path / "model.safetensors")
    restore(two, tmp_path / "model.safetensors", inputs["dataset"], inputs["graph"])
    for name, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[name])


@pytest.mark.parametrize("kind", THEIRS)
@pytest.mark.parametrize("wrapped", [True, False])
def test_the_authors_weights_give_the_same_scores(tmp_path, both, kind, wrapped):
    found, inputs = released(kind), both[kind]
    torch.save({"rec_state_dict": found, "epoch": 3} if wrapped else found, tmp_path / "m.pth")
    model = new(inputs, 1)
    restore(model, tmp_path / "m.pth", inputs["dataset"], inputs["graph"])
    same_scores(model, found, kind)


@pytest.mark.parametrize("kind", THEIRS)
def test_the_released_graph_needs_no_making_up_for_loops(tmp_path, kind):
    """`graph.loops=released`: our edges are theirs, each of them, and so are the scores."""
    inputs = source(tmp_path, kind, *PLAIN, "graph.loops=released")
    graph = other(inputs["graph"], tmp_path / "told", settings={"loops": "released"})
    theirs, name = THEIRS[kind], graph.load("relations.parquet").set_index("relation")["name"]
    ours = {(theirs.source[h - 1], theirs.source[t - 1], theirs.relations[name[r]])
            for h, t, r in graph.load("edges.npy").T.tolist()}  # fmt: skip
    assert ours == set(theirs.edges)
    found, model = released(kind), new(inputs, 1)
    torch.save(found, tmp_path / "m.pth")
    assert restore(model, tmp_path / "m.pth", inputs["dataset"], graph)
    same_scores(model, found, kind)


def test_a_parameter_of_ours_that_the_authors_file_does_not_fill_is_refused_by_name(
    tmp_path, inputs
):
    torch.save(released(), tmp_path / "m.pth")
    model = new(inputs, 1, "c2crs.recency=true")
    with pytest.raises(UserError, match=r"lacks pool\.graph\.age; type c2crs\.recency=false"):
        restore(model, tmp_path / "m.pth", inputs["dataset"], inputs["graph"])
    told = with_words(tmp_path, inputs, *PLAIN)
    both = build(small(*PLAIN, "c2crs.recency=true", "c2crs.words=true").c2crs, told)[0]
    with pytest.raises(UserError, match=r"type c2crs\.recency=false c2crs\.words=false"):
        restore(both, tmp_path / "m.pth", inputs["dataset"], inputs["graph"])


def test_weights_of_ours_of_another_data_set_are_refused(tmp_path, inputs, capsys):
    save_file(new(inputs, 0).state_dict(), tmp_path / "model.safetensors")
    restore(new(inputs, 1), tmp_path / "model.safetensors", inputs["dataset"], inputs["graph"])
    assert "no manifest.json beside it says which items" in capsys.readouterr().err
    made = {"fingerprint": "other", "digest": "other"}
    (tmp_path / "manifest.json").write_text(json.dumps({"inputs": {"dataset": made}}))
    mine = other(inputs["dataset"], tmp_path / "mine", digest="mine")
    with pytest.raises(UserError, match="trained on the data set other, this one is mine"):
        restore(new(inputs, 1), tmp_path / "model.safetensors", mine, inputs["graph"])


@pytest.mark.parametrize("kind", THEIRS)
def test_relations_are_numbered_as_the_authors_meet_them(both, kind):
    dataset, graph = both[kind]["dataset"], both[kind]["graph"]
    table = graph.load("relations.parquet").set_index("relation")["name"]
    rows = relation_rows(dataset, graph).tolist()
    assert {table[i]: row for i, row in enumerate(rows)} == THEIRS[kind].relations
    assert entity_rows(dataset, graph).tolist() == THEIRS[kind].source


class Config:
    """What the authors' files carry beside weights."""

    def __init__(self):
        self.opt = {"dataset": "ReDial", "rate": 0.1}


def test_the_settings_in_an_authors_file_are_ignored_and_run_nothing(tmp_path, inputs, monkeypatch):
    import sys
    import types

    module = types.ModuleType("crslab.config.config")
    Config.__module__, Config.__qualname__ = "crslab.config.config", "Config"
    module.Config = Config
    for name in ("crslab", "crslab.config"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "crslab.config.config", module)
    found, model = released(), new(inputs, 1)
    torch.save({"rec_state_dict": found, "opt": Config()}, tmp_path / "m.pth")
    for name in ("crslab.config.config", "crslab.config", "crslab"):
        monkeypatch.delitem(sys.modules, name)
    restore(model, tmp_path / "m.pth", inputs["dataset"], inputs["graph"])
    same_scores(model, found)


class Harmful:
    def __reduce__(self):
        return (print, ("run",))


def broken(inputs, folder, how):
    found, path = released(), folder / "m.pth"
    if how == "lacks":
        del found["recommender.rec_bias.bias"], found["user_model.kGModel.kg_attn.a"]
    if how == "other data":
        found["user_model.kGModel.kg_encoder.root"] = torch.zeros(2, 8)
    if how == "shape":
        found["user_model.kGModel.kg_encoder.bias"] = torch.zeros(9)
    if how == "harmful":
        torch.save(found | {"x": Harmful()}, path)
    elif how == "no tensors":
        torch.save({"rec_state_dict": {"a": 3}}, path)
    elif how == "text":
        path.write_text("hello")
    elif how == "pickle":
        path.write_bytes(pickle.dumps([1]))
    elif how == "ours lacks":
        path = folder / "m.safetensors"
        own = new(inputs, 0).state_dict()
        del own["words.weight"]
        save_file(own, path)
    else:
        torch.save(found, path)
    return path


@pytest.mark.parametrize(
    ("how", "part"),
    [
        ("lacks", "lacks user_model.kGModel.kg_attn.a, recommender.rec_bias.bias"),
        ("other data", "has 2 entities and 2 relations, the data have ids up to 4"),
        ("shape", r"graph\.bias \[9\] \(\[8\] needed\)"),
        ("harmful", "not a file of plain tensors"),
        ("no tensors", "no state dict of tensors"),
        ("text", "not a file of plain tensors"),
        ("pickle", "no state dict of tensors|not a file of plain tensors"),
        ("ours lacks", r"lacks words\.weight"),
    ],
)
def test_a_file_that_does_not_fit_is_one_sentence(tmp_path, inputs, capsys, how, part):
    with pytest.raises(UserError, match=part):
        restore(new(inputs, 1), broken(inputs, tmp_path, how), inputs["dataset"], inputs["graph"])
    assert capsys.readouterr().out == ""


def test_the_authors_recommender_reads_the_graph_alone(tmp_path, inputs):
    path = broken(inputs, tmp_path, "nothing")
    with pytest.raises(UserError, match=r"c2crs\.views=graph alone"):
        restore(new(inputs, 1, views="all"), path, inputs["dataset"], inputs["graph"])


def test_entities_of_ours_have_no_row_of_theirs(tmp_path):
    inputs = source(tmp_path, "redial", "graph.facts=[year,decade]")
    with pytest.raises(UserError, match=r"type graph\.facts=\[\]"):
        entity_rows(inputs["dataset"], inputs["graph"])
