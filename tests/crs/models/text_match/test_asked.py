"""Which items have what the words ask for."""

from dataclasses import replace

import pytest
import torch

from crs.data.cases import ROW, Cases
from crs.data.sequences import leave_one_out
from crs.dialogue.requirements import Facts
from crs.dialogue.state import Talk, Turn
from crs.models.text_match.asked import ASKED, AttributeMatch
from crs.testing import RecommenderContract
from crs.testing.histories import random_sequences, sequences

NAMES = ["", "Crime", "Drama", "Romance"]
TEXTS = [
    "A crime movie from the 1990s.",
    "Some drama, but no romance.",
    "Anything good.",
    "Not from the 1990s, please.",
]


def facts(items):
    """Item 1: crime, drama of 1995; 2: drama, romance of 1988; 3: crime, unknown year; others
    nothing."""
    matrix = torch.zeros(items + 1, len(NAMES))
    place = torch.full((items + 1,), 10)
    for item, attributes, year in [(1, [1, 2], 1995), (2, [2, 3], 1988), (3, [1], 1997)]:
        if item <= items:
            matrix[item, attributes] = 1
            place[item] = year - 1988
    if items >= 3:
        place[3] = 10
    return Facts(matrix, torch.arange(1988, 1998), place)


def scores(*said):
    """Of items 1 to 4 for each text that is said alone."""
    match = AttributeMatch(facts(4), NAMES)
    data = sequences([1, 1, 1, 1])
    cases = Cases(data, torch.ones(len(said), dtype=torch.long),
                  torch.ones(len(said), dtype=torch.long),
                  dialogue={ROW: torch.arange(len(said))}, words=said)  # fmt: skip
    return (match.queries(cases) @ match.catalogue()[0].T)[:, 1:].tolist()


def test_matches_by_hand():
    assert scores(*TEXTS) == [
        [2.0, 0.0, 1.0, 0.0],  # crime and the years; item 3 has the attribute alone
        [1.0, 0.0, 0.0, 0.0],  # item 2 has what is asked for and what is refused
        [0.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 1.0, 1.0],  # all but the year that is refused
    ]


def test_padding_has_nothing():
    assert not AttributeMatch(facts(4), NAMES).catalogue()[0][0].any()


def test_what_is_said_later_overrides():
    match = AttributeMatch(facts(4), NAMES)
    said = ["A crime movie.", "No crime then; a drama from 1988."]
    talks = [Talk(1, 1, 0, [Turn(one) for one in said]), Talk(1, 1, 0, [])]
    read = match.read(None, talks)
    assert (read[ASKED] @ match.catalogue()[0].T)[:, 1:].tolist() == [[0, 2, -1, 0], [0, 0, 0, 0]]


def test_a_dialogue_of_one_turn_is_the_utterance():
    match = AttributeMatch(facts(4), NAMES)
    talks = [Talk(1, 1, 0, [Turn(text)]) for text in TEXTS]
    data = sequences([1, 1, 1, 1])
    four = torch.ones(4, dtype=torch.long)
    cases = Cases(data, four, four, dialogue={ROW: torch.arange(4)}, words=TEXTS)
    assert torch.equal(match.read(cases, talks)[ASKED], match.queries(cases))


class TestAttributeMatch(RecommenderContract):
    def recommender(self, sequences):
        return AttributeMatch(facts(sequences.n_items), NAMES)

    def cases(self, sequences):
        cases = super().cases(sequences)
        rows = torch.arange(len(cases)) % len(TEXTS)
        return replace(cases, dialogue={ROW: rows}, words=TEXTS)

    def test_cases_without_words_are_refused(self):
        data = random_sequences(users=9, items=7, longest=8)
        silent = Cases(data, *leave_one_out(data, "test"))
        with pytest.raises(ValueError, match="needs cases with words"):
            self.recommender(data).queries(silent)
