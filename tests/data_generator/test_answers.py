import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.dialogue.questions import DECADE
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.state import Talk, Turn
from crs.stages.simulate import Simulate
from data_generator.answers import ANY_YEAR, REACTIONS, RuleUser, build
from data_generator.items import Item
from data_generator.leaks import leak
from tests.contracts.tiny import config, context, dataset, quick, spoken

NAMES = ["", "comedy", "drama", "war", "horror", "western"]
ITEMS = [
    Item("", None, []),
    Item("Zanzibar Nights", 1994, [1, 2]),
    Item("Other", 1950, [3]),
    Item("Third", None, [3, 4]),
    Item("Fourth", 1994, [1, 2, 3]),
]
RULES = Rules(NAMES)


def talk(*turns, user=7, target=1):
    return Talk(user, 3, target, [Turn(said, list(shown)) for said, shown in turns])


def say(*turns, noise=0.0, seed=0, **who):
    return RuleUser(ITEMS, NAMES, "movie", noise, seed).answer([talk(*turns, **who)])[0].text


def heard(text):
    return RULES.utterance(text, first=False).requirements


def several(*turns, **who):
    return [say(*turns, seed=seed, **who) for seed in range(60)]


def test_a_list_is_refused_first_and_the_wish_is_a_request_as_in_training():
    for text in several(("a movie", [2, 3])):
        assert text.startswith(REACTIONS)
        wish = RULES.utterance(text, first=False).text
        assert not wish.startswith(REACTIONS)


def answers_to(question, target=1, noise=0.0, shown=()):
    asked = Talk(7, 3, target, [Turn("a movie", list(shown), question)])
    return [RuleUser(ITEMS, NAMES, "movie", noise, seed).say(asked).text for seed in range(60)]


@pytest.mark.parametrize(("question", "target", "wanted"), [(1, 1, True), (3, 1, False)])
def test_a_question_about_an_attribute_is_answered_by_what_the_target_has(question, target, wanted):
    for text in answers_to(question, target):
        assert [(one.attribute, one.wanted) for one in heard(text)] == [(question, wanted)]


def test_a_question_about_the_decade_is_answered_by_it():
    assert {one.years for text in answers_to(DECADE) for one in heard(text)} == {(1990, 1999)}
    assert {*answers_to(DECADE, target=3)} == {ANY_YEAR}


def test_a_share_of_the_answers_is_wrong_and_a_list_is_refused_beside():
    texts = answers_to(1, noise=0.5, shown=[2])
    assert all(text.startswith(REACTIONS) for text in texts)
    right = sum(one.wanted for text in texts for one in heard(text) if one.attribute == 1)
    assert 15 <= right <= 45


def test_what_was_said_is_not_said_again():
    for text in several(("a comedy from the 1990s", [2])):
        wanted = [r for r in heard(text) if r.wanted]
        assert {r.attribute for r in wanted} <= {2}


def test_when_all_is_said_it_is_said_again():
    texts = several(("a comedy and drama from 1994", [4]), target=1)
    assert {r.attribute for text in texts for r in heard(text) if r.wanted} == {0, 1, 2}
    assert all(heard(text) for text in texts)


def test_what_most_shown_items_have_and_the_target_lacks_is_refused():
    refused = {r.attribute for text in several(("a comedy", [2, 3, 4])) for r in heard(text)
               if not r.wanted}  # fmt: skip
    assert refused == {3}


def test_one_item_alone_is_no_reason_to_refuse_what_it_has():
    texts = several(("a comedy", [3, 1]))
    assert all(r.wanted for text in texts for r in heard(text))


def test_a_refusal_is_not_said_twice():
    texts = several(("a comedy", [2, 3]), ("No war, please.", [2, 3]))
    assert all(r.wanted for text in texts for r in heard(text))


def test_a_wrong_year_is_put_right():
    texts = several(("a comedy mixed with drama from the 1970s", [2]))
    spans = [r.years for text in texts for r in heard(text)]
    assert spans and all(first <= 1994 <= last for first, last in spans)


@quick
@given(st.floats(0, 1), st.integers(0, 999), st.lists(st.integers(1, 4), max_size=5),
       st.integers(1, 4))  # fmt: skip
