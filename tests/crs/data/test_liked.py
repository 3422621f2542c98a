import torch

from crs.data.cases import Cases
from crs.data.liked import with_liked
from crs.testing.histories import sequences

DATA = sequences([1, 2, 3], [4, 5], items=9)
CASES = Cases(DATA, torch.tensor([1, 2]), torch.tensor([2, 1]))


def histories(cases):
    row, item = cases.sequences.histories(cases.row, cases.cut)
    return [item[row == place].tolist() for place in range(len(cases))]


def test_liked_items_are_the_newest_of_a_history_and_the_target_stays():
    told = with_liked(CASES, [[7, 1], [8]])
    assert histories(told) == [[1, 2, 7], [4, 8]]
    assert told.target.tolist() == CASES.target.tolist() and told.row.tolist() == [1, 2]
    assert histories(CASES) == [[1, 2], [4]]


def test_a_target_that_is_liked_is_not_told():
    assert histories(with_liked(CASES, [[3], []])) == [[1, 2], [4]]


def test_two_cases_of_a_user_have_histories_of_their_own():
    twice = Cases(DATA, torch.tensor([1, 1]), torch.tensor([2, 1]))
    told = with_liked(twice, [[7], [8]])
    assert histories(told) == [[1, 2, 7], [1, 8]] and not told.sequences.of_users


def test_without_likes_the_cases_are_the_same():
    assert with_liked(CASES, [[], []]) is CASES
