"""ReDial: the official line format, or CRSLab's layout, whichever the folder holds."""

import re
from collections import Counter
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np
import pandas as pd

from crs.data.conversations import SPLITS, RawDialogues, Utterance
from crs.data.parsing.json_files import expect, field, lines
from crs.data.parsing.mentions import words
from crs.data.parsing.raw import BadRows, Place
from crs.data.parsing.text_files import decoded, of_width, opened, unquoted
from crs.data.reader import reader
from crs.data.readers import crslab
from crs.errors import UserError
from crs.stages.dataset import Dataset
from crs.titles import title_and_year

VALID_SHARE, VALID_SEED = 0.1, 2018
"""Where there is no validation part it is a tenth of the training dialogues, drawn once."""


@reader("redial", 1, unnamed_in=("redial",), newer={"valid_data.jsonl": 2})
def read(folder: Path, settings: Dataset) -> RawDialogues:
    """The folder's dialogues; `train_data.jsonl` is the official format, `train_data.json` is
    CRSLab's.

    Raises:
        UserError: if it holds neither, or what it holds is broken.
    """
    if (folder / "train_data.jsonl").is_file():
        return official(folder)
    if (folder / "train_data.json").is_file():
        return crslab.redial(folder, settings)
    raise UserError(
        f"dataset.path: {folder} has neither train_data.jsonl (the official format) nor "
        "train_data.json (CRSLab's)"
    )


def official(folder: Path) -> RawDialogues:
    """`{train,test}_data.jsonl`, `valid_data.jsonl` where it is there (the official files have
    none), and titles from `movies_with_mentions.csv` where it is there.

    Movies of one title are one item: the file has several ids for some. There is no graph and no
    entity but the movies; the stage `graph` adds years and decades.

    Raises:
        UserError: with file and line.
    """
    titles = mention_titles(folder / "movies_with_mentions.csv")
    found: dict[str, dict[str, list[Utterance]]] = {}
    files = {split: folder / f"{split}_data.jsonl" for split in SPLITS}
    if not files["valid"].exists():
        del files["valid"]
    for split, file in files.items():
        found[split] = {}
        for number, record in lines(file):
            where = f"line {number} of {file.name}"
            name = field(record, "conversationId", str, where)
            if name in found[split]:
                raise UserError(
                    f"dataset: {where} has conversationId {short(name)}, as a line before it"
                )
            # An empty table of mentions is written as a list.
            told = expect(
                record.get("movieMentions") or {},
                dict[str, str | None],
                f"'movieMentions' of {where}",
            )
            mentions = {movie: clean(title) for movie, title in told.items() if title} | {
                movie: titles[movie] for movie in told if movie in titles
            }
            found[split][name] = [
                utterance(message, record, mentions, where)
                for message in field(record, "messages", list[dict], where)
            ]
    dialogues = found if "valid" in found else with_valid(**found)
    mentioned = sorted(
        {
            item
            for part in dialogues.values()
            for said in part.values()
            for one in said
            for item in one.items
        }
    )
    pairs = [title_and_year(title) for title in mentioned]
    items = pd.DataFrame(
        {
            "item": mentioned,
            "title": [title for title, _ in pairs],
            "year": pd.array([year for _, year in pairs], dtype="Int64"),
            "attributes": [[] for _ in mentioned],
            "description": "",
        }
    )
    entities = {name: i for i, name in enumerate(mentioned)}
    return RawDialogues(dialogues, items, entities, dropped=Counter())


def with_valid(
    train: dict[str, list[Utterance]], test: dict[str, list[Utterance]]
) -> dict[str, dict[str, list[Utterance]]]:
    """The splits, with a validation part that is drawn from training."""
    names = list(train)
    order = np.random.default_rng(VALID_SEED).permutation(len(names))
    held = {names[i] for i in order[: round(VALID_SHARE * len(names))]}
    return {
        "train": {name: said for name, said in train.items() if name not in held},
        "valid": {name: said for name, said in train.items() if name in held},
        "test": test,
    }


def clean(title: str) -> str:
    """A title with single spaces."""
    return re.sub(r"\s+", " ", title).strip()


def mention_titles(file: Path) -> dict[str, str]:
    """`movies_with_mentions.csv` (movieId,movieName,nbMentions): id -> title; empty if there is no
    such file."""
    if not file.is_file():
        return {}
    place, faults = Place(file.name), BadRows()
    rows = unquoted(decoded(opened(file), place, faults), ",", place, faults)
    told = list(of_width(rows, 3, place, faults))[1:]
    return {movie: clean(title) for _, (movie, title, _) in told}


def utterance(message: Any, record: Any, titles: dict[str, str], where: str) -> Utterance:
    """A message; the one who began the dialogue is the seeker."""
    text, sender = field(message, "text", str, where), field(message, "senderWorkerId", int, where)
    roles = {
        field(record, "initiatorWorkerId", int, where): "seeker",
        field(record, "respondentWorkerId", int, where): "recommender",
    }
    if sender not in roles or len(roles) < 2:
        raise UserError(
            f"dataset: {where} has a message of worker {short(sender)}, who is neither its "
            "initiator nor its respondent"
        )
    tokens = words(text)
    mentions = [
        (at, titles[token[1:]])
        for at, token in enumerate(tokens)
        if crslab.is_mention(token) and token[1:] in titles
    ]
    return Utterance(roles[sender], tokens, text, [name for _, name in mentions], [], mentions)
