import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.dialogue.state import Talk, Turn
from crs.stages.simulate import Simulate
from data_generator import simulate
from data_generator.agenda import AgendaUser
from data_generator.answers import build
from data_generator.leaks import leak
from tests.contracts.tiny import artifact, config, context, made, quick, spoken
from tests.data_generator.test_agenda_acts import ITEMS, NAMES

SETTINGS = replace(config().simulator, kind="agenda")


def user(**changes):
    return AgendaUser(replace(SETTINGS, **changes), ITEMS, NAMES, "movie", context())


def dialogue(speaks, target=1, who=7, shown=(2, 3, 4), most=9):
    """What is said until the user leaves."""
    talk = Talk(who, 3, target)
    while len(talk.turns) < most and not (answer := speaks.answer([talk])[0]).left:
        talk.turns.append(Turn(answer.text, [*shown]))
    return talk


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    found = spoken(tmp_path_factory.mktemp("agenda"))
    return {name: found[name] for name in ("dataset", "samples")}


def run(inputs, folder, **changes):
    settings = Simulate(replace(SETTINGS, **changes), config().llm)
    return made(simulate, settings, inputs, folder)


@quick
@given(st.integers(0, 999), st.integers(1, 7), st.integers(1, 4))
def test_a_user_leaves_when_its_patience_ends(seed, patience, target):
    talk = dialogue(user(seed=seed, patience=patience), target)
    assert (patience + 1) // 2 <= len(talk.turns) <= patience


@quick
@given(st.integers(0, 999), st.integers(1, 4))
def test_the_title_is_never_said(seed, target):
    for turn in dialogue(user(seed=seed), target).turns:
        assert leak(ITEMS[target].title, turn.said) is None
        assert "{" not in turn.said and "  " not in turn.said


def test_a_dialogue_goes_on_as_if_it_had_not_been_interrupted():
    whole = dialogue(user())
    for turns in range(len(whole.turns)):
        half = Talk(7, 3, 1, whole.turns[:turns])
        assert user().answer([half, Talk(8, 3, 2)])[0].text == whole.turns[turns].said


def test_each_user_cut_and_seed_has_words_of_its_own():
    texts = {
        tuple(turn.said for turn in dialogue(user(seed=seed), who=who).turns)
        for seed in (0, 1)
        for who in range(10)
    }
    assert len(texts) == 20


def test_another_attempt_says_the_same_in_other_words():
    speaks, talk = user(), Talk(7, 3, 1)
    acts = speaks.acts(talk)
    texts = {speaks.words(talk, acts, 0, attempt) for attempt in range(5)}
    assert len(texts) > 2
    assert len({tuple(re.findall(r"comedy|drama|\d{4}", text.lower())) for text in texts}) == 1


def test_texts_of_the_stage_are_true_of_their_targets_but_for_mistakes(tmp_path, inputs):
    frame = run(inputs, tmp_path / "s", mistake=0).load("utterances.parquet")
    own = inputs["dataset"].load("items.parquet")["attributes"].map(set)
    names = ["", *inputs["dataset"].load("attributes.parquet")["name"].str.lower()]
    assert frame["attributes"].map(len).max() == 2 and frame["leak"].isna().all()
    for text, attributes, target in frame[["text", "attributes", "target"]].itertuples(index=False):
        assert set(attributes) <= own[target - 1]
        assert all(names[a] in text.lower() for a in attributes)
    wrong = run(inputs, tmp_path / "m", mistake=1).load("utterances.parquet")
    false = [
        set(attributes) - own[target - 1]
        for attributes, target in zip(wrong["attributes"], wrong["target"], strict=True)
    ]
    assert {len(one) for one in false} == {0, 1}


def test_texts_are_a_function_of_seed_and_case(tmp_path, inputs):
    one, two = (run(inputs, tmp_path / name).load("utterances.parquet") for name in "12")
    other = run(inputs, tmp_path / "3", seed=1).load("utterances.parquet")
    assert one.equals(two) and (one["text"] != other["text"]).mean() > 0.9
    cases = inputs["samples"].load("cases.parquet").iloc[::3].reset_index(drop=True)
    less = {**inputs, "samples": artifact(tmp_path / "less", {}, cases=cases)}
    part = run(less, tmp_path / "4").load("utterances.parquet")
    assert part["text"].tolist() == one["text"].iloc[::3].tolist()


def test_a_dialogue_begins_with_the_text_of_the_stage(tmp_path, inputs):
    frame = run(inputs, tmp_path / "s").load("utterances.parquet")
    frame = frame[frame["split"] == "test"]
    speaks = build(
        Simulate(SETTINGS, config().llm), "next_turn_v1", inputs["dataset"], context(), tmp_path
    )
    columns = frame[["user", "cut", "target"]].itertuples(index=False)
    answers = speaks.answer([Talk(*place) for place in columns])
    assert [answer.text for answer in answers] == frame["text"].tolist()
