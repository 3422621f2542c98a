"""What people say on the page: each has a conversation of their own."""

from threading import Thread

import pytest

from crs.chat.session import Session
from crs.dialogue.turn import TurnSettings
from crs.escape import terminal
from tests.fakes.titles import HOSTILE

ASKS = TurnSettings(questions="beside")


@pytest.fixture
def session(system) -> Session:
    return Session(system.talk([], ASKS))


def test_a_list_and_a_question_come_first(session):
    assert session.lines[0].text == session.reply.question and len(session.lines[0].items) == 5


def test_what_is_clicked_is_what_may_be_said(session, system):
    session.say("a drama")
    first, second = (system.titles[item] for item in session.reply.items[:2])
    session.like(0)
    assert session.lines[-2].text == f"More like {first}"
    assert session.reply.understood == [f"like {first}"]
    session.undo()
    session.refuse(1)
    assert second not in [system.titles[item] for item in session.reply.items]
    session.why(0)
    assert session.lines[-1].text.startswith(system.titles[session.reply.items[0]])
    assert session.lines[-1].items == []


def test_suggestions_are_understood(session):
    while session.talk.question and len(session.lines) < 12:
        hints = session.suggestions()
        assert hints[-2:] == ["something newer", "none of these"]
        session.say(hints[0])
        assert session.reply.understood
    session.talk.question = 0
    session.say(session.suggestions()[0])
    assert session.reply.understood


def test_the_transcript_has_all_that_was_said(session):
    session.say("a drama")
    lines = session.transcript().splitlines()
    assert lines[0] == f"System: {session.lines[0].text}" and lines[6] == "You: a drama"
    assert lines[7].startswith("System: Understood: drama.") and len(lines) == 13
    title, why = session.lines[-1].items[0]
    assert lines[8] == f"  1. {title} - {why}"


def test_a_title_is_one_line_of_the_transcript(session):
    session.titles = [HOSTILE[0]] * len(session.titles)
    session.say("a drama")
    lines = session.transcript().splitlines()
    assert len(lines) == 13 and terminal(HOSTILE[0]) in lines[8]


def test_people_who_talk_at_once_do_not_mix(system):
    wishes = {
        "one": ["a drama", "from the 90s", "undo"], "two": ["a comedy", "dark", "more like 1"],
    }  # fmt: skip

    def talked(session, said):
        for wish in said:
            session.say(wish)
        return session

    alone = {name: talked(Session(system.talk([], ASKS)), said) for name, said in wishes.items()}
    both = {name: Session(system.talk([], ASKS)) for name in wishes}
    threads = [Thread(target=talked, args=(both[name], said)) for name, said in wishes.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, session in both.items():
        assert session.transcript() == alone[name].transcript()
    assert "comedy" not in both["one"].reply.asked and "drama" not in both["two"].reply.asked
