import torch

from crs.models.c2crs.blocks import Attention, Head, Pool, TextEncoder, positions


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


def test_padding_changes_no_state_and_is_zero():
    encoder, x = make_encoder(), torch.randn(2, 4, 8)
    mask = torch.ones(2, 4, dtype=torch.bool)
    wide = torch.cat([x, torch.randn(2, 3, 8)], 1)
    padded = torch.cat([mask, torch.zeros(2, 3, dtype=torch.bool)], 1)
    found = encoder(wide, padded)
    same(found[:, :4], encoder(x, mask))
    assert not found[:, 4:].any()


def test_a_text_without_words_is_zero_and_harms_no_other():
    encoder, x = make_encoder(), torch.randn(2, 3, 8, requires_grad=True)
    mask = torch.tensor([[True, True, True], [False, False, False]])
    found = encoder(x, mask)
    assert found.isfinite().all() and not found[1].any()
    same(found[:1], encoder(x[:1], mask[:1]))
    found.sum().backward()
    assert x.grad.isfinite().all()


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
