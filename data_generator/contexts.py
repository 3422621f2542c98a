"""Stage `contexts`: what was said before each response, as tensors (docs/c2crs.md, contexts)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crs.console import Context
from crs.data.contexts import END, ITEM, PAD, SPECIAL, START, UNKNOWN
from crs.data.parsing.mentions import find, words
from crs.data.sequences import Sequences
from crs.stages.contexts import Contexts as Settings
from crs.store.artifact import Artifact, write_json

SPLITS = {"train": 0, "valid": 1, "test": 2}


@dataclass
class Row:
    """A context before it is cut to length.

    Attributes:
        tokens: utterances one after the other, an `__end__` after each.
        mentions: (place in tokens, entity).
        entities: in the order of their first mention.
        items: newest last; whose reviews are read.
        response: words of the answer; None where there is none.
        chosen: reviews that the source gives to this response; None leaves the choice to us.
        unsaid: what the dialogue names for the first time in the response itself or later.
    """

    split: str
    tokens: list[str]
    mentions: list[tuple[int, int]]
    entities: list[int]
    items: list[int]
    response: list[str] | None = None
    chosen: list[int] | None = None
    unsaid: set[int] = field(default_factory=set)


@dataclass
class Said:
    """What was said so far in a dialogue."""

    tokens: list[str] = field(default_factory=list)
    mentions: list[tuple[int, int]] = field(default_factory=list)
    entities: dict[int, None] = field(default_factory=dict)
    items: dict[int, None] = field(default_factory=dict)

    def hear(self, turn: Any) -> None:
        """Add a turn, a row of the table `dialogues`."""
        at = len(self.tokens)
        self.mentions += [
            (at + int(place), int(entity))
            for place, entity in zip(turn.mention_at, turn.mention, strict=True)
        ]
        self.tokens += [*turn.tokens, SPECIAL[END]]
        self.entities |= dict.fromkeys(map(int, turn.entities))
        for item in map(int, turn.items):
            self.items.pop(item, None)
            self.items[item] = None


def answered(dataset: Artifact) -> Iterator[Row]:
    """One row a response, in the order of the dialogues: what came before it, and nothing of it."""
    roles = dataset.summary["roles"]
    chosen = dataset.load("chosen.parquet")
    by_response = chosen.groupby("response")["review"].agg(list).to_dict() if len(chosen) else None
    number = 0
    for _, turns in dataset.load("dialogues.parquet").groupby("dialogue", sort=False):
        said = Said()
        named = {int(entity) for entities in turns["entities"] for entity in entities}
        for turn in turns.itertuples(index=False):
            if turn.turn and (roles == "both" or turn.role == roles):
                yield Row(
                    turn.split,
                    list(said.tokens),
                    list(said.mentions),
                    list(said.entities),
                    list(said.items),
                    list(turn.tokens),
                    None if by_response is None else by_response.get(number, []),
                    named - said.entities.keys(),
                )
                number += 1
            said.hear(turn)


def requested(
    dataset: Artifact, graph: Artifact, utterances: pd.DataFrame, history: int
) -> Iterator[Row]:
    """One row a simulated request: its words and attributes, and the items of the history."""
    sequences = Sequences.of(dataset)
    items, offsets = sequences.items.tolist(), sequences.offsets.tolist()
    names = ["", *dataset.load("attributes.parquet")["name"]]
    table = graph.load("entities.parquet")
    table = table[table["kind"] == "attribute"]
    entity = {int(key): number for number, key in zip(table["entity"], table["key"], strict=True)}
    columns = utterances[["split", "user", "cut", "text", "attributes"]]
    for split, user, cut, text, attributes in columns.itertuples(index=False):
        tokens = words(text)
        lower, free = [token.lower() for token in tokens], [True] * len(tokens)
        known = [int(a) for a in attributes if int(a) in entity]
        mentions = [(span.start, entity[a]) for a in known if (span := find(names[a], lower, free))]
        past = items[offsets[user] + max(0, cut - history) : offsets[user] + cut]
        newest = list(dict.fromkeys(reversed(past)))[::-1]
        yield Row(
            split,
            [*tokens, SPECIAL[END]],
            sorted(mentions),
            newest + [entity[a] for a in known],
            newest,
        )


def vocabulary(heard: list[list[str]], source: list[str], settings: Settings) -> list[str]:
    """Words by id: the special ones, then the source's own, or those that occur often enough in
    what was heard, the most frequent first."""
    if settings.vocabulary == "source" and source:
        return [*SPECIAL, *(word for word in source if word not in SPECIAL)]
    counts = Counter(word for tokens in heard for word in tokens)
    kept = [word for word, count in counts.items() if count >= settings.min_count]
    return [*SPECIAL, *sorted(set(kept) - set(SPECIAL), key=lambda word: (-counts[word], word))]


def lowered(tokens: list[str]) -> list[str]:
    """Lower-case words, special tokens as they are."""
    return [token if token in SPECIAL else token.lower() for token in tokens]


class Encoder:
    """Words to ids."""

    def __init__(self, vocabulary: list[str]) -> None:
        self.number = {word: i for i, word in enumerate(vocabulary)}

    def __call__(self, tokens: list[str], slot: bool = False) -> list[int]:
        """Ids; with `slot` every item is the one token `__item__`."""
        ids = []
        for token in tokens:
            item = token.startswith("@") and token[1:].isdecimal()
            known = None if item and slot else self.number.get(token)
            ids.append(known if known is not None else ITEM if item else UNKNOWN)
        return ids


def padded(rows: list[list[int]], width: int) -> np.ndarray:
    """Left-aligned rows, [n, width]; what is longer is cut at the end."""
    out = np.full((len(rows), max(1, width)), PAD, dtype=np.int32)
    for line, row in zip(out, rows, strict=True):
        line[: len(row)] = row[:width]
    return out


def lead(dataset: Artifact, entities: np.ndarray) -> np.ndarray:
    """How many turns before the response the dialogue first named each entity of the rows, NaN
    where it never does. What is above 0 is no leak.

    From the tables, not from what the rows were made of.

    Args:
        entities: one row a response, 0 is none, [rows, K].
    """
    turns = dataset.load("dialogues.parquet")
    each = turns[["dialogue", "turn", "entities"]].explode("entities").dropna()
    first = each.groupby(["dialogue", "entities"])["turn"].min()
    roles = dataset.summary["roles"]
    kept = turns[(turns["turn"] > 0) & ((turns["role"] == roles) | (roles == "both"))]
    frame = pd.DataFrame(
        {
            "dialogue": kept["dialogue"].to_numpy(),
            "turn": kept["turn"].to_numpy(),
            "entities": list(entities),
        }
    ).explode("entities")
    frame = frame[frame["entities"] > 0]
    begun = first.reindex(pd.MultiIndex.from_frame(frame[["dialogue", "entities"]])).to_numpy()
    return frame["turn"].to_numpy() - begun


def drop_leaks(rows: list[Row], about: list[int]) -> int:
    """Leave out chosen reviews of what the dialogue names only in the response or later: nobody
    could have chosen them before it. Returns how many.

    Args:
        about: the entity of each review.
    """
    count = 0
    for row in rows:
        known = [r for r in row.chosen or [] if about[r - 1] not in row.unsaid]
        count += len(row.chosen or []) - len(known)
        row.chosen = row.chosen and known
    return count


def run(
    settings: Settings, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes the arrays of `crs.data.contexts.Contexts` and `words.json`.

    Rows are the responses of a dialogue data set (`response` of its cases), or the utterances of
    `simulate` in their order.
    """
    dataset, graph = inputs["dataset"], inputs["graph"]
    about: list[int] = []
    texts: list[list[str]] = []
    source: list[str] = []
    dropped = 0
    if "simulate" in inputs:
        said = inputs["simulate"].load("utterances.parquet")
        rows = list(requested(dataset, graph, said, settings.entities))
        heard = [row.tokens for row in rows if row.split == "train"]
    else:
        reviews, turns = dataset.load("reviews.parquet"), dataset.load("dialogues.parquet")
        about, texts = reviews["entity"].tolist(), [list(tokens) for tokens in reviews["tokens"]]
        source = dataset.load("vocabulary.parquet")["token"].tolist()
        rows = list(answered(dataset))
        if settings.on_leak == "drop":
            dropped = drop_leaks(rows, about)
        heard = [list(x) for x in turns[turns["split"] == "train"]["tokens"]] + texts
    if settings.lower:
        heard, texts = [lowered(x) for x in heard], [lowered(x) for x in texts]
        for row in rows:
            row.tokens = lowered(row.tokens)
            row.response = row.response and lowered(row.response)
    names = vocabulary(heard, source, settings)
    encode = Encoder(names)
    found = arrays(rows, texts, about, encode, settings)
    for name, array in found.items():
        np.save(folder / f"{name}.npy", array)
    write_json(folder / "words.json", names)
    leaked = leaked_reviews = 0
    if "simulate" not in inputs:
        leaked = int((~(lead(dataset, found["entities"]) > 0)).sum())
        # A source may choose reviews of what nobody names, and these tell nothing of the response.
        read = found["review_entity"][found["reviews"]]
        leaked_reviews = int((lead(dataset, read) <= 0).sum())
    total = int((found["tokens"] > END).sum())
    counts = {
        "rows": len(rows),
        "words": len(names),
        "unknown": float((found["tokens"] == UNKNOWN).sum() / max(1, total)),
        "cut": float(np.mean([len(row.tokens) >= settings.length for row in rows])),
        "mentions": len(found["mentions"]),
        "without_entities": float((found["entities"][:, 0] == PAD).mean()),
        "with_reviews": float((found["reviews"][:, 0] > 0).mean()),
        "leaks": leaked,
        "leaks_reviews": leaked_reviews,
        "reviews_dropped": dropped,
    }
    context.note(
        f"{len(rows):,} contexts, {len(names):,} words ({counts['unknown']:.1%} unknown), "
        f"{counts['mentions']:,} mentions, {counts['without_entities']:.1%} without entities, "
        f"{counts['with_reviews']:.1%} with reviews, {leaked} leaks of the response"
        + (f", {leaked_reviews:,} in reviews" if leaked_reviews else "")
        + (f"; {dropped:,} reviews that leak it left out" if dropped else "")
    )
    return counts


