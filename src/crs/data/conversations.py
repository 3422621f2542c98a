"""Dialogue data: what its readers return, and the canonical tables made of it.

A turn is what one side says until the other speaks: utterances of one role in a row are merged.
Tables: docs/architecture.md; what is dropped, and why: docs/c2crs.md, data.
"""

from collections import Counter
from dataclasses import dataclass, field
from reprlib import repr as short
from typing import Any

import pandas as pd

from crs.data.parsing.raw import ITEMS
from crs.errors import UserError
from crs.stages.dataset import Dataset

SPLITS = ("train", "valid", "test")
ROLES = {"seeker": "seeker", "user": "seeker", "recommender": "recommender"}
ROLES["system"] = "recommender"
UNKNOWN_ITEM = "@0"
"""Token of a mention whose item is not known; `@12` is that of item 12."""


@dataclass
class Utterance:
    """What was said at once.

    Attributes:
        role: `seeker` or `recommender`.
        tokens: its words; a mention of an item is one token.
        items, entities: names of what was annotated, in order.
        mentions: (place of the token, name of the entity).
    """

    role: str
    tokens: list[str]
    text: str
    items: list[str] = field(default_factory=list)
    entities: list[str] = field(default_factory=list)
    mentions: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class RawDialogues:
    """A source's dialogues under its own names.

    Attributes:
        dialogues: split -> name of the dialogue -> its utterances.
        items: item, title, year, attributes, description; the items that may be recommended.
        entities: name -> id in the source; items are entities too.
        triples: head, relation, tail, by name.
        reviews: entity name, tokens.
        chosen: which reviews the source gives to which response: split, dialogue, turn (merged),
            review (place in `reviews`); None where that is left to us.
        vocabulary: the source's own words, most important first; None takes those of the text.
        dropped: what the reader could not use, and how often.
    """

    dialogues: dict[str, dict[str, list[Utterance]]]
    items: pd.DataFrame
    entities: dict[str, int]
    triples: list[tuple[str, str, str]] = field(default_factory=list)
    reviews: list[tuple[str, list[str]]] = field(default_factory=list)
    chosen: list[tuple[str, str, int, int]] | None = None
    vocabulary: list[str] | None = None
    dropped: Counter[str] = field(default_factory=Counter)


def role_of(name: Any, where: str) -> str:
    """`seeker` or `recommender`.

    Raises:
        UserError: for any other name, with where it stands.
    """
    role = ROLES.get(name.lower()) if isinstance(name, str) else None
    if role is None:
        raise UserError(
            f"dataset: {where} has role {short(name)}; roles are Seeker (or User) and Recommender "
            "(or System)"
        )
    return role


def merged(utterances: list[Utterance], dropped: Counter[str]) -> list[Utterance]:
    """Turns: utterances of one role in a row as one, mentions moved along; empty ones left out."""
    turns: list[Utterance] = []
    for said in utterances:
        if not said.tokens:
            dropped["empty utterances"] += 1
            continue
        if turns and turns[-1].role == said.role:
            last = turns[-1]
            turns[-1] = Utterance(
                said.role,
                last.tokens + said.tokens,
                f"{last.text} {said.text}",
                last.items + said.items,
                last.entities + said.entities,
                last.mentions + [(at + len(last.tokens), name) for at, name in said.mentions],
            )
        else:
            turns.append(said)
    return turns


def separated(
    raw: RawDialogues,
) -> list[tuple[str, str, list[Utterance]]]:
    """(split, name, turns) of all dialogues, each in one split alone.

    A dialogue that is in two, by name or by its words, stays in the last of train, valid, test, so
    that nothing which is tested was trained on.
    """
    kept: list[tuple[str, str, list[Utterance]]] = []
    names: set[str] = set()
    words: dict[tuple[str, ...], str] = {}
    for split in reversed(SPLITS):
        part = []
        for name, utterances in raw.dialogues[split].items():
            turns = merged(utterances, raw.dropped)
            key = tuple(" ".join(turn.tokens) for turn in turns)
            # Words alone tell little of a dialogue of a greeting or two.
            if name in names or (len(turns) > 2 and words.get(key, split) != split):
                raw.dropped["dialogues in two splits"] += 1
                continue
            if len(turns) < 2:
                raw.dropped["dialogues of one turn"] += 1
            elif not any(turn.items for turn in turns):
                raw.dropped["dialogues without items"] += 1
            part.append((split, name, turns))
            words.setdefault(key, split)
        names |= {name for _, name, _ in part}
        kept = part + kept
    return kept


