"""A language model plays the user and understands: a fake one on loopback, which counts."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest

from crs.data.sequences import Sequences
from crs.models.popularity.scorers import Popularity
from crs.stages.multi_turn import MultiTurnSettings
from crs.stages.simulate import USER, Simulate
from crs.stages.stage import import_object
from multi_turn import dialogues, loop
from tests.contracts.tiny import artifact, config, context, spoken
from tests.fakes.openai import OpenAI
from tests.fakes.vendor import Vendor

OPTIONS = replace(
    config().multi_turn, cases=6, turns=3, shown=3, resamples=20, ks=[10], understanding="llm"
)
SAID = ("leak", "said", "text", "requirements", "shown", "before", "after", "success")


def model_says(prompt: str) -> str:
    """JSON to who must understand, broken now and then; a wish to who plays the user."""
    if "Answer with one JSON object" not in prompt:
        words = prompt.partition("what they know of it:\n")[2].splitlines()[0]
        return f"None of these. I would rather have {words.lower()}"
    said = [line for line in prompt.splitlines() if line.startswith("Person: ")]
    if len(said) == 3:
        return "I cannot tell."
    answer = json.dumps({
        "wanted": [], "refused": ["Musical"], "preferred": ["Comedy", "Opera"], "first_year": None,
        "last_year": None, "intents": f"{len(said)} wishes",
    })  # fmt: skip
    return answer if len(said) == 1 else f"```{answer}```"


class Model(OpenAI):
    """The fake, which says what `model_says`."""

    def complete(self, body):
        status, answer = super().complete(body)
        said = model_says(body["messages"][-1]["content"])
        answer["choices"][0]["message"]["content"] = said
        return status, answer


@pytest.fixture
def vendor(monkeypatch) -> Iterator[Vendor]:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with Model() as running:
        yield running


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return spoken(tmp_path_factory.mktemp("spoken"))


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    def scorers(found):
        return {"popularity": Popularity(Sequences.of(found["dataset"]))}

    monkeypatch.setitem(sys.modules, "crs.models.toy.scorers", SimpleNamespace(scorers=scorers))


def settings(tmp_path, *words, **changed):
    llm = config(*words).llm
    llm = replace(llm, ledger=str(tmp_path / "ledger.sqlite"), budget_usd=100.0,
                  backoff_seconds=0.002, **changed)  # fmt: skip
    speaks = Simulate(config("simulator=llm").simulator, llm)
    return MultiTurnSettings("toy", 1, OPTIONS, speaks, llm, None)


def handed():
    found = context()
    found.handed |= {"user": import_object(USER)}
    return found


def play(asked, inputs, folder):
    folder.mkdir(parents=True, exist_ok=True)
    return artifact(folder, dialogues.run(asked, inputs, folder, handed()))


def log_of(result):
    frame = result.load("dialogues.parquet")[list(SAID)]
    return frame.assign(shown=frame["shown"].map(list)).to_dict("records")


def test_every_request_is_paid_for_once_whatever_happens(vendor, inputs, tmp_path):
    """A run that breaks off in turn 2 and is begun again, and one that nothing interrupts."""
    asked = settings(tmp_path, "llm=openai", base_url=vendor.base_url)
    real = loop.Loop.show

    def breaks(self, line, part, number):
        if max(len(talk.turns) for talk in self.talks) == 2:
            raise KeyboardInterrupt
        return real(self, line, part, number)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(loop.Loop, "show", breaks)
        play(asked, inputs, tmp_path / "store" / "multi_turn" / "a")
    result = play(asked, inputs, tmp_path / "store" / "multi_turn" / "a")
    assert set(vendor.generated.values()) == {1}
    paid = sum(vendor.generated.values())
    again = play(asked, inputs, tmp_path / "store" / "multi_turn" / "b")
    assert sum(vendor.generated.values()) == paid
    assert log_of(again) == log_of(result)
    assert result.summary["llm"]["requests"] == result.summary["llm"]["answered"] == paid
    assert result.summary == again.summary


def test_what_was_understood_is_counted(vendor, inputs, tmp_path):
    asked = settings(tmp_path, "llm=openai", base_url=vendor.base_url)
    result = play(asked, inputs, tmp_path / "store" / "multi_turn" / "a")
    log = result.load("dialogues.parquet")
    turns = log["turn"].value_counts()
    assert result.summary["understood"] == {
        "answers": len(log), "repaired": turns[2], "fallen_back": turns[3],
        "unknown_attributes": turns[1] + turns[2],
    }  # fmt: skip
    first = log[log["turn"] == 1]
    assert set(first["text"]) == {"1 wishes"}
    for text in first["requirements"]:
        assert [(one["wanted"], one["hard"]) for one in json.loads(text)] == [
            (False, True), (True, False),
        ]  # fmt: skip
    third = log[log["turn"] == 3]
    assert third["text"].str.startswith("I would rather have").all()


def test_the_answers_can_be_replayed_without_the_model(vendor, inputs, tmp_path):
    asked = settings(tmp_path, "llm=openai", base_url=vendor.base_url)
    result = play(asked, inputs, tmp_path / "store" / "multi_turn" / "a")
    vendor.generated.clear()
    (tmp_path / "new").mkdir()
    file = str(result.path / "answers.jsonl")
    replayed = play(settings(tmp_path / "new", "llm=replay", path=file), inputs,
                    tmp_path / "store" / "multi_turn" / "b")  # fmt: skip
    assert log_of(replayed) == log_of(result)
    assert not vendor.generated


def test_a_model_that_has_not_written_the_training_texts_says_the_first_words_too(
    vendor, inputs, tmp_path
):
    asked = settings(tmp_path, "llm=openai", base_url=vendor.base_url)
    asked = replace(asked, other_user=True)
    result = play(asked, inputs, tmp_path / "store" / "multi_turn" / "a")
    first = result.load("dialogues.parquet").query("turn == 1")
    assert first["said"].str.startswith("None of these. I would rather have").all()
    paid = result.summary["llm"]["requests"]
    assert paid == sum(vendor.generated.values())
    lines = dialogues.quote(asked, inputs, tmp_path / "store" / "multi_turn" / "b", handed())
    # As below, and what the users of six cases say first.
    assert any("66 different" in line for line in lines)


def test_the_price_is_that_of_the_longest_dialogues(inputs, tmp_path):
    asked = settings(tmp_path, "llm=openai")
    lines = dialogues.quote(asked, inputs, tmp_path / "store" / "multi_turn" / "a", handed())
    # Two lines of six dialogues: three readings and two answers each.
    assert any("60 requests" in line for line in lines)
    assert any("USD" in line for line in lines)


def test_rules_ask_nobody(inputs, tmp_path):
    plain = replace(OPTIONS, understanding="rules")
    speaks = Simulate(config().simulator, config().llm)
    result = play(MultiTurnSettings("toy", 1, plain, speaks, None, None), inputs,
                  tmp_path / "store" / "multi_turn" / "a")  # fmt: skip
    assert "llm" not in result.summary and not (result.path / "answers.jsonl").exists()
