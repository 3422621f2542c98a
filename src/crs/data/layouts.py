"""Which layout a set of dialogues has, by its first record: said where a reader refuses the set."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

HEAD = 1 << 22
"""Bytes of a file that are read: many first dialogues."""
SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".txt")
TEXTS = set("text texts utterance message content utt sentence response".split())
"""Fields of a turn that hold what was said."""
SPEAKERS = set("role speaker sender agent participant".split())
TALKS = set(
    "conversation conversations dialog dialogue messages turns utterances log history".split()
)
"""Fields of a dialogue that may hold what was said as a list of texts."""
ITEMS = {"item", "item_id"}
"""Columns of interactions: texts beside them are reviews."""
METADATA, PATHS = ("meta", "metadata"), ("path", "paths", "kg_path", "kg_paths")
BLANK = "\ufeff \t\r\n"
FIELDS = 8
"""Fields that are named in a sentence, at most."""
LOOKED_AT = 20
"""Turns of which one must have a text: the others may be actions."""


@dataclass(frozen=True)
class Layout:
    """What a reader of dialogues reads.

    Attributes:
        needs: the files, and the fields in them.
    """

    dataset: str
    reader: str
    needs: str


OFFICIAL = Layout(
    "redial", "crs.data.readers.redial:read",
    "train_data.jsonl and test_data.jsonl: a dialogue a line, with conversationId, "
    "initiatorWorkerId, respondentWorkerId, movieMentions (id: title) and messages (text with "
    "films as @id, senderWorkerId)",
)  # fmt: skip
INSPIRED = Layout(
    "inspired", "crs.data.readers.inspired:read",
    "{train,valid,test}_data_dbpedia.jsonl, a line a list of turns with text, role, movie_name, "
    "movie_link, entity_name and entity_link, and entity2id.json, item_ids.json and "
    "dbpedia_subkg.json",
)  # fmt: skip
CRSLAB = Layout(
    "redial", "crs.data.readers.redial:read",
    "{train,valid,test}_data.json, lists of dialogues with dialog, whose turns have role, text (a "
    "list of words), movies and entity, and entity2id.json, movie_ids.json, dbpedia_subkg.json "
    "and token2id.json",
)  # fmt: skip
TGREDIAL = Layout(
    "tgredial", "crs.data.readers.crslab:tgredial",
    "{train,valid,test}_data.json, lists of dialogues with messages, whose turns have role, text "
    "(a list of words), movie and entity, and entity2id.json, movie_ids.json, cn-dbpedia.txt and "
    "token2id.json",
)  # fmt: skip


@dataclass(frozen=True)
class Dialogue:
    """The first dialogue of a file.

    Attributes:
        how: where it stands: `a line`, `an entry` of a list or object, or `a row` of a table.
        fields: its own; none where it is a bare list of turns.
        turn: all fields of its turns; none where these are texts.
        paths: whether it has paths through a graph.
    """

    how: str
    fields: frozenset[str]
    turn: frozenset[str]
    paths: bool = False

    @property
    def own(self) -> Layout | None:
        """The layout of ours that this has, if it has one."""
        if self.how == "a line" and "messages" in self.fields and "senderWorkerId" in self.turn:
            return OFFICIAL
        if self.how == "a line" and not self.fields and "movie_link" in self.turn:
            return INSPIRED
        if self.how == "an entry" and "dialog" in self.fields and "movies" in self.turn:
            return CRSLAB
        if self.how == "an entry" and "messages" in self.fields and "movie" in self.turn:
            return TGREDIAL
        return None

    @property
    def name(self) -> str:
        """The published set that looks like this, or what it is like."""
        if self.paths or {"Messages", "Assistant Rating"} <= self.fields:
            return "OpenDialKG"
        if "conversation" in self.fields and self.fields & {"goal", "situation", "user_profile"}:
            return "DuRecDial"
        if "log" in self.fields or ({"services", "turns"} <= self.fields):
            return "MultiWOZ"
        if {"role", "text", "entity"} <= self.turn:
            return "another set in CRSLab's layout"
        return "dialogues"

    @property
    def nearest(self) -> Layout:
        """The layout of ours from which it takes least to get there."""
        if self.how == "an entry" and "entity" in self.turn:
            return TGREDIAL if "messages" in self.fields else CRSLAB
        return OFFICIAL if self.fields else INSPIRED

    def described(self) -> str:
        """Its fields, for people."""
        found = f"a dialogue {self.how}"
        if self.fields:
            found += f" with {listed(self.fields)}"
        return found + (f", turns with {listed(self.turn)}" if self.turn else "")


def listed(fields: frozenset[str]) -> str:
    """Names of fields, not too many."""
    return ", ".join(sorted(fields)[:FIELDS])


def records(text: str) -> Iterator[tuple[str, Any]]:
    """The values that may be the first dialogue of a JSON text, each with how it stands there.

    Raises:
        ValueError: if the text is not JSON.
    """
    decoder, text = json.JSONDecoder(), text.lstrip(BLANK)
    try:
        whole, _ = decoder.raw_decode(text)
    except ValueError:  # perhaps longer than what is read
        part = text[1:].lstrip()
        if text.startswith("{"):
            _, end = decoder.raw_decode(part)
            part = part[end:].lstrip().removeprefix(":").lstrip()
        yield "an entry", decoder.raw_decode(part)[0]
        return
    yield "a line", whole
    yield from (("an entry", entry) for entry in islice(entries(whole), 1))


def entries(value: Any) -> Iterable[Any]:
    """What a list or an object holds."""
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def turns_in(values: list[Any]) -> list[dict[str, Any]]:
    """The entries of a list that are turns: objects with a text, and no list of turns within."""
    return [
        value
        for value in values[:LOOKED_AT]
        if isinstance(value, dict) and TEXTS & set(value) and talk(value) is None
    ]


def talk(record: dict[str, Any]) -> list[Any] | None:
    """Of a dialogue's fields, the list of what was said."""
    for key, value in record.items():
        if isinstance(value, list) and value:
            texts = key in TALKS and isinstance(value[0], str)
            if turns_in(value) or (texts and (key != "history" or " " in value[0])):
                return value
    return None


