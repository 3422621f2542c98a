from dataclasses import replace

import numpy as np
import pytest

from crs.stages.simulate import Simulate
from data_generator import rules, simulate
from data_generator.items import Utterance, item_table
from tests.contracts.tiny import artifact, config, dataset, made
from tests.contracts.tiny import spoken as spoken_inputs

SETTINGS = Simulate(config().simulator, config().llm)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    found = spoken_inputs(tmp_path_factory.mktemp("simulate"))
    return {name: found[name] for name in ("dataset", "samples")}


@pytest.fixture
def planted(monkeypatch):
    """Makes some users say their target's title, in so many of their first attempts."""

    def plant(times):
        asked = {}

        def speak(rng, item, names, noun, noise):
            asked[item.title] = asked.get(item.title, 0) + 1
            named = item.title if leaky(item) and asked[item.title] <= times else "a movie"
            return Utterance(f"I want {named}.", [])

        monkeypatch.setattr(rules, "speak", speak)

    def leaky(item):
        return item.title < "G"

    plant.leaky = leaky
    return plant


@pytest.fixture
def one_case_an_item(tmp_path, inputs):
    """Cases with different targets, so that a title is asked about once."""
    frame = inputs["samples"].load("cases.parquet")
    data = simulate.Sequences.of(inputs["dataset"])
    frame["target"] = data.items.numpy()[data.offsets.numpy()[frame["user"]] + frame["cut"]]
    frame = frame.drop_duplicates("target").drop(columns="target").reset_index(drop=True)
    return {**inputs, "samples": artifact(tmp_path / "samples", {}, cases=frame)}


def rule(**changed):
    return replace(SETTINGS, simulator=replace(SETTINGS.simulator, **changed))


def run(inputs, folder, on_leak):
    return made(simulate, rule(on_leak=on_leak), inputs, folder)


def leaks_of(found, inputs, planted):
    items = item_table(inputs["dataset"])
    frame = found.load("utterances.parquet")
    leaky = np.array([planted.leaky(items[target]) for target in frame["target"]])
    assert 0 < leaky.sum() < len(leaky)
    return frame, leaky


def test_kept_leaks_are_counted(tmp_path, one_case_an_item, planted):
    planted(times=1)
    found = run(one_case_an_item, tmp_path / "s", "keep")
    frame, leaky = leaks_of(found, one_case_an_item, planted)
    assert not frame["dropped"].any() and found.summary["dropped"] == 0
    assert (frame["leak"] == "exact").fillna(False).tolist() == leaky.tolist()
    assert found.summary["leak_exact"] == leaky.mean() and found.summary["leak_fuzzy"] == 0


def test_dropped_leaks_are_marked(tmp_path, one_case_an_item, planted):
    planted(times=1)
    found = run(one_case_an_item, tmp_path / "s", "drop")
    frame, leaky = leaks_of(found, one_case_an_item, planted)
    assert frame["dropped"].tolist() == leaky.tolist()
    assert found.summary["dropped"] == leaky.sum() and len(frame) == found.summary["texts"]


@pytest.mark.parametrize(("times", "helped"), [(1, True), (4, True), (5, False)])
def test_a_leak_is_asked_anew_up_to_five_times(tmp_path, one_case_an_item, planted, times, helped):
    planted(times)
    found = run(one_case_an_item, tmp_path / "s", "redo")
    frame, leaky = leaks_of(found, one_case_an_item, planted)
    assert frame["dropped"].tolist() == ([False] * len(frame) if helped else leaky.tolist())
    # The share is that of what was said first, whatever was said after.
    assert found.summary["leak_exact"] == leaky.mean()
    assert frame["leak"].notna().tolist() == leaky.tolist()


def test_leaks_have_examples(tmp_path, one_case_an_item, planted):
    planted(times=1)
    found = run(one_case_an_item, tmp_path / "s", "redo").load("leaks.parquet")
    assert 0 < len(found) <= simulate.EXAMPLES
    assert all(title in text for title, text in zip(found["title"], found["text"], strict=True))


def test_the_rules_do_not_leak(tmp_path, inputs):
    found = run(inputs, tmp_path / "s", "keep")
    assert found.summary["leak_exact"] == found.summary["leak_fuzzy"] == 0
    assert found.load("leaks.parquet").empty


def test_utterances_are_the_cases_with_their_targets(tmp_path, inputs):
    frame = run(inputs, tmp_path / "s", "redo").load("utterances.parquet")
    cases = inputs["samples"].load("cases.parquet")
    assert frame[["split", "kind", "user", "cut"]].equals(cases)
    rows = inputs["dataset"].load("interactions.parquet")
    lists = rows.groupby("user")["item"].agg(list)
    wanted = [lists[user][cut] for user, cut in zip(cases["user"], cases["cut"], strict=True)]
    assert frame["target"].tolist() == wanted


def test_attributes_said_are_the_targets_own_unless_noise_spoke(tmp_path, inputs):
    quiet = made(simulate, rule(noise=0.0), inputs, tmp_path / "s")
    own = inputs["dataset"].load("items.parquet")["attributes"].map(set)
    frame = quiet.load("utterances.parquet")
    assert all(
        set(attributes) <= own[target - 1]
        for attributes, target in zip(frame["attributes"], frame["target"], strict=True)
    )


def test_texts_are_a_function_of_seed_and_case(tmp_path, inputs):
    one, two = (run(inputs, tmp_path / name, "redo").load("utterances.parquet") for name in "12")
    other = made(simulate, rule(seed=1), inputs, tmp_path / "3")
    assert one["text"].equals(two["text"])
    assert not one["text"].equals(other.load("utterances.parquet")["text"])
    cases = inputs["samples"].load("cases.parquet")
    part = cases.iloc[::3].reset_index(drop=True)
    less = {**inputs, "samples": artifact(tmp_path / "less", {}, cases=part)}
    found = run(less, tmp_path / "4", "redo").load("utterances.parquet")
    assert found["text"].tolist() == one["text"].iloc[::3].tolist()


def test_cuts_of_other_seeds_at_the_same_item_are_worded_differently(tmp_path, inputs):
    cases = inputs["samples"].load("cases.parquet")
    cases = cases[cases["kind"] == "raw"].drop_duplicates(["user", "cut"])
    texts = {}
    for kind in ("raw", "1755", "2097"):
        frame = cases.assign(kind=kind).reset_index(drop=True)
        changed = {**inputs, "samples": artifact(tmp_path / f"of {kind}", {}, cases=frame)}
        found = run(changed, tmp_path / kind, "redo").load("utterances.parquet")
        assert found[["user", "cut"]].equals(frame[["user", "cut"]])
        texts[kind] = found["text"]
    for one, two in (("raw", "1755"), ("raw", "2097"), ("1755", "2097")):
        assert (texts[one] != texts[two]).mean() > 0.5


def test_items_have_their_number_for_a_place(tmp_path):
    found = dataset(tmp_path)
    table, frame = item_table(found), found.load("items.parquet")
    assert table[0].title == "" and len(table) == len(frame) + 1
    assert table[7].title == frame["title"][6] and table[7].year == frame["year"][6]
