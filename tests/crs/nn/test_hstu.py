import pytest
import torch
import torch.nn.functional as F

from crs.nn.encoder import Encoder
from crs.nn.hstu import HSTULayer
from crs.nn.packed import Packed
from tests.contracts.tiny import padded

DIM, HEADS, MAX_LEN = 8, 2, 9
IDS = padded([1, 2, 3, 4, 5], [6, 7], [8])


def make(dropout=0.0):
    torch.manual_seed(3)
    layer = HSTULayer(DIM, HEADS, dropout, MAX_LEN)
    for weight in layer.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    return layer.eval()


def states():
    return torch.randn(8, DIM, generator=torch.Generator().manual_seed(0))


def reference(layer, x):
    """One row position by position, [n, d]."""
    width = DIM // HEADS
    u, v, q, k = F.silu(layer.uvqk(layer.before_norm(x))).chunk(4, dim=1)
    seen = torch.zeros_like(x)
    for h in range(HEADS):
        own = slice(h * width, (h + 1) * width)
        for t in range(len(x)):
            for s in range(t + 1):
                score = q[t, own] @ k[s, own] + layer.distance[h, t - s]
                seen[t, own] += score * torch.sigmoid(score) * v[s, own] / MAX_LEN
    return x + layer.out(layer.norm(seen) * u)


def test_equals_its_equations_position_by_position():
    layer, x = make(), states()
    wanted = torch.cat([reference(layer, row) for row in x.split([5, 2, 1])])
    torch.testing.assert_close(layer(x, Packed.of(IDS)), wanted, atol=1e-5, rtol=1e-4)


def test_a_later_item_does_not_change_earlier_states():
    layer, x, packed = make(), states()[:3], Packed.of(padded([1, 2, 3]))
    changed = torch.cat([x[:2], -x[2:]])
    torch.testing.assert_close(layer(x, packed)[:2], layer(changed, packed)[:2])
    assert not torch.allclose(layer(x, packed)[2], layer(changed, packed)[2])


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_company_and_padding_change_nothing(norm):
    torch.manual_seed(1)
    encoder = Encoder(20, DIM, 2, HEADS, MAX_LEN, 0.0, 0.0, norm, block="hstu").eval()
    together = encoder.states(IDS)
    alone = torch.cat([encoder.states(row[row > 0][None]) for row in IDS])
    torch.testing.assert_close(together, alone)
    torch.testing.assert_close(together, encoder.states(F.pad(IDS, (2, 0))))


def test_all_weights_learn():
    layer = make(dropout=0.1).train()
    layer(states(), Packed.of(IDS)).square().sum().backward()
    assert all(weight.grad.any() for weight in layer.parameters())
