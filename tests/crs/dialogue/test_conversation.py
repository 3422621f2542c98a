from copy import copy
from types import SimpleNamespace

import pytest
import torch

from crs.chat.explanations import answer
from crs.dialogue.conversation import ALL
from crs.dialogue.questions import DECADE
from crs.dialogue.requirements import Facts
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.turn import TurnSettings
from crs.errors import UserError
from crs.titles import title_and_year


@pytest.fixture
def talk(system):
    return system.talk(system.history_of("u0002"))


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


@pytest.mark.parametrize(("said", "asked"), [
    ("why 2?", [1]), ("why this?", [0]), ("Why is number 3 here?", [2]), ("why 1 and 4?", [0, 3]),
    ("why?", [0, 1, 2, 3, 4]), ("why did you choose these?", [0, 1, 2, 3, 4]),
    ("tell me more about 2", [1]), ("What is number 3 about?", [2]),
])  # fmt: skip
def test_why_is_answered_and_changes_nothing(talk, system, said, asked):
    before = talk.say("a drama")
    reply = talk.say(said)
    assert len(reply.told) == len(asked) and len(talk.past) == 1
    for place, sentence in zip(asked, reply.told, strict=True):
        assert sentence.startswith(f"{system.titles[before.items[place]]}: ")
        assert "all you asked for" in sentence and "By its score alone it is number " in sentence
        assert "The intent behind it is that of " in sentence
    assert (reply.items, reply.question) == (before.items, before.question)
    assert talk.say("undo").asked == []


def test_why_a_title_is_not_in_the_list(talk, system):
    items = talk.say("a drama").items
    other = next(one for one in range(1, 100) if one not in [*items, *talk.history])
    title = system.titles[other]
    for said in (f"why not {title}?", f"Why {title}?"):
        [sentence] = talk.say(said).told
        assert sentence.startswith(f"{title}: ") and "It is not in the list" in sentence
    assert talk.say("why not a comedy?").understood == ["comedy"]


def test_why_is_no_wish_whatever_it_names(talk, system):
    assert talk.say("why this?").told == ["There is no list yet."]
    items = talk.say("a drama").items
    title = system.titles[items[1]]
    for said in (f"why is {title} there?", f"tell me about {title}"):
        assert talk.say(said).told[0].startswith(f"{title}: ")
    assert talk.say("why 9?").told == ["The list has no number 9."]
    assert talk.say("why Qwertz?").told == ["'Qwertz' is no title; there is nothing near."]
    assert (talk.history, len(talk.past)) == (system.talk(system.history_of("u0002")).history, 1)


def test_newer_compares_with_the_list_and_with_a_title(talk, system):
    years = system.items.set_index("item")["year"]
    middle = sorted(years[talk.say("a drama").items])[2]
    newer = talk.say("something newer")
    assert newer.understood == [f"since {middle + 1}"]
    assert talk.say("any year is fine").asked == ["drama"]
    titled = talk.say("like Golden Harbor 2 but newer")
    assert titled.understood == ["like Golden Harbor 2 (1963)", "since 1964"]
    talk.say("from the 90s")
    assert talk.say("something older").understood == ["until 1989"]


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


def test_a_refused_item_is_gone_and_the_others_move_up(talk):
    before = talk.say("some drama").items
    after = talk.refuse(before[1]).items
    assert after[:4] == [before[0], *before[2:]] and before[1] not in after
    again = talk.say("drama, please").items
    assert before[1] not in again


def test_items_that_were_not_refused_may_come_again(talk):
    assert set(talk.say("some drama").items) & set(talk.say("a drama").items)


def test_none_of_these_refuses_them_all(talk):
    first = talk.say("some drama").items
    second = talk.say("None of these. A drama still").items
    assert not set(first) & set(second)
    assert talk.refused == first


def test_none_of_what_was_shown_before_a_word_was_said_is_refused_too(talk):
    first = talk.show().items
    again = talk.others([]).items
    assert talk.refused == first and not set(first) & set(again)


def test_intents_have_shares_and_titles(talk, system):
    intents = talk.say("some drama").intents
    assert 1 <= len(intents) <= 6
    shares = [share for share, _ in intents]
    assert shares == sorted(shares, reverse=True) and 0.01 <= sum(shares) <= 1 + 1e-6
    assert all(len(titles) == 3 and set(titles) <= set(system.titles) for _, titles in intents)


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