def arrays(
    rows: list[Row], texts: list[list[str]], about: list[int], encode: Encoder, settings: Settings
) -> dict[str, np.ndarray]:
    """Every array of `crs.data.contexts.Contexts`, by name."""
    by_entity: dict[int, int] = {}
    for review, entity in enumerate(about, 1):
        by_entity.setdefault(entity, review)
    tokens, entities, mentions, offsets, chosen, responses = [], [], [], [0], [], []
    for row in rows:
        kept = row.tokens[-(settings.length - 1) :]
        shift = 1 - (len(row.tokens) - len(kept))
        tokens.append([START, *encode(kept)])
        mentions += [(at + shift, entity) for at, entity in row.mentions if at + shift > 0]
        offsets.append(len(mentions))
        entities.append(row.entities[-settings.entities :])
        own = [by_entity[item] for item in reversed(row.items) if item in by_entity]
        chosen.append((own if row.chosen is None else row.chosen)[: settings.reviews])
        answer = encode(row.response, settings.slot) if row.response else []
        responses.append([*answer[: settings.response - 1], END] if answer else [])
    split = np.array([SPLITS[row.split] for row in rows])
    answers = padded(responses, settings.response)
    trained = answers[split == SPLITS["train"]]
    frequency = np.bincount(trained[trained != PAD], minlength=len(encode.number))
    return {
        "tokens": padded(tokens, settings.length),
        "entities": padded(entities, settings.entities),
        "mentions": np.array(mentions, dtype=np.int32).reshape(-1, 2),
        "mention_offsets": np.array(offsets),
        "reviews": padded(chosen, settings.reviews),
        "review_tokens": padded([[]] + [encode(text) for text in texts], settings.review),
        "review_entity": np.array([0, *about]),
        "responses": answers,
        "split": split,
        "frequency": frequency,
    }