def has_path(value: Any) -> bool:
    """Whether a path through a graph is somewhere in a value."""
    if isinstance(value, dict):
        return any(
            key in PATHS or (key in METADATA and isinstance(part, list) and part) or has_path(part)
            for key, part in value.items()
        )
    return isinstance(value, list) and any(map(has_path, value))


def dialogue(how: str, value: Any) -> Dialogue | None:
    """A JSON value as a dialogue, if it is one."""
    fields, said = frozenset[str](), None
    if isinstance(value, list):
        said = value if turns_in(value) else None
    elif isinstance(value, dict):
        fields, said = frozenset(value), talk(value)
    if said is None:
        return None
    turn = frozenset[str]().union(*turns_in(said))
    return Dialogue(how, fields, turn, has_path(value))


def of_file(file: Path) -> Dialogue | None:
    """The first dialogue of a file; None if it has none.

    Raises:
        OSError, ValueError: if it cannot be read, or begins like JSON and is none.
    """
    with file.open("rb") as stream:
        text = stream.read(HEAD).decode("utf-8", "replace").lstrip(BLANK)
    if text[:1] in ("[", "{"):
        found = (dialogue(how, value) for how, value in records(text))
        return next((one for one in found if one), None)
    line = text.partition("\n")[0]
    header = next(csv.reader([line], delimiter="\t" if "\t" in line else ","), [])
    names = frozenset(name.strip().lower() for name in header)
    spoken = "messages" in names or (names & TEXTS and names & SPEAKERS and not names & ITEMS)
    return Dialogue("a row", frozenset(header), frozenset()) if spoken else None


def refusal(path: Path, reader: str) -> str | None:
    """The sentence for a file or folder that holds dialogues in another layout than a reader's.

    Args:
        reader: `module:function` that refused it.
    Returns:
        what was found, which of our data sets is nearest, and what that needs; None where there
        are no dialogues, or such as the reader reads.
    """
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
    for file in sorted(files, key=lambda file: "train" not in file.name):
        try:
            found = of_file(file)
        except (OSError, ValueError, RecursionError, csv.Error):
            continue
        if found is None:
            continue
        if found.own is None:
            return (
                f"dataset: {file.name} looks like {found.name} ({found.described()}), which no "
                f"dataset= reads; the nearest is dataset={found.nearest.dataset}, which needs "
                f"{found.nearest.needs}"
            )
        if found.own.reader == reader:
            return None
        return (
            f"dataset: {file.name} has the layout of dataset={found.own.dataset} "
            f"({found.described()}); type dataset={found.own.dataset} dataset.path=FOLDER"
        )
    return None