def test_at_most_two_things_are_said_and_never_the_title(noise, seed, shown, target):
    text = say(("a movie", shown), noise=noise, seed=seed, target=target)
    assert len(heard(text)) <= 2
    assert leak(ITEMS[target].title, text) is None
    assert "{" not in text and "  " not in text


def test_without_noise_all_that_is_said_holds():
    for text in several(("a movie", [2, 3])):
        for r in heard(text):
            assert r.hard
            if r.years:
                assert r.years[0] <= 1994 <= r.years[1]
            else:
                assert r.wanted == (r.attribute in ITEMS[1].attributes)


def test_with_noise_one_thing_does_not():
    texts = [say(("a movie", []), noise=1.0, seed=seed) for seed in range(60)]

    def false(r):
        return r.attribute > 2 if r.attribute else not r.years[0] <= 1994 <= r.years[1]

    assert {sum(map(false, heard(text))) for text in texts} == {1}


def test_an_answer_is_a_function_of_the_dialogue():
    first, second = ("a movie", [2]), ("Not those. A comedy", [3])
    user = RuleUser(ITEMS, NAMES, "movie", 0.5, 3)
    alone = user.answer([talk(first, second)])
    assert user.answer([talk(first), talk(first, second), talk(first, user=8)])[1] == alone[0]
    words = {say(first, user=number) for number in range(30)}
    assert len(words) > 10


def test_nothing_known_of_the_target_is_said_in_the_open():
    text = (
        RuleUser([ITEMS[0], Item("T", None, [])], NAMES, "song", 1.0, 0)
        .answer([Talk(1, 1, 1, [Turn("a song")])])[0]
        .text
    )
    assert "song" in text and not heard(text)


def test_a_description_gives_something_to_say():
    tale = Item("Zanzibar Nights", None, [], "Two brothers look for gold in the hills.")
    texts = {RuleUser([ITEMS[0], tale], NAMES, "movie", 0.0, seed).answer(
        [Talk(1, 1, 1, [Turn("a movie")])])[0].text for seed in range(20)}  # fmt: skip
    assert all("two brothers look for gold" in text for text in texts)


def test_a_title_that_is_an_attribute_is_said_and_counted():
    names = [*NAMES[:2], "zydeco", *NAMES[3:]]
    user = RuleUser([ITEMS[0], Item("Zydeco", None, [2])], names, "movie", 0.0, 0)
    answer = user.answer([Talk(1, 1, 1, [Turn("a movie")])])[0]
    assert answer.leak == "exact" and re.search("zydeco", answer.text)


def test_a_genre_that_is_asked_for_names_no_title():
    user = RuleUser([ITEMS[0], Item("Drama", None, [2])], NAMES, "movie", 0.0, 0)
    answer = user.answer([Talk(1, 1, 1, [Turn("a movie")])])[0]
    assert answer.leak is None and re.search("drama", answer.text)


def test_a_dialogue_without_turns_begins_with_the_text_of_the_stage(tmp_path):
    inputs = spoken(tmp_path)
    frame = inputs["simulate"].load("utterances.parquet").query("split == 'test'")
    speaks = Simulate(config().simulator, config().llm)
    user = build(speaks, "next_turn_v1", inputs["dataset"], context(), tmp_path)
    columns = frame[["user", "cut", "target"]].itertuples(index=False)
    answers = user.answer([Talk(*place) for place in columns])
    assert [answer.text for answer in answers] == frame["text"].tolist()


def test_the_user_of_the_settings_knows_the_catalogue(tmp_path):
    found = dataset(tmp_path)
    speaks = Simulate(config().simulator, config().llm)
    user = build(speaks, "next_turn_v1", found, context(), tmp_path)
    items = found.load("items.parquet")
    names = ["", *found.load("attributes.parquet")["name"].str.lower()]
    target = int(items["item"].iloc[0])
    text = user.answer([Talk(1, 5, target, [Turn("a movie", [2, 3])])])[0].text
    assert np.isin([r.attribute for r in Rules(names).utterance(text, False).requirements],
                   range(len(names))).all()  # fmt: skip
    assert text.startswith(REACTIONS)


@pytest.mark.parametrize("reaction", REACTIONS)
def test_reactions_are_told_from_wishes(reaction):
    assert RULES.utterance(f"{reaction} Something else.", False).text == "Something else."
