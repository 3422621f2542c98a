"""Which rows a step changes, by how much, and what is kept of it."""

import pytest
import torch
from torch import nn

from crs.training import rowwise
from crs.training.rowwise import RowwiseAdam, stochastically_rounded

LR, BETA2, EPSILON = 0.1, 0.999, 1e-8


def made(dtype=torch.float32):
    torch.manual_seed(0)
    table, linear = nn.Embedding(5, 3, sparse=True).to(dtype), nn.Linear(3, 1)
    return table, linear, RowwiseAdam(table.weight, linear.parameters(), LR)


def step(table, linear, optimiser, *ids):
    optimiser.zero_grad()
    linear(table(torch.tensor(ids)).float()).square().sum().backward()
    grad = table.weight.grad.float().to_dense()
    optimiser.step()
    return grad


def test_a_step_is_that_of_the_equations_and_leaves_other_rows_alone():
    table, linear, optimiser = made()
    variance, count = torch.zeros(5), torch.zeros(5)
    for ids in ([1, 3, 1], [1], [3, 4]):
        before = table.weight.detach().clone()
        grad = step(table, linear, optimiser, *ids)
        rows = torch.tensor(sorted(set(ids)))
        count[rows] += 1
        variance[rows] = BETA2 * variance[rows] + (1 - BETA2) * grad[rows].square().mean(1)
        root = (variance / (1 - BETA2**count)).sqrt() + EPSILON
        wanted = before.clone()
        wanted[rows] -= LR * grad[rows] / root[rows, None]
        torch.testing.assert_close(table.weight.detach(), wanted)
        others = [row for row in range(5) if row not in ids]
        assert torch.equal(table.weight[others], before[others])


def test_the_first_step_of_a_row_is_as_long_however_late_it_comes():
    table, linear, optimiser = made()
    for _ in range(30):
        step(table, linear, optimiser, 1)
    before = table.weight[2].detach().clone()
    step(table, linear, optimiser, 2)
    assert (table.weight[2] - before).square().mean().sqrt().item() == pytest.approx(LR, rel=1e-4)


def test_other_parameters_are_those_of_adamw():
    (table, linear, optimiser), (table_2, linear_2, _) = made(), made()
    other = torch.optim.AdamW(linear_2.parameters(), lr=LR, weight_decay=0.0, foreach=True)
    step(table, linear, optimiser, 1, 2)
    linear_2(table_2(torch.tensor([1, 2]))).square().sum().backward()
    other.step()
    assert torch.equal(linear.weight, linear_2.weight) and torch.equal(linear.bias, linear_2.bias)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_resumed_optimiser_goes_on_to_the_bit(dtype):
    table, linear, optimiser = made(dtype)
    step(table, linear, optimiser, 1, 2)
    kept = [table.state_dict(), linear.state_dict(), optimiser.state_dict()]
    kept = torch.utils._pytree.tree_map(lambda x: x.clone() if hasattr(x, "clone") else x, kept)
    resumed = made(dtype)
    for one, state in zip(resumed, kept, strict=True):
        one.load_state_dict(state)
    for ids in ([1, 4], [2, 1]):
        step(table, linear, optimiser, *ids)
        step(*resumed, *ids)
    assert torch.equal(table.weight, resumed[0].weight)
    assert torch.equal(linear.weight, resumed[1].weight)
    state = resumed[2].state[resumed[0].weight]
    assert state["variance"].dtype == torch.float32 and state["count"].tolist() == [0, 3, 2, 0, 1]


def test_stochastic_rounding_keeps_the_mean_and_gives_a_neighbour():
    noise = torch.Generator().manual_seed(0)
    x = torch.tensor([1.001, -0.3, 2.0, 0.0, -1e-3])
    found = stochastically_rounded(x.repeat(20_000, 1), noise)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.double().mean(0), x.double(), rtol=2e-4, atol=0)
    # Neighbours of bfloat16 are 2^-7 of a power of 2 apart.
    assert ((found.float() - x).abs() <= 2**-7 * x.abs()).all()
    assert (found[:, 2] == 2).all() and (found[:, 3] == 0).all()
    assert len(found[:, 0].unique()) == 2


def test_rows_of_a_draw_are_rounded_as_in_the_whole_draw():
    x = torch.linspace(-1, 1, 24).view(8, 3)
    whole, part = (
        stochastically_rounded(rows, torch.Generator().manual_seed(0), *around)
        for rows, around in ((x, ()), (x[2:5], (2, 3)))
    )
    assert torch.equal(whole[2:5], part)


def test_a_table_in_bfloat16_takes_up_steps_that_rounding_to_nearest_would_lose():
    table, linear, _ = made(torch.bfloat16)
    nn.init.constant_(table.weight, 1.0)
    nn.init.constant_(linear.weight, 1.0)
    optimiser = RowwiseAdam(table.weight, [], lr=1e-3)
    for _ in range(200):
        step(table, linear, optimiser, *range(5))
    assert (1 - table.weight.float()).mean().item() == pytest.approx(0.2, rel=0.1)
    assert torch.tensor(1.0 - 1e-3).bfloat16() == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("devices", [1, 2])
def test_a_row_that_is_read_often_is_added_in_float32_before_it_is_sent(
    dtype, devices, monkeypatch
):
    """1 / 4,096 added 4,096 times: in bfloat16 the sum would stay at .5 or below."""
    monkeypatch.setattr(rowwise, "world", lambda: devices)
    table = torch.nn.Embedding(3, 2, sparse=True).to(dtype)
    table.weight.register_hook(rowwise.rows_once)
    (table(torch.ones(4096, dtype=torch.long)) / 4096).sum().backward()
    grad = table.weight.grad
    sent = devices > 1 and dtype == torch.bfloat16
    assert grad.dtype == dtype and grad._nnz() == (1 if sent else 4096)
    assert grad.float().coalesce().values().tolist() == [[1.0, 1.0]]
