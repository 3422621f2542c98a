"""What is said and asked of the list that is shown: why, others, refused and liked items."""

from copy import copy

import pytest

from crs.chat.explanations import answer
from crs.dialogue.conversation import ALL
from crs.dialogue.rule_understanding import Rules


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


def test_a_question_about_a_title_is_answered_and_is_no_wish(talk, system):
    items = talk.say("a drama").items
    title, name = system.titles[items[1]], system.titles[items[1]].rpartition(" (")[0]
    for said in (
        f"do you have {name}?", f"Have you got {title}", f"is {name} a comedy?",
        f"Is {name} any good?", f"is {title} scary?", f"has {name} got romance in it?",
        f"does {name} have a happy ending?", "is number 2 a comedy?", "is the second one a comedy",
    ):  # fmt: skip
        reply = talk.say(said)
        assert reply.told[0].startswith(f"{title}: drama"), said
        assert (reply.items, reply.understood) == (items, [])
    assert talk.say("do you have a comedy?").understood == ["comedy"]
    assert talk.say(f"do you have anything like {name}?").understood == [f"like {title}"]
    assert talk.say("is there a comedy?").told == []


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


def test_each_title_has_its_why(talk, system):
    reply = talk.say("a drama")
    assert all("drama" in why and why.endswith(": all you asked for") for why in reply.why)
    lacking = talk.say("a comedy, western, mystery")
    assert "without " in lacking.match[-1] and ALL not in lacking.match


def test_nothing_is_matched_where_titles_alone_were_named(talk, system):
    reply = talk.say(f"like {system.titles[7]}")
    assert reply.match == [""] * 5 and "all you asked for" not in answer(reply, system.titles)


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


def test_of_equal_titles_the_one_that_is_shown_is_meant(talk, system):
    shown = talk.show().items
    twin = next(one for one in range(1, len(system.titles)) if one not in shown)
    titles = [*system.titles]
    titles[twin] = titles[shown[1]]
    talk.state.understanding, talk.names = Rules(["", "Drama"], titles), copy(talk.names)
    talk.names.titles = titles
    reply = talk.say("more like 2")
    assert talk.history[-1] == shown[1] and "which one" not in reply.note


def test_more_like_a_number_is_its_title(talk, system):
    shown = talk.show().items
    assert talk.say("more like 2").asked == [f"like {system.titles[shown[1]]}"]
    assert talk.history[-1] == shown[1]
