"""Weights of a file: the authors' names and ids, ours, and what is refused."""

import json
from dataclasses import replace

import pandas as pd
import pytest
import torch

from crs.errors import UserError
from crs.models.mip_sad import interop
from crs.nn.interop import NAMES, QKV
from crs.training.loop import save_weights
from tests.contracts.tiny import artifact, config, padded

ITEMS, ATTRIBUTES, DIM = 20, 6, 8
TOWERS = replace(config("model=mip_sad").towers, heads=2)


@pytest.fixture
def dataset(tmp_path):
    """Its ids are numbers, attributes in another order than the authors'."""
    return artifact(
        tmp_path / "dataset", {"items": ITEMS, "attributes": ATTRIBUTES, "label": "x"},
        items=pd.DataFrame({"item": range(1, 21), "raw": [str(i) for i in range(1, 21)]}),
        attributes=pd.DataFrame({"attribute": range(1, 7), "name": list("132456")}),
    )  # fmt: skip


def released(model):
    """The state dict that the authors' code would have saved of this network."""
    table = torch.zeros(ITEMS + ATTRIBUTES + 2, DIM)
    table[: ITEMS + 2] = model.item_tower.item_table.weight.detach()
    own = model.attribute_tower.table.weight.detach()
    for ours, theirs in zip(range(1, 7), (1, 3, 2, 4, 5, 6), strict=True):
        table[ITEMS + 1 + theirs] = own[ours]
    state = {"embeddings.weight": table, "user_embeddings.weight": torch.randn(9, DIM)}
    weights = dict(model.state_dict())
    for their, our in interop.NAMES.items():
        state[their] = weights[our]
    towers = {"SAS_encoder": "item_tower", "prefer_SAS_encoder": "attribute_tower"}
    for their, our in towers.items():
        for layer in range(2):
            for kind in ("weight", "bias"):
                parts = weights[f"{our}.layers.{layer}.qkv.{kind}"].chunk(3)
                state |= {f"{their}.layer.{layer}.{name}.{kind}": part
                          for name, part in zip(QKV, parts, strict=True)}  # fmt: skip
                for name, part in NAMES.items():
                    weight = weights[f"{our}.layers.{layer}.{part}.{kind}"]
                    state[f"{their}.layer.{layer}.{name}.{kind}"] = weight
    state["neg_SAS_encoder.layer.0.attention.query.weight"] = torch.randn(DIM, DIM)
    return state


@pytest.fixture
def saved(tmp_path):
    def save(state, name="net_parameter1.pkl"):
        torch.save(state, tmp_path / name)
        return tmp_path / name

    return save


def scores(model):
    history, lists = padded([1, 2, 3], [4]), torch.tensor([[3, 1], [2, 0]])
    return model.eval().queries(history, torch.arange(2), lists) @ model.table[1:].T


def test_the_authors_weights_give_the_same_scores(model, dataset, saved):
    """Read as the authors read: at the newest item, of one item more."""
    found, shape = interop.load(saved(released(model)), dataset, TOWERS)
    assert (found.reads, shape["reads"], found.window) == ("newest", "newest", model.max_len)
    history, lists = padded([1, 2, 3], [4]), torch.tensor([[3, 1], [2, 0]])
    s_items = model.eval().item_tower.states(history)
    expected = model.query(s_items, model.attribute_states(lists)) @ model.table[1:].T
    assert torch.equal(scores(found), expected)
    masked, _ = interop.load(saved(released(model)), dataset, replace(TOWERS, reads="mask"))
    assert torch.equal(scores(masked), scores(model)) and masked.window == model.max_len - 1
    assert shape["layers"] == 2 and shape["max_len"] == 9 and shape["dim"] == DIM


@pytest.mark.parametrize("reads", ["mask", "newest"])
def test_our_weights_are_read_as_they_were_trained(model, dataset, tmp_path, reads):
    save_weights(model, tmp_path / "model.safetensors")
    (tmp_path / "model.json").write_text(json.dumps({"heads": 2, "reads": reads}))
    assert interop.load(tmp_path / "model.safetensors", dataset, TOWERS)[0].reads == reads


