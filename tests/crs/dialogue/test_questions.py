"""Which question tells most: expected information, checked by hand."""

from math import log2

import pytest
import torch

from crs.dialogue.questions import DECADE, NOTHING, beliefs, best_question, information
from crs.dialogue.requirements import Facts, Wishes
from crs.dialogue.state import Requirement, Understood

COMEDY, DRAMA, HORROR = 1, 2, 3
MATRIX = [
    [0, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 1, 1, 0],
    [0, 0, 1, 0],
    [0, 0, 1, 1],
]
YEARS = [1985, 1989, 1991, None]


@pytest.fixture
def wishes() -> Wishes:
    calendar = torch.arange(1985, 1992)
    place = torch.tensor([7, *(7 if year is None else year - 1985 for year in YEARS)])
    return Wishes.none(Facts(torch.tensor(MATRIX, dtype=torch.float32), calendar, place), 1)


def hear(wishes: Wishes, *asked: Requirement) -> Wishes:
    wishes.hear([0], [Understood("", asked)])
    return wishes


def even(wishes: Wishes) -> torch.Tensor:
    return torch.full((1, 5), 0.25).index_fill(1, torch.tensor([0]), 0.0)


def binary(share: float) -> float:
    return -share * log2(share) - (1 - share) * log2(1 - share)


def test_beliefs_fall_with_the_place_and_leave_out_what_breaks_a_requirement(wishes):
    hear(wishes, Requirement(attribute=DRAMA))
    found = beliefs(torch.tensor([[3, 1, 2, 0]]), wishes)
    torch.testing.assert_close(found, torch.tensor([[0, 0, 1 / 4, 3 / 4, 0]]))


def test_beliefs_are_nothing_where_no_candidate_is_left(wishes):
    hear(wishes, Requirement(attribute=HORROR))
    assert beliefs(torch.tensor([[1, 2, 3]]), wishes).sum() == 0


def test_information_is_the_entropy_of_the_answer(wishes):
    attributes, decade = information(even(wishes), wishes)
    expected = [0, binary(1 / 2), binary(3 / 4), binary(1 / 4)]
    torch.testing.assert_close(attributes[0], torch.tensor(expected))
    assert decade[0] == pytest.approx(-(0.5 * log2(0.5) + 2 * 0.25 * log2(0.25)))


def test_what_is_settled_tells_nothing(wishes):
    hear(wishes, Requirement(attribute=COMEDY), Requirement(attribute=HORROR, wanted=False),
         Requirement(years=(1980, 1989)))  # fmt: skip
    attributes, decade = information(even(wishes), wishes)
    assert attributes[0, [COMEDY, HORROR]].tolist() == [0, 0] and attributes[0, DRAMA] > 0
    assert decade.tolist() == [0]


def test_the_question_of_most_information_is_asked_and_none_twice(wishes):
    belief = even(wishes)
    asked: set[int] = set()
    order = []
    for _ in range(5):
        order.append(int(best_question(belief, wishes, [asked])))
        asked.add(order[-1])
    assert order == [DECADE, COMEDY, DRAMA, HORROR, NOTHING]


def test_who_is_sure_asks_nothing(wishes):
    belief = torch.tensor([[0, 0, 0, 0, 1.0]])
    assert best_question(belief, wishes, [set()]).tolist() == [NOTHING]


def test_a_catalogue_without_years_is_asked_of_attributes(wishes):
    facts = Facts(wishes.facts.matrix, torch.arange(0), torch.zeros(5, dtype=torch.long))
    silent = Wishes.none(facts, 1)
    assert best_question(even(silent), silent, [set()]).tolist() == [COMEDY]
