"""INSPIRED with linked entities: one dialogue a line, a list of turns (docs/c2crs.md, data)."""

import re
from collections import Counter
from pathlib import Path
from reprlib import repr as short
from typing import Any
from urllib.parse import unquote

import pandas as pd

from crs.data.conversations import SPLITS, RawDialogues, Utterance, role_of
from crs.data.parsing.json_files import by_number, expect, field, fits, lines, load, parallel
from crs.data.parsing.mentions import linked
from crs.data.parsing.text_files import LIMIT
from crs.data.reader import reader
from crs.errors import UserError
from crs.stages.dataset import Dataset
from crs.titles import title_and_year

RESOURCE = re.compile(r"<?(?:https?://dbpedia\.org/resource/)?(.*?)>?")
FILM = re.compile(r"(.*?) \((?:(\d{4}) )?[^()]*film[^()]*\)")


def title_of(entity: str) -> tuple[str, int | None]:
    """Title and year that a DBpedia name gives: `…/Joker_(2019_film)` is Joker, 2019."""
    match = RESOURCE.fullmatch(entity)
    name = unquote(match[1] if match else entity).replace("_", " ")
    if film := FILM.fullmatch(name):
        return film[1], int(film[2]) if film[2] else None
    return title_and_year(name)


def items_of(names: list[str]) -> pd.DataFrame:
    """The item table of films known by their DBpedia names."""
    pairs = [title_of(name) for name in names]
    return pd.DataFrame(
        {
            "item": names,
            "title": [title for title, _ in pairs],
            "year": pd.array([year for _, year in pairs], dtype="Int64"),
            "attributes": [[] for _ in names],
            "description": "",
        }
    )


def entity_names(folder: Path, item_file: str) -> tuple[dict[str, int], dict[int, str], list[str]]:
    """Name -> id, id -> name (both without the slot for padding), and the names of the items.

    Raises:
        UserError: for an id that no table can hold, or of an item that is no entity.
    """
    entities: dict[str, int] = load(folder / "entity2id.json", dict[str, int])
    entities.pop("None", None)
    if wrong := [name for name, i in entities.items() if not 0 <= i < LIMIT]:
        raise UserError(
            f"dataset: entity2id.json has {short(entities[wrong[0]])} for {short(wrong[0])}; ids "
            "are numbers from 0 that 64 bits hold"
        )
    names = {i: name for name, i in entities.items()}
    ids = set(load(folder / item_file, list[int]))
    if unknown := sorted(ids - set(names)):
        raise UserError(f"dataset: {item_file} has {short(unknown[0])}, which entity2id.json lacks")
    return entities, names, [names[i] for i in sorted(ids)]


def graph_of(folder: Path, names: dict[int, str]) -> list[tuple[str, str, str]]:
    """`dbpedia_subkg.json`, head -> [[relation, tail], …], as triples of names.

    Ids outside the vocabulary stand as `?id`, which is counted later; loops are left out, for the
    stage `graph` makes its own.
    """
    relation_file = folder / "relation2id.json"
    known = load(relation_file, dict[str, int]) if relation_file.is_file() else {}
    relation_name = {i: name for name, i in known.items()}
    triples = []
    file = folder / "dbpedia_subkg.json"
    for head, pairs in by_number(load(file, dict[str, list]), file.name).items():
        for pair in pairs:
            if not fits(pair, list[int | str]) or len(pair) != 2:
                raise UserError(
                    f"dataset: {file.name} has {short(pair)} for head {head}; "
                    "[relation, tail] expected"
                )
            relation, tail = pair
            if head != tail:
                name = str(relation_name.get(relation, relation))
                triples.append((names.get(head, f"?{head}"), name, names.get(tail, f"?{tail}")))
    return triples


def utterance(turn: Any, items: set[str], where: str, dropped: Counter[str]) -> Utterance:
    """A turn of the file, the names of items in it as item tokens."""
    text = field(turn, "text", str, where)
    films, entities = (
        parallel(turn, {f"{kind}_name": list[str], f"{kind}_link": list[str]}, where)
        for kind in ("movie", "entity")
    )
    tokens, mentions, missing = linked(
        text,
        [film for film in films if film[1] in items],
        [film for film in films if film[1] not in items] + entities,
    )
    dropped["annotated names that are not in the text"] += missing
    return Utterance(
        role_of(turn.get("role"), where),
        tokens,
        text,
        [link for _, link in films],
        [link for _, link in entities],
        mentions,
    )


@reader("inspired", 1, unnamed_in=("inspired",))
def read(folder: Path, settings: Dataset) -> RawDialogues:
    """`{train,valid,test}_data_dbpedia.jsonl`, `entity2id.json`, `item_ids.json`,
    `dbpedia_subkg.json` and, where it is there, `relation2id.json`.

    Raises:
        UserError: with file and line, if something is missing, cut off or of another form.
    """
    dropped: Counter[str] = Counter()
    entities, names, items = entity_names(folder, "item_ids.json")
    known = set(items)
    dialogues: dict[str, dict[str, list[Utterance]]] = {}
    for split in SPLITS:
        file = folder / f"{split}_data_dbpedia.jsonl"
        dialogues[split] = {}
        for number, turns in lines(file):
            where = f"line {number} of {file.name}"
            dialogues[split][f"{split} {number}"] = [
                utterance(turn, known, f"turn {at} of {where}", dropped)
                for at, turn in enumerate(expect(turns, list, where), 1)
            ]
    graph = graph_of(folder, names)
    return RawDialogues(dialogues, items_of(items), entities, graph, dropped=dropped)
