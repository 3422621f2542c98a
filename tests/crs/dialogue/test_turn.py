"""A turn, for a batch of dialogues and for one of them alone."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from crs.data.cases import Cases
from crs.dialogue.requirements import Facts
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.state import Talk
from crs.dialogue.turn import DialogueStates, TurnSettings
from crs.dialogue.utterance_vectors import Texts
from crs.testing.histories import sequences
from tests.contracts.tiny import config

NAMES = ["", "Drama", "Comedy"]
DATA = sequences([1, 2], [3, 4], items=6)
CASES = Cases(DATA, torch.tensor([1, 2]), torch.tensor([1, 1]))
DRAMA = [2, 5, 6]


class Toy:
    """Scores items by a table by chance and keeps the cases that it was asked."""

    sees = "history + text"

    def __init__(self):
        self.table = torch.randn(7, 4, generator=torch.Generator().manual_seed(0))

    def queries(self, cases):
        return cases.text

    def catalogue(self):
        return self.table, None

    def read(self, cases, talks):
        return {"turns": torch.tensor([len(talk.turns) for talk in talks])}


def encode(texts):
    """A vector by the letters of each text."""
    rng = [np.random.default_rng(list(text.encode())) for text in texts]
    return np.array([one.standard_normal(4) for one in rng], dtype=np.float32)


def facts():
    matrix = torch.zeros(7, 3)
    matrix[DRAMA, 1] = 1.0
    return Facts(matrix, torch.arange(1990, 1992), torch.tensor([2, 0, 0, 0, 1, 1, 1]))


def states(dialogues, reads=True, mode="mean"):
    talks = [Talk(0, 1, 0) for _ in range(dialogues)]
    texts = Texts(mode, dialogues, 4, encode)
    return DialogueStates(talks, facts(), Rules(NAMES), texts, [reads] * dialogues)


def say(state, dialogues, *said):
    state.speak(dialogues, said)
    heard = state.understand(dialogues)
    state.update(dialogues, heard, state.embed(dialogues, heard))
    return heard


def asked(state, cases=CASES, refused=((), ())):
    return state.cases(Toy(), cases, slice(0, len(cases)), refused)


def test_the_values_are_those_of_the_stage():
    group = config().multi_turn
    assert TurnSettings.of(group, group.rerankers[-1]) == TurnSettings()
    given = {"text": "joined", "shown": 3, "seen": "in", "top": 7}
    assert asdict(TurnSettings.of(replace(group, **given), "none")) == given | {
        "reranker": "none", "questions": "none",
    }  # fmt: skip


@pytest.mark.parametrize("mode", ["newest", "joined", "mean"])
@pytest.mark.parametrize("reranker", ["none", "hard", "as_released"])
def test_a_dialogue_goes_alone_as_in_company(mode, reranker):
    both, alone = states(2, mode=mode), states(1, mode=mode)
    settings, mine = TurnSettings(mode, reranker, shown=2), slice(1, 2)
    for said, refused in (("a drama", [3]), ("from 1991, no comedy", [3, 5])):
        say(both, [0, 1], "a comedy", said)
        say(alone, [0], said)
        one = alone.cases(Toy(), CASES[mine], slice(0, 1), [refused])
        two = both.cases(Toy(), CASES, slice(0, 2), [[], refused])
        for name in ("text", "known", "refused", "shown"):
            assert torch.equal(getattr(one, name), getattr(two, name)[mine]), name
        assert torch.equal(one.dialogue["turns"], two.dialogue["turns"][mine])
        lists = [state.ranking(Toy(), cases, slice(0, len(cases)), settings).pick(2).items
                 for state, cases in ((alone, one), (both, two))]  # fmt: skip
        assert torch.equal(lists[0], lists[1][mine])


def test_a_part_of_the_dialogues_is_asked_for_by_itself():
    state = states(2)
    say(state, [0, 1], "a drama", "no drama")
    part = state.cases(Toy(), CASES[1:], slice(1, 2), [[4]])
    assert part.refused[:, 1].tolist() == [1.0] and part.known.sum() == 0
    assert torch.equal(part.text, state.texts.vectors[1:]) and part.shown.tolist() == [[4]]


def test_refused_items_are_out_and_items_of_the_history_by_the_setting():
    state = states(2)
    say(state, [0, 1], "something", "something")
    cases = asked(state, refused=[[5], []])
    assert cases.shown.tolist() == [[5], [0]]
    for seen, gone in (("out", {1, 5}), ("in", {5})):
        settings = TurnSettings(reranker="none", seen=seen)
        items = state.ranking(Toy(), cases, slice(0, 2), settings).pick(6).items[0]
        assert set(items.tolist()) - {0} == {1, 2, 3, 4, 5, 6} - gone


def test_hard_requirements_come_first():
    state = states(2)
    say(state, [0, 1], "a drama", "a drama")
    ranking = state.ranking(Toy(), asked(state), slice(0, 2), TurnSettings())
    assert set(ranking.pick(3).items[0].tolist()) == set(DRAMA)


def test_words_that_say_nothing_new_or_that_nobody_reads_are_not_embedded():
    state = states(2)
    say(state, [0, 1], "something", "something")
    heard = say(state, [0, 1], "a drama", "No, none of these. No comedy.")
    assert state.embedded([0, 1], heard) == [True, False]
    assert state.texts.said == [["something", "a drama"], ["something"]]
    unread = states(1, reads=False)
    assert unread.embedded([0], say(unread, [0], "a drama")) == [False]
    assert unread.texts.said == [[]] and unread.wishes.wanted[0, 1] == 1


def test_without_vectors_no_text_is_asked_with():
    state = DialogueStates(
        [Talk(0, 1, 0)], facts(), Rules(NAMES), Texts("mean", 1, 0, encode), [False]
    )
    say(state, [0], "a drama")
    assert asked(state, CASES[:1], [[]]).text is None


def test_a_turn_ends_with_what_was_shown():
    state = states(2)
    state.speak([1], ["a drama"])
    state.show([1], [np.array([4, 6])])
    assert state.talks[0].turns == [] and state.talks[1].turns[0].shown == [4, 6]
