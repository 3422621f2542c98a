"""The user played by a model: what it is told, what becomes of its answers."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from crs.data import build_dataset
from crs.errors import UserError
from crs.stages.simulate import Simulate
from crs.store.artifact import Artifact
from data_generator import llm as played
from data_generator import samples, simulate
from data_generator.items import Item
from data_generator.leaks import leak
from data_generator.llm import described, tidy
from tests.contracts.tiny import artifact, config, context, made, shared
from tests.contracts.tiny import spoken as spoken_inputs
from tests.fakes.openai import OpenAI
from tests.fakes.vendor import Faults

NAMES = ["", "Comedy", "Drama"]
NOUN = "movie"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    found = spoken_inputs(tmp_path_factory.mktemp("simulate"))
    return {name: found[name] for name in ("dataset", "samples")}


@pytest.fixture
def vendor():
    with OpenAI() as running:
        yield running


@pytest.fixture
def settings(tmp_path, vendor):
    """`settings(simulator fields, llm=…)` for the fake."""

    def make(llm=None, **changed) -> Simulate:
        chosen = config("simulator=llm", "llm=openai_batch")
        quick = {
            "poll_seconds": 0.001, "backoff_seconds": 0.002, "budget_usd": 100.0,
            "base_url": vendor.base_url, "ledger": str(tmp_path / "ledger.sqlite"),
        }  # fmt: skip
        return Simulate(
            replace(chosen.simulator, **changed), replace(chosen.llm, **quick | (llm or {}))
        )

    return make


def user(settings, inputs, tmp_path):
    return played.user(settings, inputs, tmp_path / "store" / "simulate" / "x", context())


def test_the_target_is_described_without_its_title():
    item = Item(
        "The Big Test", 1999, [2, 1], "A big test. Nobody passes the big test! It ends well."
    )
    text = described(item, NAMES, NOUN, reveal=False)
    assert text == "Released: 1999\nAttributes: Drama, Comedy\nDescription: It ends well."
    assert leak(item.title, text) is None
    shown = described(item, NAMES, NOUN, reveal=True)
    assert shown.startswith("Title: The Big Test\n") and "Nobody passes" in shown


def test_a_target_of_which_nothing_is_known_says_so():
    assert described(Item("X", None, []), NAMES, NOUN, False) == "It is a movie; no more is known."


def test_long_descriptions_are_cut():
    item = Item("X", None, [], "word " * 500)
    assert len(described(item, NAMES, NOUN, False).split()) == played.WORDS_OF_DESCRIPTION + 1


def test_no_prompt_has_its_targets_title_unless_it_is_revealed(settings, inputs, tmp_path):
    cases = simulate.cases_of(inputs)
    one = user(settings(), inputs, tmp_path)
    titles = [one.items[target].title for target in cases["target"]]
    hidden = [request.messages[0][1] for request in one.requests(cases, 0)]
    assert not any(title in text for title, text in zip(titles, hidden, strict=True))
    told = user(settings(reveal_title=True), inputs, tmp_path).requests(cases, 0)
    assert all(f"Title: {title}\n" in request.messages[0][1]
               for title, request in zip(titles, told, strict=True))  # fmt: skip


def test_the_prompt_has_the_newest_of_the_history_in_order(settings, inputs, tmp_path):
    one = user(settings(), inputs, tmp_path)
    cases = simulate.cases_of(inputs)
    rows = inputs["dataset"].load("interactions.parquet").groupby("user")["item"].agg(list)
    titles = inputs["dataset"].load("items.parquet").set_index("item")
    shown = inputs["samples"].summary["shown"]
    for user_id, cut, target in cases[["user", "cut", "target"]].head(40).itertuples(index=False):
        before = rows[user_id][max(0, cut - shown + 1) : cut]
        wanted = [f"{titles['title'][i]} ({titles['year'][i]})" for i in before if i != target]
        assert one.history(user_id, cut, target) == "; ".join(wanted)
        assert len(before) <= shown - 1


def test_cases_with_the_same_user_and_cut_are_two_samples(settings, inputs, tmp_path):
    frame = inputs["samples"].load("cases.parquet").head(3)
    frame = pd.concat([frame, frame.assign(kind="1755")], ignore_index=True)
    twice = {**inputs, "samples": artifact(tmp_path / "twice", {"shown": 9}, cases=frame)}
    cases = simulate.cases_of(twice)
    requests = user(settings(), twice, tmp_path).requests(cases, 1)
    assert [request.sample for request in requests] == [1, 1, 1, 9, 9, 9]
    assert [r.messages for r in requests[:3]] == [r.messages for r in requests[3:]]
    assert len({request.content for request in requests}) == 6


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ('"Something funny."', "Something funny."),
        ("  Something\n funny. ", "Something funny."),
        ("User: “Something funny.”", "Something funny."),
        ("I said: 'maybe' twice", "I said: 'maybe' twice"),
        ('""', ""),
    ],
)
def test_answers_are_tidied(said, text):
    assert tidy(said) == text


def test_a_whole_stage_and_its_replay(settings, inputs, tmp_path, vendor):
    found = made(simulate, settings(), inputs, tmp_path / "store" / "simulate" / "one")
    frame = found.load("utterances.parquet")
    assert len(vendor.generated) == found.summary["llm"]["requests"]
    assert frame["text"].str.fullmatch(r"I feel like something \w+ tonight\.").all()
    assert not frame["dropped"].any() and found.summary["llm"]["mismatch_rate"] == 0
    names = ["", *inputs["dataset"].load("attributes.parquet")["name"].str.lower()]
    assert [[names[a] for a in said] for said in frame["attributes"]] == [
        [text.split()[4]] for text in frame["text"]
    ]
    recorded = {
        **vars(config("llm=replay").llm), "path": str(found.path / "answers.jsonl"),
        "ledger": str(tmp_path / "other.sqlite"),
    }  # fmt: skip
    again = made(simulate, settings(llm=recorded), inputs, tmp_path / "store" / "simulate" / "two")
    assert again.load("utterances.parquet").equals(frame)


def test_a_second_store_pays_nothing(settings, inputs, tmp_path, vendor):
    first = made(simulate, settings(), inputs, tmp_path / "store" / "simulate" / "one")
    count = sum(vendor.generated.values())
    second = made(simulate, settings(), inputs, tmp_path / "new" / "simulate" / "two")
    assert sum(vendor.generated.values()) == count
    assert second.load("utterances.parquet").equals(first.load("utterances.parquet"))
    # What the answers cost is told whenever they were paid for.
    assert first.summary["llm"]["cost_usd"] == second.summary["llm"]["cost_usd"] > 0


class Leaky(OpenAI):
    """Names the first of the titles in the history as long as it is asked so often."""

    times = 1

    def complete(self, body):
        status, answer = super().complete(body)
        prompt = body["messages"][-1]["content"]
        plain = prompt.split("\n\nThe first line of your reply")[0]
        if sum(n for text, n in self.generated.items() if text.startswith(plain)) <= self.times:
            title = next((t for t in self.titles if f"Released: {t[1]}\n" in prompt), None)
            if title:
                message = answer["choices"][0]["message"]
                message["content"] = message["content"].replace("something", title[0])
        return status, answer


@pytest.mark.parametrize("on_leak", ["keep", "drop", "redo"])
def test_answers_that_name_the_target_are_found(settings, inputs, tmp_path, on_leak):
    items = inputs["dataset"].load("items.parquet").drop_duplicates("year")
    with Leaky() as vendor:
        vendor.titles = list(zip(items["title"], items["year"], strict=True))[:4]
        chosen = settings(llm={"base_url": vendor.base_url}, on_leak=on_leak)
        found = made(simulate, chosen, inputs, tmp_path / "store" / "simulate" / "one")
    frame = found.load("utterances.parquet")
    titles = inputs["dataset"].load("items.parquet").set_index("item")["title"]
    named = [leak(titles[target], text) is not None
             for target, text in zip(frame["target"], frame["text"], strict=True)]  # fmt: skip
    leaks = frame["leak"].notna()
    assert leaks.any() and found.summary["leak_exact"] == pytest.approx(leaks.mean())
    assert len(vendor.bodies) == found.summary["llm"]["requests"]  # each once, redone ones too
    if on_leak == "keep":
        assert list(leaks) == named and not frame["dropped"].any()
    elif on_leak == "drop":
        assert list(frame["dropped"]) == named
    else:
        assert not any(named) and not frame["dropped"].any()


def test_a_few_silent_users_are_dropped_and_counted(settings, inputs, tmp_path, vendor):
    vendor.faults = Faults(refused=2, blocked=1)
    found = made(simulate, settings(), inputs, tmp_path / "store" / "simulate" / "one")
    frame = found.load("utterances.parquet")
    assert found.summary["dropped"] == frame["dropped"].sum() == (frame["text"] == "").sum() >= 3
    assert (found.summary["llm"]["refused"], found.summary["llm"]["blocked"]) == (2, 1)


def test_many_silent_users_are_no_result(settings, inputs, tmp_path, vendor):
    vendor.faults.refused = 1000
    with pytest.raises(UserError, match=r"requests got no utterance \(the first: refused"):
        made(simulate, settings(), inputs, tmp_path / "store" / "simulate" / "one")


def test_a_quote_asks_nobody_and_leaves_nothing(settings, inputs, tmp_path, vendor):
    folder = tmp_path / "store" / "simulate" / "one"
    lines = simulate.quote(settings(), inputs, folder, context())
    cases = inputs["samples"].load("cases.parquet")
    assert lines[0].startswith(f"{len(cases):,} requests") and "USD" in lines[2]
    assert not vendor.calls and not folder.exists() and not (tmp_path / "ledger.sqlite").exists()


def test_a_prompt_of_ones_own_is_used(settings, inputs, tmp_path):
    (file := tmp_path / "mine.txt").write_text("About $noun, after $history: $target")
    one = user(settings(prompt=str(file)), inputs, tmp_path)
    text = one.requests(simulate.cases_of(inputs).head(1), 0)[0].messages[0][1]
    assert text.startswith("About movie, after ") and "Released: " in text


@pytest.mark.slow
def test_movielens_1m_has_47702_prompts_at_full_augmentation(tmp_path):
    """On the stand-in; the real file has 47,717."""
    chosen = config("dataset=ml1m", f"dataset.archive={shared('ml-1m.zip')}", "samples=augmented",
                    "simulator=llm", "llm=gemini_batch")  # fmt: skip
    found: dict[str, Artifact] = {}
    found["dataset"] = made(build_dataset, chosen.dataset, {}, tmp_path / "dataset" / "x")
    found["samples"] = made(samples, chosen.samples, found, tmp_path / "samples" / "x")
    asked = Simulate(chosen.simulator, replace(chosen.llm, ledger=str(tmp_path / "l.sqlite")))
    lines = simulate.quote(asked, found, tmp_path / "simulate" / "x", context())
    assert lines[0].startswith("47,702 requests to gemini-3.5-flash-lite (gemini_batch), 0 of them")


def test_answers_are_recorded_by_content(settings, inputs, tmp_path, vendor):
    found = made(simulate, settings(), inputs, tmp_path / "store" / "simulate" / "one")
    lines = [json.loads(line) for line in (found.path / "answers.jsonl").read_text().splitlines()]
    assert len({line["content"] for line in lines}) == len(lines)
    assert set(lines[0]) == {"content", "text", "reason"}
