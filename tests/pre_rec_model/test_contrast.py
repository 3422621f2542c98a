import math

import pytest
import torch

from pre_rec_model.contrast import nce

OWN = torch.arange(2)


def test_hand_worked():
    # Unit vectors at right angles: cosines 1 with itself, 0 with the other. Of the four logits of
    # each row one is the answer, one is the row itself (out), and two are negatives.
    a = torch.tensor([[2.0, 0.0], [0.0, 5.0]])
    assert nce(a, a, OWN, 1.0).item() == pytest.approx(math.log(1 + 2 * math.exp(-1)))


def test_hand_worked_with_different_views():
    a, b = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    # Row a1: answer cos(a1, b1) = 1; negatives cos(a1, b2) = 1 and cos(a1, a2) = 0; and so on.
    e = math.exp(1)
    rows = [(e, 2 * e + 1), (1, 1 + 1 + 1), (e, e + 1 + e), (1, e + 1 + e)]
    wanted = sum(-math.log(answer / total) for answer, total in rows) / 4
    assert nce(a, b, OWN, 1.0).item() == pytest.approx(wanted)


def test_temperature_divides_the_cosines():
    a = torch.eye(2)
    assert nce(a, a, OWN, 0.5).item() == pytest.approx(math.log(1 + 2 * math.exp(-2)))


def test_rows_of_equal_label_are_no_negatives():
    a, b = torch.randn(3, 4), torch.randn(3, 4)
    assert nce(a, b, torch.tensor([7, 7, 7]), 1.0).item() == pytest.approx(0.0, abs=1e-6)


def slowly(a, b, label, temperature):
    """The same by a loop over the rows of both views."""
    rows = [(x / x.norm(), int(y)) for part in (a, b) for x, y in zip(part, label, strict=True)]
    n, total = len(a), 0.0
    for i, (x, y) in enumerate(rows):
        answer = (i + n) % (2 * n)
        kept = [j for j, (_, z) in enumerate(rows) if j == answer or z != y]
        logits = torch.stack([x @ rows[j][0] / temperature for j in kept])
        total = total + logits.logsumexp(0) - x @ rows[answer][0] / temperature
    return total / (2 * n)


@pytest.mark.parametrize("labels", [[0, 1, 2, 3, 4], [0, 1, 0, 2, 1], [5, 5, 5, 5, 1]])
def test_equals_a_loop_over_rows(labels):
    torch.manual_seed(1)
    a, b, label = torch.randn(5, 3), torch.randn(5, 3), torch.tensor(labels)
    torch.testing.assert_close(nce(a, b, label, 0.3), slowly(a, b, label, 0.3))


def test_length_does_not_count_and_views_may_change_places():
    torch.manual_seed(2)
    a, b, label = torch.randn(5, 3), torch.randn(5, 3), torch.tensor([0, 1, 0, 2, 3])
    wanted = nce(a, b, label, 0.2)
    torch.testing.assert_close(nce(3 * a, 0.1 * b, label, 0.2), wanted)
    torch.testing.assert_close(nce(b, a, label, 0.2), wanted)


def test_order_does_not_count():
    torch.manual_seed(3)
    a, b, label = torch.randn(6, 3), torch.randn(6, 3), torch.tensor([0, 1, 0, 2, 3, 1])
    order = torch.randperm(6)
    torch.testing.assert_close(nce(a[order], b[order], label[order], 0.2), nce(a, b, label, 0.2))


def test_gradients_are_finite_where_everything_is_masked():
    a = torch.randn(3, 4, requires_grad=True)
    nce(a, a.detach() + 1, torch.zeros(3), 1.0).backward()
    assert a.grad.isfinite().all()