def numbered(raw: RawDialogues) -> dict[str, int]:
    """Entity ids: 1 … N for the items, in the order of the item table, then the other entities."""
    items = list(raw.items["item"])
    known = set(items)
    others = [
        name for name in sorted(raw.entities, key=raw.entities.__getitem__) if name not in known
    ]
    return {name: i for i, name in enumerate([*items, *others], 1)}


def tables(raw: RawDialogues, settings: Dataset) -> dict[str, pd.DataFrame]:
    """Tables with dense ids from 1; entity i is item i for the items.

    Returns:
        users (one a dialogue: user, raw, split), interactions (items mentioned: user, item,
        timestamp = turn, rating = 1), items, attributes (none), entities (entity, raw, source),
        relations (relation, name), triples (head, relation, tail), dialogues (split, dialogue,
        turn, role, text, tokens, items, entities, mention_at, mention), cases (split, dialogue,
        turn, response, item, repeat: one a (context, item of the response)), reviews (review,
        entity, tokens), chosen (response, review) and vocabulary (token), the last two empty where
        the source has none. `response` counts the turns that answer for the chosen roles.
    Raises:
        UserError: if a split has no case.
    """
    number, dropped = numbered(raw), raw.dropped
    n_items = len(raw.items)
    rows: list[dict[str, Any]] = []
    cases: list[tuple[str, int, int, int, int, bool]] = []
    users: list[tuple[int, str, str]] = []
    answers: dict[tuple[str, str, int], int] = {}
    for dialogue, (split, name, turns) in enumerate(separated(raw), 1):
        users.append((dialogue, name, split))
        before: set[int] = set()
        for turn, said in enumerate(turns):
            row = turn_row(said, number, n_items, dropped)
            if turn and (settings.roles == "both" or said.role == settings.roles):
                response = answers.setdefault((split, name, turn), len(answers))
                cases += [
                    (split, dialogue, turn, response, item, item in before) for item in row["items"]
                ]
            before |= {e for e in row["entities"] if e <= n_items}
            rows.append({"split": split, "dialogue": dialogue, "turn": turn} | row)
    present = {split for split, *_ in cases}
    if missing := [split for split in SPLITS if split not in present]:
        raise UserError(
            f"dataset={settings.name}: no response of dataset.roles={settings.roles} in "
            f"{' or '.join(missing)} names a known item; is the folder complete?"
        )
    said_table = pd.DataFrame(rows)
    mentioned = said_table[["dialogue", "turn", "items"]].explode("items").dropna()
    reviews, places = review_table(raw, number)
    chosen = [
        (answers[split, name, turn], places[review])
        for split, name, turn, review in raw.chosen or []
        if (split, name, turn) in answers and review in places
    ]
    return {
        "users": pd.DataFrame(users, columns=["user", "raw", "split"]),
        "interactions": pd.DataFrame(
            {
                "user": mentioned["dialogue"].astype("int64"),
                "item": mentioned["items"].astype("int64"),
                "timestamp": mentioned["turn"].astype("int64"),
                "rating": 1.0,
            }
        ).reset_index(drop=True),
        "items": item_table(raw.items),
        "attributes": pd.DataFrame(
            {"attribute": pd.Series(dtype="int64"), "name": pd.Series(dtype="str")}
        ),
        "entities": pd.DataFrame(
            {
                "entity": list(number.values()),
                "raw": list(number),
                "source": [raw.entities.get(name, -1) for name in number],
            }
        ),
        **triple_tables(raw, number),
        "dialogues": said_table,
        "cases": pd.DataFrame(
            cases, columns=["split", "dialogue", "turn", "response", "item", "repeat"]
        ),
        "reviews": reviews,
        "chosen": pd.DataFrame(chosen, columns=["response", "review"]).astype("int64"),
        "vocabulary": pd.DataFrame({"token": source_words(raw, number)}, dtype="str"),
    }


def turn_row(
    said: Utterance, number: dict[str, int], n_items: int, dropped: Counter[str]
) -> dict[str, Any]:
    """A turn's columns, its names as ids; what is not in the vocabulary of entities is counted."""

    def ids(names: list[str]) -> list[int]:
        dropped["entities not in the vocabulary"] += sum(name not in number for name in names)
        return [number[name] for name in names if name in number]

    items, entities, tokens = ids(said.items), ids(said.entities), list(said.tokens)
    dropped["mentioned items that are not recommendable"] += sum(i > n_items for i in items)
    mentions = [(at, number[name]) for at, name in said.mentions if name in number]
    for at, entity in mentions:
        if tokens[at].startswith("@") and entity <= n_items:
            tokens[at] = f"@{entity}"
    known = {at for at, entity in mentions if entity <= n_items}
    for at, token in enumerate(tokens):
        if token.startswith("@") and token[1:].isdecimal() and at not in known:
            tokens[at] = UNKNOWN_ITEM
            dropped["mentions of unknown items"] += 1
    return {
        "role": said.role,
        "text": said.text,
        "tokens": tokens,
        "items": [i for i in items if i <= n_items],
        # In the order of the released code: linked entities, then items.
        "entities": list(dict.fromkeys(entities + items)),
        "mention_at": [at for at, _ in mentions],
        "mention": [entity for _, entity in mentions],
    }


