"""The towers against torch's own Transformer, and what may and may not change a state."""

import pytest
import torch
from torch import nn

from crs.models.mip_sad.networks import MIPSAD
from crs.nn.packed import Packed
from tests.contracts.tiny import padded

DIM, HEADS = 8, 2


def close(one, two):
    torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-5)


def reference(layers, x, real):
    """torch's post-norm encoder layers with the same weights on a padded batch, [B, T, d]."""
    for ours in layers:
        theirs = nn.TransformerEncoderLayer(
            DIM, HEADS, 4 * DIM, 0.0, "gelu", 1e-12, batch_first=True
        )
        theirs.self_attn.in_proj_weight, theirs.self_attn.in_proj_bias = ours.qkv.parameters()
        theirs.self_attn.out_proj, theirs.norm1, theirs.norm2 = (
            ours.out, ours.attention_norm, ours.norm,
        )  # fmt: skip
        theirs.linear1, theirs.linear2 = ours.inner, ours.outer
        # In training mode, without dropout: the fast path of evaluation wants no gradients.
        x = theirs.train()(x, src_key_padding_mask=~real)
    return x


def test_the_item_tower_sees_the_whole_row(model):
    ids, tower = padded([1, 2, 3, 4, 5], [6, 7], [8]), model.item_tower
    x = tower.norm(tower.item_table(ids) + tower.positions.weight[-5:])
    states, packed = tower(ids)
    close(states, reference(tower.layers, x, ids > 0).flatten(0, 1)[packed.index])


def test_the_attribute_tower_has_no_positions_and_no_norm_at_its_input(model):
    lists, tower = torch.tensor([[1, 2, 3], [4, 0, 0], [6, 5, 0]]), model.attribute_tower
    states, packed = tower(lists)
    close(
        states, reference(tower.layers, tower.table(lists), lists > 0).flatten(0, 1)[packed.index]
    )


def test_the_query_is_the_fusion_of_both_read_outs(model):
    history, lists = padded([1, 2, 3], [4]), torch.tensor([[3, 1], [2, 0]])
    masked = torch.cat([history, torch.full((2, 1), 21)], 1)
    states, packed = model.item_tower(masked)
    at_mask = states[(masked.flatten()[packed.index] == 21).nonzero()[:, 0]]
    at_mask = at_mask[packed.row[(masked.flatten()[packed.index] == 21)].argsort()]
    outputs, where = model.attribute_tower(lists)
    newest = torch.stack([outputs[where.index == 1][0], outputs[where.index == 2][0]])
    weight, bias = model.fusion.weight, model.fusion.bias
    wanted = torch.cat([at_mask, newest], 1) @ weight.T + bias
    close(model.queries(history, torch.arange(2), lists), wanted)


def test_earlier_attributes_may_come_in_any_order(model):
    one, two = (model.attribute_states(torch.tensor([order])) for order in ([1, 2, 3], [2, 1, 3]))
    close(one, two)
    assert not torch.allclose(one, model.attribute_states(torch.tensor([[1, 3, 2]])))


@pytest.mark.parametrize("lists", [[[2, 0, 0]], [[2]], [[0, 2]]])
def test_padding_changes_no_attribute_state(model, lists):
    close(model.attribute_states(torch.tensor(lists)), model.attribute_states(torch.tensor([[2]])))


def test_an_empty_list_is_a_zero_and_changes_no_other(model):
    both = model.attribute_states(torch.tensor([[0, 0], [1, 2]]))
    assert (both[0] == 0).all()
    close(both[1:], model.attribute_states(torch.tensor([[1, 2]])))


def test_an_empty_history_is_the_mask_alone(model):
    alone = model.history_states(torch.zeros(1, 1, dtype=torch.long))
    close(model.history_states(padded([], [1, 2]))[:1], alone)


def test_histories_are_shared_by_their_turns(model):
    history, lists = padded([1, 2], [3]), torch.tensor([[1], [2], [3]])
    row = torch.tensor([1, 0, 1])
    close(model.queries(history, row, lists),
          model.queries(history[row], torch.arange(3), lists))  # fmt: skip


@pytest.mark.parametrize(("sees", "blind_to"), [("items", "lists"), ("attributes", "history")])
def test_a_tower_alone_sees_nothing_else(network, sees, blind_to):
    model = network(sees=(sees,))
    history, lists = padded([1, 2]), torch.tensor([[1]])
    other = {"history": padded([3, 4]), "lists": torch.tensor([[2]])}
    inputs = {"history": history, "lists": lists}
    row = torch.zeros(1, dtype=torch.long)
    base = model.queries(row=row, **inputs)
    assert torch.equal(model.queries(row=row, **inputs | {blind_to: other[blind_to]}), base)
    seen = "history" if blind_to == "lists" else "lists"
    assert not torch.allclose(model.queries(row=row, **inputs | {seen: other[seen]}), base)


def test_blocks_of_any_size_give_the_same_states(model):
    lists = torch.tensor([[1, 2, 3], [4, 0, 0], [0, 0, 0], [6, 5, 0]])
    tower = model.attribute_tower
    whole, packed = tower(lists)
    x = tower.table(lists.flatten()[packed.index])
    small = Packed.of(lists, 1)
    for layer in tower.layers:
        x = layer(x, small)
    close(x, whole)


def test_rows_without_attributes_leave_the_gradients_finite(model):
    states, _ = model.attribute_tower(torch.tensor([[1, 2], [0, 0], [3, 0]]))
    states.square().sum().backward()
    assert all(p.grad.isfinite().all() for p in model.attribute_tower.parameters())


def test_words_are_the_mean_of_the_items_of_a_history(network):
    told, history = network(said=5), padded([1, 2, 2], [4], [])
    masked = torch.cat([history, torch.full((3, 1), told.mask)], 1)
    said = told.said.float()
    wanted = torch.stack([said[[1, 2, 2]].mean(0), said[4], torch.zeros(5)])
    for ids in (history, masked):
        close(told.history_words(ids), wanted)


def test_words_are_a_third_input_of_the_fusion_that_begins_at_nothing(network):
    plain, told = network(), network(said=5)
    told.load_state_dict(told.state_dict() | plain.state_dict())
    history, lists, row = padded([1, 2, 3], [4]), torch.tensor([[3, 1], [2, 0]]), torch.arange(2)
    added = told.queries(history, row, lists) - plain.queries(history, row, lists)
    close(added, told.history_words(history) @ told.told.T)
    assert not MIPSAD(20, 6, 8, 1, 2, 9, 0.0, said=5).told.any()
    assert plain.history_words(history) is None
