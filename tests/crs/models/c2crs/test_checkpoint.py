import pickle

import pytest
import torch
from safetensors.torch import save_file

from crs.errors import UserError
from crs.models.c2crs.build import build
from crs.models.c2crs.checkpoint import NAMES, entity_rows, relation_rows, restore
from tests.crs.models.c2crs.conftest import small, source

PLAIN = ("graph.facts=[]", "c2crs.start=released", "c2crs.recency=false")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return source(tmp_path_factory.mktemp("redial"), "redial", *PLAIN)


def new(inputs, seed, *overrides, views="graph"):
    torch.manual_seed(seed)
    model = build(small(*PLAIN, *overrides).c2crs, inputs, views)[0]
    torch.nn.init.normal_(model.bias)
    return model


def released(model, inputs):
    """Our weights as the authors' code would have named, ordered and wrapped them."""
    dataset, graph = inputs["dataset"], inputs["graph"]
    rows, relations = entity_rows(dataset, graph), relation_rows(dataset, graph)
    own = model.state_dict()
    out = {}
    for theirs, ours in NAMES.items():
        value = own[ours]
        if ours in ("graph.root", "bias"):
            empty = torch.zeros(int(rows.max()) + 1, *value.shape[1:])
            value = empty.index_copy(0, rows, value[1:])
        elif ours == "graph.bases":
            empty = torch.zeros(value.shape[0], int(rows.max()) + 1, value.shape[2])
            value = empty.index_copy(1, rows, value[:, 1:])
        elif ours == "graph.mix":
            value = torch.zeros_like(value).index_copy(0, relations, value)
        elif ours.startswith("pool"):
            value = value.T
        out[theirs] = value.clone()
    out["user_model.contextModel.token_embedding.weight"] = torch.zeros(3, 3)
    return out


def same_ranking(one, two):
    h, g = one.graph(), two.graph()
    mask = torch.ones(1, 3, dtype=torch.bool)
    for entities in ([1, 2, 4], [3, 1, 2]):
        a, b = (m.pool["graph"](x[torch.tensor([entities])], mask) @ x[:4].T + m.bias[:4]
                for m, x in ((one, h), (two, g)))  # fmt: skip
        torch.testing.assert_close(a[:, 1:], b[:, 1:])


def test_our_own_weights_come_back(tmp_path, inputs):
    one, two = new(inputs, 0), new(inputs, 1)
    save_file(one.state_dict(), tmp_path / "model.safetensors")
    restore(two, tmp_path / "model.safetensors", inputs["dataset"], inputs["graph"])
    for name, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[name])


@pytest.mark.parametrize("wrapped", [True, False])
def test_the_authors_weights_give_the_same_scores(tmp_path, inputs, wrapped):
    one, two = new(inputs, 0), new(inputs, 1)
    found = released(one, inputs)
    torch.save({"rec_state_dict": found, "epoch": 3} if wrapped else found, tmp_path / "m.pth")
    restore(two, tmp_path / "m.pth", inputs["dataset"], inputs["graph"])
    same_ranking(one, two)


def test_relations_are_numbered_as_the_authors_meet_them(inputs):
    """Loops first, then relations from entity to entity: the graph has one beside the loops."""
    table = inputs["graph"].load("relations.parquet").set_index("relation")["name"]
    rows = relation_rows(inputs["dataset"], inputs["graph"]).tolist()
    assert {table[i]: row for i, row in enumerate(rows)} == {"self loop": 0, "5": 1}


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
    one, two = new(inputs, 0), new(inputs, 1)
    torch.save({"rec_state_dict": released(one, inputs), "opt": Config()}, tmp_path / "m.pth")
    for name in ("crslab.config.config", "crslab.config", "crslab"):
        monkeypatch.delitem(sys.modules, name)
    restore(two, tmp_path / "m.pth", inputs["dataset"], inputs["graph"])
    same_ranking(one, two)


class Harmful:
    def __reduce__(self):
        return (print, ("run",))


def broken(inputs, folder, how):
    model, path = new(inputs, 0), folder / "m.pth"
    found = released(model, inputs)
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
        own = model.state_dict()
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
    with pytest.raises(UserError, match=r"model\.views=graph alone"):
        restore(new(inputs, 1, views="all"), path, inputs["dataset"], inputs["graph"])


def test_entities_of_ours_have_no_row_of_theirs(tmp_path):
    inputs = source(tmp_path, "redial", "graph.facts=[year,decade]")
    with pytest.raises(UserError, match=r"type graph\.facts=\[\]"):
        entity_rows(inputs["dataset"], inputs["graph"])