def item_table(items: pd.DataFrame) -> pd.DataFrame:
    """The reader's items under the names of the canonical table, numbered from 1."""
    out = items[ITEMS].rename(columns={"item": "raw"}).reset_index(drop=True)
    out.insert(0, "item", range(1, len(out) + 1))
    out["attributes"] = [[] for _ in range(len(out))]
    return out


def triple_tables(raw: RawDialogues, number: dict[str, int]) -> dict[str, pd.DataFrame]:
    """`relations` and `triples`; a triple with an unknown end is counted and left out."""
    names = list(dict.fromkeys(relation for _, relation, _ in raw.triples))
    relation_of = {name: i for i, name in enumerate(names, 1)}
    rows = []
    for head, relation, tail in raw.triples:
        if head not in number or tail not in number:
            raw.dropped[f"triples with an unknown {'head' if head not in number else 'tail'}"] += 1
            continue
        rows.append((number[head], relation_of[relation], number[tail]))
    return {
        "relations": pd.DataFrame({"relation": range(1, len(names) + 1), "name": names}),
        "triples": pd.DataFrame(rows, columns=["head", "relation", "tail"]).astype("int64"),
    }


def review_table(raw: RawDialogues, number: dict[str, int]) -> tuple[pd.DataFrame, dict[int, int]]:
    """`reviews`, numbered from 1, and the number of each review of the source that is kept."""
    rows: list[tuple[int, int, list[str]]] = []
    places: dict[int, int] = {}
    for place, (name, tokens) in enumerate(raw.reviews):
        if name not in number or not tokens:
            raw.dropped["reviews of unknown items" if tokens else "empty reviews"] += 1
            continue
        places[place] = len(rows) + 1
        rows.append((len(rows) + 1, number[name], tokens))
    return pd.DataFrame(rows, columns=["review", "entity", "tokens"]), places


def source_words(raw: RawDialogues, number: dict[str, int]) -> list[str]:
    """The source's vocabulary, its item tokens under our names (`vocabulary` holds `@name`)."""
    words = [
        f"@{number[word[1:]]}" if word.startswith("@") and word[1:] in number else word
        for word in raw.vocabulary or []
        if not (word.startswith("@") and word[1:].isdecimal() and word[1:] not in number)
    ]
    return list(dict.fromkeys(words))


def statistics(
    out: dict[str, pd.DataFrame], dropped: Counter[str], settings: Dataset
) -> dict[str, Any]:
    """Counts of the tables, and of what was left out."""
    cases, splits = out["cases"], out["users"]["split"].value_counts()
    test = cases[cases["split"] == "test"]
    return {
        "conversations": len(out["users"]),
        **{f"conversations_{split}": int(splits.get(split, 0)) for split in SPLITS},
        "turns": len(out["dialogues"]),
        "roles": settings.roles,
        "users": len(out["users"]),
        "items": len(out["items"]),
        "interactions": len(out["interactions"]),
        "entities": len(out["entities"]),
        "triples": len(out["triples"]),
        "reviews": len(out["reviews"]),
        "vocabulary": len(out["vocabulary"]),
        "attributes": 0,
        "dialogues": 0,  # those of attributes
        "cases": len(cases),
        "cases_test": len(test),
        "repeats_test": float(test["repeat"].mean()) if len(test) else 0.0,
        "dropped": {key: count for key, count in sorted(dropped.items()) if count},
    }


def note(found: dict[str, Any]) -> str:
    """The stage's line."""
    lost = ", ".join(f"{count:,} {what}" for what, count in found["dropped"].items())
    return (
        f"{found['conversations']:,} dialogues, {found['turns']:,} turns, "
        f"{found['items']:,} items, {found['cases']:,} cases ({found['cases_test']:,} test, "
        f"{found['repeats_test']:.1%} of them repeats), {found['entities']:,} entities, "
        f"{found['reviews']:,} reviews" + (f"; counted: {lost}" if lost else "")
    )
