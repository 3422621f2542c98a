from math import exp, log

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from crs.models.c2crs.losses import (
    coarse_loss,
    fine_loss,
    frequency_weight,
    info_nce,
    released_fine_loss,
    weighted_cross_entropy,
)
from tests.contracts.tiny import quick

EAST, NORTH, WEST = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]


def units(*rows):
    return torch.tensor(rows)


def test_coarse_loss_by_hand():
    """Two rows, views a = (east, north), b = (east, north), τ = 1.

    Each anchor has products 1 with its partner and 0 with the two others: -log e / (e + 1 + 1).
    """
    loss = info_nce(units(EAST, NORTH), units(EAST, NORTH), 1.0)
    assert loss.item() == pytest.approx(log(exp(1) + 2) - 1)


def test_coarse_loss_by_hand_where_views_disagree():
    """a = (east, north), b = (north, west), τ = 0.5: products are doubled.

    a1 east: partner north 0, others a2 north 0, b2 west -2: log(e^0 + e^0 + e^-2) - 0.
    b1 north: partner a1 0, a2 north 2, b2 0: log(1 + e^2 + 1).
    a2 north: partner b2 west 0, a1 0, b1 north 2: log(1 + e^2 + 1).
    b2 west: partner a2 0, a1 -2, b1 0: log(e^-2 + 2).
    """
    loss = info_nce(units(EAST, NORTH), units(NORTH, WEST), 0.5)
    assert loss.item() == pytest.approx((log(2 + exp(-2)) + log(2 + exp(2))) / 2)


def test_a_row_without_a_view_takes_no_part_in_its_pairs():
    torch.manual_seed(0)
    a, b, c = (F.normalize(torch.randn(4, 3), dim=1) for _ in range(3))
    everywhere, some = torch.tensor([True] * 4), torch.tensor([True, False, True, True])
    loss, pairs = coarse_loss([(a, everywhere), (b, everywhere), (c, some)], 0.1)
    wanted = [info_nce(a, b, 0.1), info_nce(a[some], c[some], 0.1), info_nce(b[some], c[some], 0.1)]
    assert pairs == 3
    torch.testing.assert_close(loss, torch.stack(wanted).mean())


def test_a_view_that_one_row_has_makes_no_pair():
    a = F.normalize(torch.randn(3, 2, requires_grad=True), dim=1)
    one = torch.tensor([True, False, False])
    loss, pairs = coarse_loss([(a, torch.ones(3, dtype=torch.bool)), (a, one)], 0.1)
    assert pairs == 0 and loss.item() == 0
    loss.backward()


def test_fine_loss_by_hand():
    """Units: east of entity 1, east of entity 1, north of entity 2; τ = 1.

    The first two have each other as positive (product 1) and the third as negative (product 0):
    log(e + 1) - 1. The third has no positive and is dropped. One negative an anchor.
    """
    loss, negatives = fine_loss(units(EAST, EAST, NORTH), torch.tensor([1, 1, 2]), 1.0)
    assert loss.item() == pytest.approx(log(exp(1) + 1) - 1)
    assert negatives.item() == 1


def test_fine_loss_by_hand_with_two_positives():
    """Entity 1: east, north, west; entity 2: east. τ = 1.

    East 1: positives north 0 and west -1, negative east 1:
      1/2 [log(e^0 + e^1) - 0] + 1/2 [log(e^-1 + e^1) + 1].
    North 1: positives east 0, west 0, negative east 0: log 2.
    West 1: positives east -1, north 0, negative east -1:
      1/2 [log(2 e^-1) + 1] + 1/2 [log(1 + e^-1)] = 1/2 log 2 + 1/2 log(1 + e^-1).
    East 2 has no positive.
    """
    loss, negatives = fine_loss(units(EAST, NORTH, WEST, EAST), torch.tensor([1, 1, 1, 2]), 1.0)
    east = (log(1 + exp(1)) + log(exp(-1) + exp(1)) + 1) / 2
    west = (log(2) + log(1 + exp(-1))) / 2
    assert loss.item() == pytest.approx((east + log(2) + west) / 3)
    assert negatives.item() == 1