def test_refused_years_are_told_without_a_span(talk):
    assert talk.say("not from the 1980s").asked == ["not from 1980 to 1989"]


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


@pytest.mark.parametrize("scorer", ["popularity", "latentcrs linear"])
@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("something from 2024", "from 2024"),
        ("from the 1920s", "from 1920 to 1929"),
    ],
)
def test_years_outside_of_the_catalogue_are_kept_and_told(said, asked, scorer, system, monkeypatch):
    monkeypatch.setattr(system, "scorer", scorer)
    talk = system.talk([])
    reply = talk.say(said)
    assert reply.asked == [asked] and len(reply.items) == 5
    assert not reply.kept and reply.match == [f"not {asked}"] * 5
    assert "None has all you asked for; these lack least." in answer(reply, system.titles)
    assert "the movies here are from " in reply.note or "items here are from " in reply.note
    later = talk.say("a drama from the 1970s")  # the newest years hold
    assert later.asked == ["drama", "from 1970 to 1979"] and later.kept


def test_years_of_a_catalogue_that_has_none_are_told(system, monkeypatch):
    facts = system.facts
    nowhere = torch.zeros_like(facts.place)
    monkeypatch.setattr(system, "facts", Facts(facts.matrix, torch.arange(0), nowhere))
    reply = system.talk([]).say("a drama from the 1990s")
    assert reply.asked == ["drama", "from 1990 to 1999"] and not reply.kept


def asking(system):
    settings = TurnSettings(questions="beside")
    return system.talk(system.history_of("u0002"), settings)


def test_a_question_comes_beside_the_list_and_yes_is_its_answer(system):
    talk = asking(system)
    reply = talk.show()
    assert reply.items and reply.question
    while talk.question <= 0:  # the decade may tell most
        reply = talk.say("any")
    name = system.attributes[talk.question].lower()
    assert reply.question == f"Do you want {name}?"
    assert talk.say("yes").understood == [name]


def test_no_question_is_asked_twice(system):
    talk = asking(system)
    questions = [talk.show().question]
    while questions[-1]:
        questions.append(talk.say("don't care").question)
    assert len(set(questions)) == len(questions) > 3


def test_who_is_not_to_ask_asks_nothing(talk):
    assert talk.say("some drama").question == ""


def test_each_title_has_its_why(talk, system):
    reply = talk.say("a drama")
    assert all("drama" in why and why.endswith(": all you asked for") for why in reply.why)
    lacking = talk.say("a comedy, western, mystery")
    assert "without " in lacking.match[-1] and ALL not in lacking.match


def test_nothing_is_matched_where_titles_alone_were_named(talk, system):
    reply = talk.say(f"like {system.titles[7]}")
    assert reply.match == [""] * 5 and "all you asked for" not in answer(reply, system.titles)


def test_a_greeting_changes_nothing(talk):
    before = talk.say("a drama")
    for said in ("hello", "thanks!", "who are you?", "tell me a joke"):
        reply = talk.say(said)
        assert len(reply.told) == 1 and reply.items == before.items
    assert len(talk.talk.turns) == 1 and len(talk.past) == 1


def test_others_come_and_undo_brings_the_first_back(talk):
    first = talk.say("a drama")
    second = talk.say("what else?")
    assert not set(first.items) & set(second.items) and second.asked == ["drama"]
    assert (second.understood, second.note) == (["others"], "")
    assert talk.say("none of these").understood == ["none of these"]
    assert talk.say("undo").items == second.items and talk.say("undo").items == first.items


def test_what_was_seen_joins_the_history_and_is_not_said_to_be_liked(talk, system):
    item = talk.say("a drama").items[2]
    reply = talk.say("I have seen 3")
    assert reply.understood == [f"you have had {system.titles[item]}"] and reply.note == ""
    assert talk.history[-1] == item and item not in reply.items and reply.asked == ["drama"]
    assert talk.say("undo").asked == ["drama"] and item not in talk.history


def test_years_that_have_those_of_before_widen_them(talk):
    assert talk.say("from 1995").asked == ["from 1995"]
    assert talk.say("the nineties").asked == ["from 1990 to 1999"]
    assert talk.say("since 1995").asked == ["from 1995 to 1999"]


def test_older_and_newer_do_not_add_up(talk, system):
    years = system.items.set_index("item")["year"]
    talk.say("a drama")
    older = talk.say("older")
    middle = sorted(years[older.items])[2]
    assert talk.say("something newer").asked == ["drama", f"since {middle + 1}"]
    assert talk.say("old movies").asked[1].startswith("until ")


