"""Titles and attributes that somebody made to do harm, in reports and on the terminal."""

import csv
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt

from tests.contracts import dialogues
from tests.faults.attempts import Typed, attempt
from tests.faults.recipes import QUICK, SMALL
from tests.faults.tried import OTHER, RAN, Tried

HOST = "evil.example"
TITLES = (
    f"<script src=//{HOST}/a.js></script>", f"<img src=x onerror=fetch('//{HOST}')>",
    f"![shown](http://{HOST}/a.png)", "[press](javascript:alert(1))", f"<http://{HOST}>",
    "One\n\n# forged heading\n", "One | forged cell | two", "\x1b[2J\x1b]0;forged\x07 gone",
    "\x9b31mred", "back\rforged", "\u202egnp.exe", f"`code` **bold** <b>{HOST}</b>",
    f"--> <!-- {HOST}", "\\[press\\](javascript:alert(2))", f"[a]: http://{HOST} 'x'", "&lt;b&gt;",
)  # fmt: skip
"""Each is a film several times over, an attribute, and part of a user's name."""
HEARD = "/user 1\n/history\nforged\n/add forged\n/none\n/quit\n"
USERS, ITEMS = 30, 8 * len(TITLES)


def films(folder: Path) -> list[str]:
    """A data set of these titles; returns the words that name it."""
    with (folder / "plays.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["user", "item", "timestamp"])
        rows.writerows((f"{TITLES[u % len(TITLES)]}{u}", (7 * u + i * i) % ITEMS, 100 * u + i)
                       for u in range(USERS) for i in range(20))  # fmt: skip
    with (folder / "items.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["item", "title", "genre"])
        rows.writerows((i, f"{TITLES[i % len(TITLES)]} {i}", TITLES[i // 9]) for i in range(ITEMS))
    return ["dataset=custom", f"dataset.path={folder / 'plays.csv'}",
            f"dataset.items={folder / 'items.csv'}", "dataset.columns.attributes=genre",
            "dataset.min_user=3", "dataset.min_item=1", "dataset.duplicates=drop"]  # fmt: skip


def talks(folder: Path) -> list[str]:
    """Dialogues in TG-ReDial's layout whose words are such texts."""
    said = dialogues.tgredial(folder / "tgredial")
    for file in (*said.glob("*_data.json"), said / "token2id.json"):
        file.write_text(file.read_text().replace("好看", f"<script>{HOST}</script>"))
    return ["dataset=tgredial", f"dataset.path={said}", *SMALL]


COMMANDS: dict[str, tuple[str, Callable[[Path], list[str]], tuple[str, ...]]] = {
    "a table": ("train.py", films, ("model=attribute_filter",)),
    "dialogues": ("train.py", films, ("model=attribute_filter", "stage=multi_turn")),
    "responses": ("train.py", talks, ("model=c2crs", "stage=converse")),
    "a chat": ("chat.py", films, ("model=attribute_filter",)),
}
"""Script, data set and words of each."""


def controls(text: str) -> set[str]:
    """Characters of a text that steer a terminal, or turn the direction of what follows."""
    return {char for char in text if char not in "\n\t" and (
        unicodedata.category(char) == "Cc" or char in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"
    )}  # fmt: skip


def forged(markdown: str) -> Iterator[str]:
    """What a browser would make of hostile text in a Markdown file."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown)
    for token in [inner for outer in tokens for inner in (outer, *(outer.children or ()))]:
        places = f"{token.attrGet('href') or ''} {token.attrGet('src') or ''}"
        if token.type in ("html_block", "html_inline") and re.search(
            rf"{HOST}|script|onerror|<b>|<!--", token.content
        ):
            yield f"HTML {token.content.strip()}"
        elif HOST in places or "javascript:" in places:
            yield f"a link to {places.strip()}"
    for before, token in pairwise(tokens):
        if before.type == "heading_open" and token.content.startswith("forged"):
            yield f"a heading {token.content}"
        if before.type in ("td_open", "th_open") and token.content.strip() == "forged cell":
            yield "a cell of a table"


def shown(folder: Path, tried: Tried) -> None:
    """Markdown, HTML and escape sequences as titles, attributes and users: in no report and on no
    terminal are they more than text."""
    for name in tried.drawn(list(COMMANDS)):
        place = folder / "place"
        place.mkdir()
        script, write, words = COMMANDS[name]
        fixed = ("tracker=none", *QUICK, f"store={place / 'store'}")
        task = Typed((*words, *write(place), *fixed), place, script=script, heard=HEARD)
        done = attempt(task)
        if done.code != 0:
            tried.fail(OTHER, f"{name}: {done.code} {done.sentence}")
        streams = {"standard output": done.out, "standard error": done.said}
        problems = [
            f"{name}: {control!a} on {stream}"
            for stream, text in streams.items()
            for control in sorted(controls(text))
        ]
        for file in sorted((place / "store").rglob("*.md")):
            found = sorted(set(forged(file.read_text())))
            problems += [f"{name}: {file.name} has {one}" for one in found]
        for problem in problems:
            tried.fail(RAN if "script" in problem else OTHER, problem)
        if done.code == 0 and not problems:
            tried.held[name] += 1
        shutil.rmtree(place)