def test_our_weights_come_back(model, dataset, tmp_path):
    save_weights(model, tmp_path / "model.safetensors")
    found, _ = interop.load(tmp_path / "model.safetensors", dataset, TOWERS)
    assert torch.equal(scores(found), scores(model))


def test_our_weights_bring_their_words_along(network, dataset, tmp_path):
    told = network(said=5)
    save_weights(told, tmp_path / "model.safetensors")
    found, shape = interop.load(tmp_path / "model.safetensors", dataset, TOWERS)
    assert shape["said"] == 5 and torch.equal(scores(found), scores(told))


@pytest.mark.parametrize(
    "name", ["prefer_norm.weight", "embeddings.weight", "SAS_encoder.layer.1.attention.key.bias"]
)
def test_a_missing_weight_is_named(model, dataset, saved, name):
    state = released(model)
    del state[name]
    with pytest.raises(UserError, match=rf"net_parameter1\.pkl has no weight '{name}'"):
        interop.load(saved(state), dataset, TOWERS)


def test_all_missing_weights_of_the_authors_are_named(model, dataset, saved):
    state = released(model)
    del state["item_norm.weight"], state["prefer_norm.bias"]
    with pytest.raises(UserError, match=r"has no weight 'item_norm\.weight, prefer_norm\.bias'"):
        interop.load(saved(state), dataset, TOWERS)


@pytest.mark.parametrize("content", [[], torch.zeros(2), None])
def test_what_holds_no_weights_is_refused(dataset, saved, content):
    with pytest.raises(UserError, match=r"is no state dict, but a (list|Tensor|NoneType)"):
        interop.load(saved(content), dataset, TOWERS)


def test_heads_are_those_beside_our_weights(model, dataset, tmp_path):
    save_weights(model, tmp_path / "model.safetensors")
    (tmp_path / "model.json").write_text('{"heads": 2}')
    found, _ = interop.load(tmp_path / "model.safetensors", dataset, replace(TOWERS, heads=4))
    assert torch.equal(scores(found), scores(model))


def test_our_missing_weights_are_named(model, dataset, tmp_path):
    del model.judge
    save_weights(model, tmp_path / "model.safetensors")
    with pytest.raises(UserError, match=r"lacks judge\.weight, judge\.bias"):
        interop.load(tmp_path / "model.safetensors", dataset, TOWERS)


def test_another_catalogue_is_refused(network, dataset, saved, tmp_path):
    with pytest.raises(UserError, match="its table has 28 rows, and 20 items, 5 attributes"):
        other = artifact(tmp_path / "other", dataset.summary | {"attributes": 5})
        interop.load(saved(released(network())), other, TOWERS)
    save_weights(network(items=19), tmp_path / "model.safetensors")
    with pytest.raises(
        UserError, match="knows 19 items and 6 attributes, the dataset has 20 and 6"
    ):
        interop.load(tmp_path / "model.safetensors", dataset, TOWERS)


def test_ids_that_are_no_numbers_are_refused(model, dataset, saved, tmp_path):
    named = artifact(
        tmp_path / "named", dataset.summary, items=dataset.load("items.parquet"),
        attributes=pd.DataFrame({"name": list("abcdef")}),
    )  # fmt: skip
    with pytest.raises(UserError, match="the authors number items and attributes"):
        interop.load(saved(released(model)), named, TOWERS)


def test_more_than_tensors_is_not_loaded(dataset, saved):
    with pytest.raises(UserError, match="holds more than tensors and was not loaded"):
        interop.load(saved({"a": TOWERS}), dataset, TOWERS)


@pytest.mark.parametrize("name", ["model.safetensors", "net.pkl"])
def test_what_is_no_state_dict_is_refused(dataset, tmp_path, name):
    (tmp_path / name).write_bytes(b"\x00\x01nothing")
    with pytest.raises(UserError, match=f"checkpoint={name}"):
        interop.load(tmp_path / name, dataset, TOWERS)