def looped(z, entity, temperature):
    """The fine loss by loops over anchors and positives."""
    terms = []
    for i in range(len(z)):
        positives = [j for j in range(len(z)) if j != i and entity[j] == entity[i]]
        negatives = [j for j in range(len(z)) if entity[j] != entity[i]]
        if not positives or not negatives:
            continue
        away = sum(exp((z[i] @ z[j]).item() / temperature) for j in negatives)
        each = [exp((z[i] @ z[p]).item() / temperature) for p in positives]
        terms.append(-sum(log(e / (e + away)) for e in each) / len(each))
    return sum(terms) / len(terms) if terms else 0.0


@quick
@given(st.lists(st.integers(1, 4), min_size=1, max_size=12), st.integers(0, 5))
def test_fine_loss_is_that_of_the_loops(entities, seed):
    z = F.normalize(
        torch.randn(len(entities), 3, generator=torch.Generator().manual_seed(seed)), dim=1
    )
    loss, _ = fine_loss(z, torch.tensor(entities), 0.5)
    assert loss.item() == pytest.approx(looped(z, entities, 0.5), abs=1e-5)


def test_units_of_one_entity_alone_teach_nothing():
    z = F.normalize(torch.randn(3, 2, requires_grad=True), dim=1)
    loss, _ = fine_loss(z, torch.tensor([5, 5, 5]), 1.0)
    assert loss.item() == 0
    loss.backward()


def test_the_released_gate_multiplies_by_hand():
    """Units: east (entity 1, row 0), east (1, row 0), north (2, row 0), north (2, row 1); τ = 1.

    Products within row 0: east·east 1, east·north 0; all others are gated to 0.
    east: log(e + 1 + 1) - 1, twice. north, row 0: its positive is in row 1, gated: all three are
    0: log 3. north, row 1: the same.
    """
    z, entity = units(EAST, EAST, NORTH, NORTH), torch.tensor([1, 1, 2, 2])
    loss, negatives = released_fine_loss(z, entity, torch.tensor([0, 0, 0, 1]), 1.0)
    assert loss.item() == pytest.approx((2 * (log(exp(1) + 2) - 1) + 2 * log(3)) / 4)
    assert negatives.item() == 2


def test_the_released_form_drops_entities_that_occur_once():
    z, entity = units(EAST, EAST, NORTH), torch.tensor([1, 1, 2])
    loss, _ = released_fine_loss(z, entity, torch.tensor([0, 0, 0]), 1.0)
    assert loss.item() == pytest.approx(0.0)  # the positive is all that is left


def test_frequency_weight_by_hand():
    """γ = 100, β = 0.1: f = 0 and 50 weigh 1, 100 is the last that does, 200 weighs 1/2, 5,000
    would weigh 1/50 and gets β; padding (the first) 0."""
    weight = frequency_weight(torch.tensor([9.0, 0, 50, 100, 200, 5000]), 100, 0.1)
    assert weight.tolist() == pytest.approx([0, 1, 1, 1, 0.5, 0.1])


def test_weighted_cross_entropy_by_hand():
    """Even logits over 4 words cost log 4 a token; weights 1 and 0.5, divided by the 2 targets."""
    weight = torch.tensor([0.0, 1.0, 0.5, 1.0])
    loss = weighted_cross_entropy(torch.zeros(2, 4), torch.tensor([1, 2]), weight)
    assert loss.item() == pytest.approx(1.5 * log(4) / 2)


def test_weighted_cross_entropy_survives_large_logits():
    logits = torch.tensor([[500.0, 0.0], [0.0, 400.0]], requires_grad=True)
    loss = weighted_cross_entropy(logits, torch.tensor([1, 1]), torch.ones(2))
    assert loss.item() == pytest.approx(250.0)
    loss.backward()
    assert logits.grad.isfinite().all()
