import math

import pytest
import torch
import torch.nn.functional as F

from crs.nn import losses
from crs.nn.losses import bce, linear_cross_entropy, mixed_softmax, sampled_softmax


def drawn(n=13, items=7, dim=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    states = torch.randn(n, dim, generator=generator, requires_grad=True)
    table = torch.randn(items, dim, generator=generator, requires_grad=True)
    return states, table, torch.randint(items, (n,), generator=generator)


@pytest.mark.parametrize("chunk_floats", [1, 20, 7 * 13, 1 << 21])
def test_linear_cross_entropy_is_cross_entropy(chunk_floats, monkeypatch):
    monkeypatch.setattr(losses, "CHUNK_FLOATS", chunk_floats)
    states, table, target = drawn()
    loss = linear_cross_entropy(states, table, target)
    found = torch.autograd.grad(3 * loss, [states, table])
    wanted = F.cross_entropy(states @ table.T, target)
    torch.testing.assert_close(loss, wanted)
    torch.testing.assert_close(found, torch.autograd.grad(3 * wanted, [states, table]))


def test_linear_cross_entropy_takes_autocast_for_its_products():
    """bfloat16 keeps 8 bits of each factor: a relative error of about 2^-8 in the gradients."""
    states, table, target = drawn(n=200, items=300)
    wanted = torch.autograd.grad(linear_cross_entropy(states, table, target), [states, table])
    with torch.autocast("cpu", torch.bfloat16):
        loss = linear_cross_entropy(states, table, target)
    for found, exact in zip(torch.autograd.grad(loss, [states, table]), wanted, strict=True):
        error = ((found - exact).norm() / exact.norm()).item()
        assert found.dtype == torch.float32 and 1e-5 < error < 2e-2


def test_linear_cross_entropy_stays_finite_at_large_scores():
    states, table, target = drawn()
    loss = linear_cross_entropy(states * 1e4, table, target)
    torch.testing.assert_close(loss, F.cross_entropy(states * 1e4 @ table.T, target))
    assert all(g.isfinite().all() for g in torch.autograd.grad(loss, [states, table]))


def test_linear_cross_entropy_reaches_what_the_table_was_made_of():
    weight = torch.eye(3, requires_grad=True)
    linear_cross_entropy(torch.ones(1, 3), weight[1:], torch.tensor([0])).backward()
    assert not weight.grad[0].any() and weight.grad[1:].any()


def test_linear_cross_entropy_of_a_frozen_table_gives_it_no_gradient():
    states, table, target = drawn()
    loss = linear_cross_entropy(states, frozen := table.detach(), target)
    _, grad_table = loss.grad_fn.saved_tensors
    assert not grad_table.any()  # it is not computed either
    loss.backward()
    assert frozen.grad is None and table.grad is None
    wanted = torch.autograd.grad(F.cross_entropy(states @ table.T, target), states)[0]
    torch.testing.assert_close(states.grad, wanted)


def test_linear_cross_entropy_of_frozen_states_reaches_the_table():
    states, table, target = drawn()
    linear_cross_entropy(states.detach(), table, target).backward()
    wanted = torch.autograd.grad(F.cross_entropy(states @ table.T, target), table)[0]
    torch.testing.assert_close(table.grad, wanted)


def test_one_class_costs_nothing():
    states, table, target = drawn(items=1)
    assert linear_cross_entropy(states, table, target).item() == 0


def fixed_draw(monkeypatch, *numbers):
    monkeypatch.setattr(
        torch, "randint", lambda *args, **kwargs: torch.tensor(numbers), raising=True
    )


def test_sampled_softmax_hand_worked(monkeypatch):
    fixed_draw(monkeypatch, 0, 2)
    table = torch.tensor([[1.0], [2.0], [3.0]])
    loss = sampled_softmax(torch.tensor([[1.0]]), table, torch.tensor([1]), 2)
    wanted = -math.log(math.exp(2) / (math.exp(2) + math.exp(1) + math.exp(3)))
    assert loss.item() == pytest.approx(wanted)


def test_a_target_is_never_its_own_negative(monkeypatch):
    fixed_draw(monkeypatch, 1, 1, 0)
    table = torch.tensor([[1.0], [2.0]])
    loss = sampled_softmax(torch.tensor([[1.0]]), table, torch.tensor([1]), 3)
    assert loss.item() == pytest.approx(math.log(1 + math.exp(1 - 2)))


def test_with_no_negative_left_the_loss_is_zero():
    loss = sampled_softmax(torch.ones(4, 2), torch.ones(1, 2), torch.zeros(4).long(), 5)
    assert loss.item() == 0


SHARE = torch.tensor([0.6, 0.3, 0.1])


def test_mixed_softmax_hand_worked(monkeypatch):
    """Targets 0, 0 and 2, and 1 and 2 drawn: item 0 twice, 1 once, 2 twice."""
    fixed_draw(monkeypatch, 1, 2)
    scores = torch.tensor([[1.0, 2.0, 3.0]])
    target = torch.tensor([0, 0, 2])
    loss = mixed_softmax(torch.ones(3, 1), scores.T, target, 2, SHARE, target)
    weight = [n / (2 * f + 2 / 3) for n, f in zip((2, 1, 2), SHARE.tolist(), strict=True)]
    e = [math.exp(s) for s in scores[0].tolist()]
    first = math.log(e[0] + weight[1] * e[1] + weight[2] * e[2]) - 1
    last = math.log(e[2] + weight[0] * e[0] + weight[1] * e[1]) - 3
    assert loss.item() == pytest.approx((2 * first + last) / 3)


def test_a_target_that_was_drawn_counts_once(monkeypatch):
    """All that was drawn is the row's own target: nothing is left to tell it from."""
    fixed_draw(monkeypatch, 1, 1, 1)
    target = torch.tensor([1, 1])
    assert mixed_softmax(torch.ones(2, 1), torch.ones(3, 1), target, 3, SHARE, target).item() == 0


def test_the_mean_normaliser_of_mixed_softmax_is_that_of_the_full_softmax():
    """Batches of four targets by their shares and two uniform items, corrected and not."""
    torch.manual_seed(0)
    scores, rounds = torch.tensor([1.0, 0.5, -1.0]), 4000
    found = torch.empty(rounds)
    for number in range(rounds):
        others = torch.multinomial(SHARE, 3, replacement=True)
        in_batch = torch.cat([torch.tensor([2]), others])
        loss = mixed_softmax(torch.ones(1, 1), scores[:, None], in_batch[:1], 2, SHARE, in_batch)
        found[number] = (loss + scores[2]).exp()
    error = (found.std() / rounds**0.5).item()
    assert error < 0.05
    assert found.mean().item() == pytest.approx(scores.exp().sum().item(), abs=3 * error)


@pytest.mark.parametrize("negatives", [1, 20_000])
def test_with_many_draws_mixed_softmax_and_its_gradient_are_those_of_the_full_softmax(negatives):
    torch.manual_seed(0)
    states, table, _ = drawn(items=3)
    in_batch = torch.multinomial(SHARE, 20_000, replacement=True)
    target = in_batch[: len(states)]
    loss = mixed_softmax(states, table, target, negatives, SHARE, in_batch)
    wanted = F.cross_entropy(states @ table.T, target)
    assert loss.item() == pytest.approx(wanted.item(), rel=0.02)
    uncorrected = F.cross_entropy(states @ table.T + SHARE.log(), target)
    ours, exact, theirs = (
        torch.cat([g.flatten() for g in torch.autograd.grad(one, [states, table])])
        for one in (loss, wanted, uncorrected)
    )
    assert (ours - exact).norm() < 0.03 * exact.norm()
    # Without the correction a batch pushes popular items away more than the catalogue would.
    assert (theirs - exact).norm() > 0.2 * exact.norm()


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def test_bce_hand_worked():
    # Two items: the negative of each is the other one.
    table = torch.tensor([[1.0], [-1.0]])
    loss = bce(torch.tensor([[1.0], [2.0]]), table, torch.tensor([0, 1]))
    first = -math.log(sigmoid(1)) - math.log(1 - sigmoid(-1))
    second = -math.log(sigmoid(-2)) - math.log(1 - sigmoid(2))
    assert loss.item() == pytest.approx((first + second) / 2)


def test_the_negative_of_bce_is_any_item_but_the_target():
    torch.manual_seed(0)
    table = torch.eye(4)
    states, target = torch.zeros(400, 4, requires_grad=True), torch.arange(4).repeat(100)
    bce(states, table, target).backward()
    # At state 0 the gradient is e_n / 2 - e_p / 2, over n rows: the signs show what was drawn.
    assert (states.grad[torch.arange(400), target] < 0).all()
    assert ((states.grad > 0).sum(1) == 1).all()
    counts = torch.bincount((states.grad > 0).nonzero()[:, 1], minlength=4)
    assert (counts > 60).all()
