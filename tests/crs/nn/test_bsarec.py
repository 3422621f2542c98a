import math

import pytest
import torch

from crs.nn.bsarec import BSARecLayer, low_pass
from crs.nn.encoder import Encoder
from crs.nn.packed import Packed
from crs.nn.transformer import Layer
from tests.contracts.tiny import padded

DIM, MAX_LEN = 8, 9
IDS = padded([1, 2, 3, 4, 5], [6, 7], [8])


def make(norm="post", alpha=0.7, cutoff=5, ahead=True, dropout=0.0):
    torch.manual_seed(3)
    layer = BSARecLayer(
        DIM, 2, dropout, dropout, norm, max_len=MAX_LEN, alpha=alpha, cutoff=cutoff, ahead=ahead
    )
    for weight in layer.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    return layer.eval()


def states(seed=0):
    return torch.randn(8, DIM, generator=torch.Generator().manual_seed(seed))


def by_fft(x, cutoff):
    """The released filter: rfft over positions, zeros from bin c // 2 + 1 on, irfft, [L, d]."""
    bins = torch.fft.rfft(x, dim=0, norm="ortho")
    bins[cutoff // 2 + 1 :] = 0
    return torch.fft.irfft(bins, n=len(x), dim=0, norm="ortho")


@pytest.mark.parametrize("length", [1, 2, 7, 8, 50])
@pytest.mark.parametrize("cutoff", [1, 2, 3, 5, 99])
def test_the_low_pass_is_that_of_the_fourier_transform(length, cutoff):
    x = torch.randn(length, 4, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(low_pass(length, cutoff) @ x, by_fft(x, cutoff))


def test_the_low_pass_of_four_positions_by_hand():
    """c = 3 keeps the frequencies -1, 0 and 1: (1 + 2 cos(pi lag / 2)) / 4."""
    wanted = [[3, 1, -1, 1], [1, 3, 1, -1], [-1, 1, 3, 1], [1, -1, 1, 3]]
    torch.testing.assert_close(low_pass(4, 3), torch.tensor(wanted) / 4)


def test_the_lowest_frequency_alone_is_the_mean():
    torch.testing.assert_close(low_pass(5, 1), torch.full((5, 5), 0.2))


def test_the_filter_is_the_released_one_over_all_positions():
    """Rows at the right end of `max_len` positions, zeros before them."""
    layer, x, packed = make(), states(), Packed.of(IDS)
    found = layer.filtered(x, packed)
    beta = layer.sqrt_beta.square()
    for row in x.split([5, 2, 1]):
        frame = torch.cat([torch.zeros(MAX_LEN - len(row), DIM), row])
        low = by_fft(frame, 5)[-len(row) :]
        wanted, found = low + beta * (row - low), found
        torch.testing.assert_close(found[: len(row)], wanted)
        found = found[len(row) :]


def test_the_newest_of_a_row_of_two_by_hand():
    """low = (K(0) x_1 + K(1) x_0), K(j) = (1 + 2 cos(2 pi j / 9) + 2 cos(4 pi j / 9)) / 9."""
    layer, x = make(), states()
    near = (1 + 2 * math.cos(2 * math.pi / 9) + 2 * math.cos(4 * math.pi / 9)) / 9
    low = 5 / 9 * x[6] + near * x[5]
    wanted = low + layer.sqrt_beta.square() * (x[6] - low)
    torch.testing.assert_close(layer.filtered(x, Packed.of(IDS))[6], wanted)


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_without_the_filter_it_is_the_layer_of_the_transformer(norm):
    layer, plain = make(norm, alpha=0.0), Layer(DIM, 2, 0.0, 0.0, norm).eval()
    plain.load_state_dict(layer.state_dict(), strict=False)
    x, packed = states(), Packed.of(IDS)
    torch.testing.assert_close(layer(x, packed), plain(x, packed))


def test_without_attention_it_is_the_filter_with_its_residual_and_norm():
    layer, x, packed = make(alpha=1.0), states(), Packed.of(IDS)
    wanted = layer.filter_norm(x + layer.filtered(x, packed))
    torch.testing.assert_close(layer.mixed(x, packed), wanted)


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_only_a_filter_that_reads_ahead_sees_later_items(norm):
    packed = Packed.of(padded([1, 2, 3]))
    x = states()[:3]
    changed = torch.cat([x[:2], -x[2:]])
    for ahead in (True, False):
        layer = make(norm, ahead=ahead)
        same = torch.allclose(layer(x, packed)[:2], layer(changed, packed)[:2], atol=1e-6)
        assert same != ahead


def test_both_filters_give_the_newest_position_the_same():
    x, packed = states(), Packed.of(IDS)
    one, two = (make(ahead=ahead)(x, packed)[packed.last] for ahead in (True, False))
    torch.testing.assert_close(one, two)


def test_company_and_padding_change_nothing():
    torch.manual_seed(1)
    shape = {"block": "bsarec", "alpha": 0.7, "cutoff": 5, "ahead": True}
    encoder = Encoder(20, DIM, 2, 2, MAX_LEN, 0.0, 0.0, "post", **shape).eval()
    together = encoder.states(IDS)
    alone = torch.cat([encoder.states(row[row > 0][None]) for row in IDS])
    wider = encoder.states(torch.nn.functional.pad(IDS, (3, 0)))
    torch.testing.assert_close(together, alone)
    torch.testing.assert_close(together, wider)


def test_the_weights_of_the_high_frequencies_learn():
    layer = make(dropout=0.5).train()
    layer(states(), Packed.of(IDS)).square().sum().backward()
    assert layer.sqrt_beta.grad.any() and not layer.kernel.requires_grad
    assert "kernel" not in layer.state_dict()
