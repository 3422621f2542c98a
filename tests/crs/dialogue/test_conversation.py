"""A conversation: what is asked for is kept, adds up, is told and is taken back."""

from copy import copy
from types import SimpleNamespace

import pytest
import torch

from crs.chat.explanations import answer
from crs.dialogue.rule_understanding import Rules
from crs.errors import UserError
from crs.titles import title_and_year


def test_silence_is_answered_from_the_history_alone(talk, system):
    reply = talk.show()
    assert len(reply.items) == 5 and not set(reply.items) & set(talk.history)
    assert (reply.understood, reply.asked, reply.intents) == ([], [], [])
    assert talk.recommender is system.silent


def test_what_is_asked_for_is_kept_and_adds_up(talk, system):
    first = talk.say("a drama, maybe quiet")
    second = talk.say("from the 90s, no comedy")
    assert first.understood == ["drama", "maybe quiet"]
    assert second.understood == ["from 1990 to 1999", "no comedy"]
    assert second.asked == ["drama", "maybe quiet", "no comedy", "from 1990 to 1999"]
    number = system.attributes.index("Drama")
    assert all(number in system.items["attributes"].iloc[item - 1] for item in first.items)


@pytest.mark.parametrize(("said", "understood"), [
    ("like Golden Harbor 2 but darker", ["like Golden Harbor 2 (1963)", "dark"]),
    ("something more quiet", ["quiet"]), ("a quieter one", ["quiet"]),
    ("a thriller, brighter than that", ["thriller", "bright"]), ("a better one", []),
])  # fmt: skip
def test_darker_is_the_attribute_dark(talk, said, understood):
    assert talk.say(said).understood == understood


def test_what_nobody_understands_is_said(talk):
    assert "no attribute, year or title" in talk.say("asdf qwer").note
    assert talk.say("undo").note == "that is taken back"


def test_too_much_asked_for_is_said(talk):
    reply = talk.say("a comedy, drama, western, mystery")
    assert reply.broken >= 1 and len(reply.items) == 5


def test_of_several_titles_it_is_asked_which_one(talk, system):
    titles = ["", "King Kong (1933)", "King Kong (2005)", *system.titles[3:]]
    talk.state.understanding, talk.names = Rules(["", "Drama"], titles), copy(talk.names)
    talk.names.titles = titles
    reply = talk.say("I liked King Kong")
    assert reply.note.startswith("which one: King Kong (1933) or King Kong (2005)?")
    assert talk.say("let's start over").note == ""
    assert talk.say("King Kong (2005)").note == "" and talk.history[-1] == 2


def test_an_attribute_that_means_nearly_the_same_is_offered_and_not_taken_for_granted(talk):
    talk.meanings = SimpleNamespace(offered=lambda words: [(word, "Horror") for word in words])
    reply = talk.say("something creepyish")
    assert reply.note == "not understood: creepyish (do you mean horror?)" and reply.asked == []


def test_words_in_another_script_reach_the_encoder_whole_and_the_line_says_so(talk, system):
    said = "Хочу тихую драму"
    reply = talk.say(said)
    assert reply.note == "the rules read English; what you wrote is for the model alone"
    assert (reply.understood, reply.asked, len(reply.items)) == ([], [], 5)
    expected = torch.from_numpy(system.encode([said])[0]).float()
    torch.testing.assert_close(talk.state.texts.vectors[0], expected, atol=1e-3, rtol=0)
    assert reply.note[1:] in answer(reply, system.titles)
    second = talk.say("Нет, что-нибудь весёлое")
    assert second.note == reply.note and talk.state.texts.said[0][1] == "Нет, что-нибудь весёлое"


def test_texts_add_up_as_in_the_stage(talk, system):
    talk.say("a quiet drama")
    talk.say("Not those. A western")
    one, two = torch.from_numpy(system.encode(["a quiet drama", "A western"])).float()
    expected = torch.nn.functional.normalize(one + two, dim=0)
    torch.testing.assert_close(talk.state.texts.vectors[0], expected, atol=1e-3, rtol=0)


def test_a_liked_title_ends_the_history_and_a_disliked_one_is_not_shown(talk, system):
    disliked, liked = talk.show().items[:2]
    names = [title_and_year(system.titles[item])[0] for item in (liked, disliked)]
    reply = talk.say('something like "{}", nothing like "{}"'.format(*names))
    titles = [system.titles[item] for item in (liked, disliked)]
    assert talk.history[-1] == liked and disliked not in reply.items
    assert reply.asked == [f"like {titles[0]}", f"not {titles[1]}"]
    assert talk.asked().sequences.items.tolist() == [*talk.history, 0]


def test_one_of_a_group_is_enough_and_told(talk, system):
    reply = talk.say("a western or a mystery")
    assert reply.asked == ["western or mystery"] and reply.kept
    either = {system.attributes.index(name) for name in ("Western", "Mystery")}
    assert all(either & set(system.items["attributes"].iloc[i - 1]) for i in reply.items)


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ("something westernly", "not understood: westernly (do you mean western?)"),
        ("何か面白い映画", "the rules read English; what you wrote is for the model alone"),
        ("a western", ""),
        ("a western with robots", "“robots”: for the model alone"),
        ("something wsternly", "not understood: wsternly (do you mean western?)"),
    ],
)
def test_what_is_not_understood_is_said(talk, said, note):
    assert talk.say(said).note == note


def test_a_system_without_texts_converses_by_requirements(system, monkeypatch):
    monkeypatch.setattr(system, "scorer", "popularity")
    reply = system.talk([]).say("a western")
    number = system.attributes.index("Western")
    assert all(number in system.items["attributes"].iloc[i - 1] for i in reply.items)
    assert reply.intents == []


def test_of_what_one_sentence_says_twice_the_last_is_understood(talk):
    reply = talk.say("a drama, but no drama, and a western")
    assert reply.understood == ["no drama", "western"] and reply.asked == ["western", "no drama"]


def test_what_is_kept_for_undo_does_not_grow_with_the_square_of_the_turns(talk):
    for _ in range(6):
        talk.say("a drama")
    turns = {id(turn) for kept in talk.past for turn in kept["state"].talks[0].turns}
    assert len(turns) <= 3 * len(talk.past)


def test_undo_takes_back_one_thing_at_a_time(talk):
    first = talk.show()
    second = talk.say("a drama")
    third = talk.refuse(second.items[0])
    fourth = talk.say("no comedy")
    assert fourth.asked == ["drama", "no comedy"]
    for before in (third, second, first):
        back = talk.say("undo")
        assert (back.items, back.asked) == (before.items, before.asked)
    with pytest.raises(UserError, match="there is nothing to undo"):
        talk.say("undo")


def test_words_that_could_not_be_read_are_not_said(talk, monkeypatch):
    before = talk.say("a drama").items

    def fails(talks):
        raise UserError("llm: no answer")

    monkeypatch.setattr(talk.state, "understanding", SimpleNamespace(read=fails))
    with pytest.raises(UserError):
        talk.say("None of these. A comedy")
    assert (len(talk.talk.turns), talk.refused, talk.shown) == (1, [], before)
