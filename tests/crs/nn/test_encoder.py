import math

import pytest
import torch
import torch.nn.functional as F

from crs.nn import packed as module
from crs.nn.encoder import Encoder
from crs.nn.packed import Packed
from tests.contracts.tiny import padded

ITEMS, DIM, HEADS, MAX_LEN = 20, 8, 2, 9


def make(layers=2, norm="post", **dropout):
    """An encoder whose weights are large enough for attention to matter."""
    torch.manual_seed(3)
    rates = {"dropout": 0.0, "attention_dropout": 0.0, **dropout}
    encoder = Encoder(ITEMS, DIM, layers, HEADS, MAX_LEN, norm=norm, **rates)
    for weight in encoder.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    return encoder.eval()


def ragged(seed, rows=11, width=7, holes=0.2):
    """Right-aligned rows of random lengths, an empty one, and zeros between the items."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, ITEMS + 1, (rows, width), generator=generator)
    lengths = torch.randint(1, width + 1, (rows, 1), generator=generator)
    ids[torch.arange(width) < width - lengths] = 0
    ids[torch.rand(rows, width, generator=generator) < holes] = 0
    ids[rows // 2] = 0
    return ids


def layer_norm(x, norm):
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-12).sqrt() * norm.weight + (
        norm.bias
    )


def gelu(x):
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2


def reference(encoder, ids):
    """The released encoder: padded to max_len, scores at padding lowered by 10000, [B, L, d]."""
    ids = F.pad(ids, (MAX_LEN - ids.shape[1], 0))
    rows = len(ids)

    def heads(x):
        return x.view(rows, MAX_LEN, HEADS, -1).transpose(1, 2)

    allowed = torch.ones(MAX_LEN, MAX_LEN).tril().bool() & (ids > 0)[:, None, None, :]
    bias = torch.where(allowed, 0.0, -10000.0)
    x = layer_norm(encoder.item_table.weight[ids] + encoder.positions.weight, encoder.norm)
    for layer in encoder.layers:
        q, k, v = map(heads, layer.qkv(x).chunk(3, dim=-1))
        weights = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(DIM / HEADS) + bias, -1)
        seen = (weights @ v).transpose(1, 2).reshape(rows, MAX_LEN, DIM)
        x = layer_norm(x + layer.out(seen), layer.attention_norm)
        x = layer_norm(x + layer.outer(gelu(layer.inner(x))), layer.norm)
    return x


def same(a, b):
    torch.testing.assert_close(a, b, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("block_rows", [1, 4, 64])
@pytest.mark.parametrize("seed", range(4))
def test_equals_the_padded_reference(seed, block_rows, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_ROWS", block_rows)
    encoder, ids = make(), ragged(seed)
    states, packed = encoder(ids)
    wanted = reference(encoder, ids)[:, -ids.shape[1] :]
    same(states, wanted.flatten(0, 1)[packed.index])


@pytest.mark.parametrize("layers", [1, 3])
def test_pre_norm_is_that_of_torch(layers):
    """torch's own encoder layers with the same weights, at left-aligned rows without holes."""
    encoder = make(layers, norm="pre")
    plain = torch.nn.TransformerEncoder(
        torch.nn.TransformerEncoderLayer(
            DIM, HEADS, 4 * DIM, 0.0, "gelu", 1e-12, batch_first=True, norm_first=True
        ),
        layers, encoder.norm, enable_nested_tensor=False,
    )  # fmt: skip
    for theirs, ours in zip(plain.layers, encoder.layers, strict=True):
        theirs.self_attn.in_proj_weight, theirs.self_attn.in_proj_bias = ours.qkv.parameters()
        theirs.self_attn.out_proj, theirs.norm1, theirs.norm2 = (
            ours.out,
            ours.attention_norm,
            ours.norm,
        )
        theirs.linear1, theirs.linear2 = ours.inner, ours.outer
    ids = padded([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])
    mask = torch.nn.Transformer.generate_square_subsequent_mask(5)
    wanted = plain.eval()(encoder.item_table(ids) + encoder.positions.weight[-5:], mask)
    same(encoder(ids)[0], wanted.flatten(0, 1))


def test_the_state_of_a_row_is_that_of_its_newest_item():
    encoder, ids = make(), ragged(1, holes=0.0)
    full = ids.any(1)
    same(encoder.states(ids)[full], reference(encoder, ids)[full, -1])


def test_an_empty_row_has_the_zero_state():
    assert not make().states(padded([], [1, 2]))[0].any()


def test_a_batch_of_empty_rows_is_all_zeros():
    encoder, ids = make(), torch.zeros(3, 4, dtype=torch.long)
    assert torch.equal(encoder.states(ids), torch.zeros(3, DIM))


def test_trimming_changes_nothing():
    encoder, ids = make(), padded([1, 2, 3], [4], [5, 6])
    same(encoder.states(F.pad(ids, (5, 0))), encoder.states(ids))


def test_company_changes_nothing():
    encoder, ids = make(), ragged(2)
    alone = torch.cat([encoder.states(row[None]) for row in ids])
    same(encoder.states(ids), alone)


def test_states_follow_the_order_of_the_rows():
    encoder, ids = make(), ragged(3)
    order = torch.randperm(len(ids))
    same(encoder.states(ids[order]), encoder.states(ids)[order])


def test_a_later_item_does_not_change_earlier_states():
    encoder = make()
    one, _ = encoder(padded([1, 2, 3, 4]))
    two, _ = encoder(padded([1, 2, 3, 9]))
    same(one[:3], two[:3])
    assert not torch.allclose(one[3], two[3])


def test_an_earlier_item_changes_later_states():
    encoder = make()
    assert not torch.allclose(encoder.states(padded([1, 2, 3])), encoder.states(padded([9, 2, 3])))


def test_the_newest_item_is_at_the_last_position():
    encoder = make(layers=0)
    wanted = encoder.norm(encoder.item_table.weight[5] + encoder.positions.weight[-1])
    same(encoder.states(padded([5]))[0], wanted)


def test_padding_gets_no_gradient():
    encoder = make()
    encoder.states(ragged(4)).square().sum().backward()
    assert not encoder.item_table.weight.grad[0].any()


def test_dropout_acts_in_training_only():
    encoder, ids = make(dropout=0.5, attention_dropout=0.5), ragged(5)
    assert torch.equal(encoder.states(ids), encoder.states(ids))
    encoder.train()
    assert not torch.equal(encoder.states(ids), encoder.states(ids))


def test_weights_start_as_in_the_released_code():
    encoder = Encoder(500, 64, 1, 2, 50, 0.5, 0.5, "post")
    assert encoder.item_table.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert encoder.layers[0].inner.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert not encoder.layers[0].qkv.bias.any()
    assert (encoder.norm.weight == 1).all() and not encoder.norm.bias.any()
    assert encoder.item_table.weight.shape == (502, 64)


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_one_block_of_all_positions_gives_the_same_states(norm):
    encoder, ids = make(norm=norm), ragged(1, width=MAX_LEN, holes=0)
    states, packed = encoder(ids, Packed.whole(ids))
    same(packed.newest(states), encoder.states(ids))