@pytest.mark.parametrize("text", [
    "I'm too old for a drama", "I am an old man", "an old favourite of mine is a drama",
    "I'm rather old", "how old is it?", "a drama with an old friend", "a 12-year-old and a drama",
    "a drama, nothing too old", "I am old enough for a drama",
])  # fmt: skip
def test_old_that_is_of_a_person_or_too_much_asks_for_no_years(talk, text):
    talk.say("a thriller")
    assert not any(char.isdigit() for char in " ".join(talk.say(text).asked))


def test_items_of_the_list_go_by_their_ordinals(talk, system):
    second = system.titles[talk.say("a drama").items[1]]
    for asked in (
        "why the second?",
        "why did you recommend the second one?",
        "what is the second one about?",
        "tell me more about the second one",
    ):
        assert talk.say(asked).told[0].startswith(f"{second}: ")
    assert talk.say("more like the second").understood == [f"like {second}"]


def test_of_what_one_sentence_says_twice_the_last_is_understood(talk):
    reply = talk.say("a drama, but no drama, and a western")
    assert reply.understood == ["no drama", "western"] and reply.asked == ["western", "no drama"]


@pytest.mark.parametrize("text", ["old movies", "an old drama", "something old", "I like old ones"])
def test_old_of_items_asks_for_years(talk, text):
    talk.say("a drama")
    assert talk.say(text).asked[1].startswith("until ")


def test_what_was_taken_back_is_not_asked_for(system):
    talk = asking(system)
    talk.say("a western")
    number = system.attributes.index("Western")
    talk.say("forget the western")
    talk.say("any year is fine")
    assert {number, DECADE} <= talk.questions
    while talk.question:
        assert talk.question not in (number, DECADE)
        talk.say("any")


def test_starting_over_forgets_all_and_undo_brings_it_back(system):
    talk = asking(system)
    first = talk.show().items
    while talk.question <= 0:
        talk.say("any")
    asked = talk.say("no, but something from the 90s").asked
    talk.refuse(talk.shown[0])
    reply = talk.say("let's start over")
    assert (reply.understood, reply.asked, reply.note) == (["everything taken back"], [], "")
    assert reply.items == first and talk.refused == []
    assert talk.say("start over with a western").understood == ["everything taken back", "western"]
    talk.say("undo")
    assert talk.say("undo").asked == asked and len(asked) == 2


def test_yes_to_the_decade_asks_which_and_no_is_any(system):
    talk = asking(system)
    talk.show()
    while talk.question != DECADE:
        talk.say("any")
    assert talk.say("yes").told == ["Which decade? Say for example “the 80s”, or “any”."]
    assert talk.say("no").understood == ["from any year"]


def test_of_equal_titles_the_one_that_is_shown_is_meant(talk, system):
    shown = talk.show().items
    twin = next(one for one in range(1, len(system.titles)) if one not in shown)
    titles = [*system.titles]
    titles[twin] = titles[shown[1]]
    talk.state.understanding, talk.names = Rules(["", "Drama"], titles), copy(talk.names)
    talk.names.titles = titles
    reply = talk.say("more like 2")
    assert talk.history[-1] == shown[1] and "which one" not in reply.note


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


def test_more_like_a_number_is_its_title(talk, system):
    shown = talk.show().items
    assert talk.say("more like 2").asked == [f"like {system.titles[shown[1]]}"]
    assert talk.history[-1] == shown[1]


def test_words_about_the_list_answer_no_question(system):
    talk = asking(system)
    shown = talk.show().items
    while talk.question <= 0:
        shown = talk.say("any").items
    assert talk.say("No, not those.").asked == []
    assert talk.refused == shown


def test_no_preference_before_any_wish_is_answered_from_the_history_alone(system):
    talk = asking(system)
    first = talk.show().items
    assert talk.say("any").items == first
    assert talk.recommender is talk.silent


def test_words_that_could_not_be_read_are_not_said(talk, monkeypatch):
    before = talk.say("a drama").items

    def fails(talks):
        raise UserError("llm: no answer")

    monkeypatch.setattr(talk.state, "understanding", SimpleNamespace(read=fails))
    with pytest.raises(UserError):
        talk.say("None of these. A comedy")
    assert (len(talk.talk.turns), talk.refused, talk.shown) == (1, [], before)
