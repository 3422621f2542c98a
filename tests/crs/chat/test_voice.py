"""A language model words the answers; what it names of its own never comes through."""

from collections.abc import Iterator

import pytest

from crs.chat.explanations import answer
from crs.chat.llm_speaker import LanguageModelSpeaker
from crs.chat.session import Session
from crs.chat.voice import Voice, names_something
from crs.errors import UserError
from crs.titles import Titles
from crs.titles.everyday import everyday
from tests.fakes.asking import language_model
from tests.fakes.openai import OpenAI

CATALOGUE = Titles(["Fargo (1996)", "Heat (1995)", "Gone with the Wind (1939)"])


class Speaks(OpenAI):
    """The fake, which says the next of `answers`."""

    answers: list[str]

    def complete(self, body):
        status, answer = super().complete(body)
        answer["choices"][0]["message"]["content"] = self.answers.pop(0)
        return status, answer


@pytest.fixture
def vendor(monkeypatch) -> Iterator[Speaks]:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with Speaks() as running:
        yield running


@pytest.fixture
def voice(vendor, system, tmp_path) -> Voice:
    llm = language_model("openai", vendor, tmp_path)
    speaker = LanguageModelSpeaker(llm, system.named, system.noun)
    return Voice(speaker, system.titles, system.named)


@pytest.mark.parametrize(("text", "names"), [
    ("You might enjoy it, a quiet drama from 1996.", False), ("I'd take it: it's a Drama.", False),
    ("Well, it isn't a thriller.", False), ("You would love Inception.", True),
    ("Inception is great.", True), ("it is like fargo", True), ("Try 'alien', then it.", True),
    ("Take “alien”.", True), ("It is from 1997.", True), ("Watch *alien*.", True),
    ("It is as good as gone with the wind.", True), ("By Kubrick, and good.", True),
    ("Se7en is good.", True), ("You want crime? Heat!", True), ("Heat is loud.", True),
    ("My pick: Heat.", True), ("Try this: It is quiet.", True), ("Quiet, and it is.", False),
])  # fmt: skip
def test_what_is_not_given_is_found(text, names):
    assert names_something(text, CATALOGUE, ["quiet, drama, 1996"], everyday()) is names


def test_the_model_words_the_answer_and_titles_are_put_in(voice, vendor, system):
    vendor.answers = ["Take [1], a drama, or [2]."]
    session = Session(system.talk([]), voice)
    session.say("a drama like Golden Harbor 2")
    first, second = (system.titles[item] for item in session.reply.items[:2])
    assert session.lines[-1].text == f"Take {first}, a drama, or {second}."
    prompt = vendor.bodies[0]["messages"][-1]["content"]
    assert not any(title in prompt for title in system.titles[1:]) and "Golden Harbor" not in prompt
    assert "The person said: a drama like that title" in prompt


def test_a_title_that_is_not_in_the_list_never_comes_through_and_is_counted(voice, vendor, system):
    session = Session(system.talk([]), voice)
    other = next(t for n, t in enumerate(system.titles) if n and n not in session.reply.items)
    vendor.answers = [
        f"You will love {other}.", "Have you seen Inception?", "Take [9].", f"Or {other.lower()}!",
        "", "Take [1].",
    ]  # fmt: skip
    for wish in ("a drama", "quiet", "dark", "no comedy", "bright"):
        session.say(wish)
        assert session.lines[-1].text == answer(session.reply, system.titles)
    session.say("a thriller")
    assert session.lines[-1].text == f"Take {system.titles[session.reply.items[0]]}."
    assert voice.counts == {"ungrounded": 4, "missing": 1, "worded": 1}
    assert voice.told().startswith("6 answers: 1 worded by the model, 4 named something")


def test_the_model_is_not_told_the_title_that_is_clicked_away(voice, vendor, system):
    """Without a year nothing in a text would tell `Heat` from heat."""
    vendor.answers = ["Take [1].", "Take [2]."]
    session = Session(system.talk([]), voice)
    session.say("a drama")
    session.refuse(0)
    prompt = vendor.bodies[-1]["messages"][-1]["content"]
    assert "The person said: Not that title\n" in prompt


def test_what_is_said_before_titles_is_no_title(voice, vendor, system, monkeypatch):
    """`called it` would name the film It."""
    monkeypatch.setattr(voice, "titles", Titles([*system.titles[1:], "It (2017)"]))
    vendor.answers = ["There is one called [1]. [2]'s good.", "There is one called it."]
    session = Session(system.talk([]), voice)
    session.say("a drama")
    first, second = (system.titles[item] for item in session.reply.items[:2])
    assert session.lines[-1].text == f"There is one called {first}. {second}'s good."
    session.say("quiet")
    assert voice.counts == {"worded": 1, "ungrounded": 1}


def test_why_is_answered_without_the_model_and_so_is_a_click_before_a_word(voice, system):
    session = Session(system.talk([]), voice)
    session.refuse(1)
    assert session.lines[-1].text.startswith(answer(session.reply, system.titles))
    session.say("why this?")
    assert session.lines[-1].text.startswith(system.titles[session.reply.items[0]])
    assert not voice.counts


def test_a_model_out_of_reach_leaves_the_rules_sentences(voice, system, monkeypatch, capsys):
    def fails(requests):
        raise UserError("llm: the server cannot be reached")

    monkeypatch.setattr(voice.speaker.llm, "ask", fails)
    session = Session(system.talk([]), voice)
    for wish in ("a drama", "quiet"):
        session.say(wish)
        assert session.lines[-1].text == answer(session.reply, system.titles)
    assert voice.counts == {"missing": 2}
    told = "voice     the rules answer: llm: the server cannot be reached\n"
    assert capsys.readouterr().err == told
