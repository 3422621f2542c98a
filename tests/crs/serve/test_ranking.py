"""Many requests at once are answered as each by itself."""

import pytest

from crs.dialogue.state import Requirement
from crs.ids import Number
from crs.serve.ranking import Asked, Ranker

REQUESTS = [
    Asked((), 3),
    Asked((Number(3), Number(8)), 7),
    Asked((Number(5),), 4, "a drama like Velvet Harbor 1"),
    Asked((Number(2), Number(9)), 5, "no horror, from the 1990s"),
    Asked((Number(11),), 6, filters=(Requirement(1), Requirement(years=(1990, 1999)))),
    Asked(tuple(map(Number, range(1, 100))), 20, "something dark"),
    Asked((), 2, "hello"),
]


@pytest.fixture(scope="module")
def ranker(system):
    return Ranker(system)


def test_requests_are_answered_together_as_each_alone(ranker):
    together = ranker(REQUESTS)
    assert together == [ranker([one])[0] for one in REQUESTS]
    assert ranker(REQUESTS[::-1]) == together[::-1]


def test_they_are_answered_as_the_system_does(ranker, system):
    for asked, answer in zip(REQUESTS, ranker(REQUESTS), strict=True):
        if not asked.filters:
            found = system.recommend(asked.history, asked.text, asked.k)["item"]
            assert [system.item_ids[item] for item in answer.items] == [*found]


@pytest.mark.parametrize("scorer", ["attribute filter", "popularity", "encoder", "direct"])
def test_any_scorer_answers(system, scorer, monkeypatch):
    monkeypatch.setattr(system, "scorer", scorer)
    for asked, answer in zip(REQUESTS[:4], Ranker(system)(REQUESTS[:4]), strict=True):
        found = system.recommend(asked.history, asked.text, asked.k)["item"]
        assert [system.item_ids[item] for item in answer.items] == [*found]


def test_filters_override_words(ranker):
    comedy = Requirement(ranker.system.attributes.index("Comedy"))
    [answer] = ranker([Asked((), 3, "no comedy", (comedy,))])
    assert answer.understood == ["no comedy"]
    matrix = ranker.system.facts.matrix
    assert all(matrix[item, comedy.attribute] for item in answer.items)
