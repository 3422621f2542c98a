from copy import copy
from io import StringIO

import pytest
from rich.console import Console

from crs.chat.terminal import Terminal
from crs.dialogue.turn import TurnSettings
from crs.escape import terminal as plain
from tests.fakes.titles import HOSTILE, ORDINARY


@pytest.fixture
def terminal(system):
    return Terminal(system, Console(record=True, width=200, file=StringIO()), TurnSettings())


def told(terminal, *lines):
    """What the terminal prints for these lines."""
    for line in lines:
        terminal.line(line)
    return terminal.console.export_text()


def test_a_wish_gets_five_titles_and_why(terminal, system):
    text = told(terminal, "/user u0002", "a quiet drama")
    assert sum(title in text for title in system.titles[1:]) >= 5
    assert "asked for: quiet, drama" in text.replace("drama, quiet", "quiet, drama")
    assert "intent " in text and "history: " in text


def test_it_answers_in_sentences(terminal, system):
    text = told(terminal, "a drama")
    first = system.titles[terminal.reply.items[0]]
    assert f"Understood: drama. My first choice is {first}: " in text
    why = told(terminal, "why this?")
    assert f"{first}: " in why


def test_words_from_a_file_are_in_the_transcript(system):
    out = StringIO()
    one = Terminal(system, Console(file=out, width=100), TurnSettings())
    one.console.input = lambda *words: next(lines)
    lines = iter(["a drama", "/quit"])
    one.run()
    assert "a drama\nUnderstood: drama." in out.getvalue()


def test_a_refused_title_is_listed_as_left_out(terminal, system):
    told(terminal, "a drama")
    gone = terminal.reply.items[1]
    text = told(terminal, "/no 2")
    assert gone not in terminal.reply.items
    assert f"left out: {system.titles[gone]}" in text


def test_several_and_all_can_be_refused(terminal):
    terminal.line("a drama")
    first = terminal.reply.items
    terminal.line("/no 1 3")
    assert not {first[0], first[2]} & set(terminal.reply.items)
    second = terminal.reply.items
    terminal.line("/none")
    assert not set(second) & set(terminal.reply.items)


def test_a_history_is_composed_by_titles(terminal, system):
    text = told(terminal, f"/add {system.titles[5]}", f"/add {system.titles[9]}", "/history")
    assert terminal.history == ["i0004", "i0008"]
    assert f"{system.titles[5]}; {system.titles[9]}" in text
    terminal.line("/new")
    assert terminal.history == []


@pytest.mark.parametrize(("line", "says"), [
    ("/no 1", "/no needs numbers of the list, 1 to 0"),
    ("/user", "/user needs an id, e.g. /user u0000"),
    ("/user x", "there is no user x; ids are those of your file, as u0000, u0001, u0002"),
    ("/user 9999", "there is no user 9999"),
    ("/add velvet", "'velvet' is not one title"),
    ("/nothing", "/nothing: no such command"),
    ("/help", "you do not want items 2 and 4"),
])  # fmt: skip
def test_mistakes_are_one_sentence(terminal, line, says):
    assert says in told(terminal, line)


@pytest.mark.parametrize("title", [*HOSTILE, *ORDINARY, ":heart: [bold]x[/bold]"])
def test_a_title_is_text_and_one_line(system, title):
    named = copy(system)
    named.titles = [title] * len(system.titles)
    out = StringIO()
    one = Terminal(named, Console(file=out, width=500, force_terminal=False), TurnSettings())
    for line in ("/user 3", "a drama", "/no 1", "/history", f"/add {title}"):
        one.line(line)
    text = out.getvalue()
    assert not set(text) & {"\x1b", "\x07", "\r", "\x9b", "\u202e"}
    assert not any(line.startswith(("results:", "- a list")) for line in text.split("\n"))
    assert plain(title) in text


def test_it_ends_when_the_person_leaves(terminal, monkeypatch):
    lines = iter(["", "a drama", "/quit", "never read"])
    monkeypatch.setattr(terminal.console, "input", lambda *words: next(lines))
    terminal.run()
    assert next(lines) == "never read" and len(terminal.reply.items) == 5


def test_the_end_of_the_input_is_the_end(terminal, monkeypatch):
    def nothing(*words):
        raise EOFError

    monkeypatch.setattr(terminal.console, "input", nothing)
    terminal.run()
