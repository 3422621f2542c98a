"""A finished result that recommends, in three lines of Python (docs/chat.md):

from crs.serving import load
system = load("a867679d4a9cc59c")
print(system.recommend(["Fargo (1996)", "Heat (1995)"], "a dark comedy from the 1990s"))
"""

import importlib
import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from crs.cases import Cases
from crs.config import Embedder, Trainer
from crs.data.sequences import Sequences
from crs.dialogue.conversation import Conversation
from crs.dialogue.rules import Rules
from crs.dialogue.wishes import Facts
from crs.errors import UserError
from crs.handed import ENCODER, reach
from crs.models.base import Recommender, reads_text
from crs.store import MANIFEST, Artifact

STAGES = ("evaluate", "multi_turn")
"""The stages whose results know everything that a model's scorers read."""
NEAR = 5
"""Titles that are offered for one that is not there."""


def find(fingerprint: str, store: str | Path) -> Artifact:
    """The finished result whose fingerprint begins so.

    Raises:
        UserError: if there is none, or more than one.
    """
    root = Path(store).expanduser()
    found = [path.parent for stage in STAGES
             for path in root.glob(f"{stage}/{fingerprint}*/{MANIFEST}")
             if path.parent.name.isalnum()]  # fmt: skip
    if len(found) != 1:
        count = "no" if not found else f"{len(found)}"
        raise UserError(
            f"{root}: {count} finished result of {' or '.join(STAGES)} begins with "
            f"{fingerprint!r}; the folders in {root / STAGES[0]} are their fingerprints"
        )
    return Artifact(found[0])


def load(fingerprint: str, store: str | Path = "artifacts", **embedder: Any) -> "System":
    """The system behind a finished result.

    Args:
        fingerprint: of an `evaluate` or `multi_turn` result, or how it begins.
        store: root of the results.
        embedder: where the text encoder lies, if it was given by a local path or comes from a hub:
            `path=`, `model=` or `hub=True`, as in the group `embedder`.
    Raises:
        UserError: if the result or one that it stands on is not there, was made anew with other
            bits, or is damaged.
    """
    result = find(fingerprint, store)
    result.verify()
    inputs = {}
    for stage, made in result.manifest["inputs"].items():
        artifact = inputs[stage] = Artifact(Path(store).expanduser() / stage / made["fingerprint"])
        if artifact.identity is None:
            raise UserError(
                f"{result.path} stands on {artifact.place}, which is not there; make it again"
            )
        artifact.verify()
        if artifact.digest != made["digest"]:
            raise UserError(
                f"{result.path} stands on {artifact.place}, which was made anew with other bits "
                "since; make the result again"
            )
    return System(result, inputs, Path(store).expanduser() / "downloads", embedder)


def display_titles(items: pd.DataFrame, noun: str) -> list[str]:
    """Titles with their year, as people write them; an item without a title is its number."""
    found = []
    for item, title, year in items[["item", "title", "year"]].itertuples(index=False):
        name = title or f"{noun} {item}"
        mark = "" if pd.isna(year) else f"({int(year)})"
        found.append(f"{name} {mark}" if mark and mark not in name else name)
    return found


class System:
    """A model with its catalogue: scorers, titles, attributes, and the encoder of texts.

    Attributes:
        scorers: by name; `scorer` is the model's own one that answers.
    """

    def __init__(
        self, result: Artifact, inputs: dict[str, Artifact], cache: Path, places: dict[str, Any]
    ) -> None:
        self.result, self.inputs, self.cache, self.places = result, inputs, cache, places
        dataset = inputs["dataset"]
        self.model: str = result.manifest["settings"]["model"]
        self.items: pd.DataFrame = dataset.load("items.parquet")
        self.titles = ["", *display_titles(self.items, dataset.summary["noun"])]
        self.attributes = ["", *dataset.load("attributes.parquet")["name"]]
        self.sequences, self.facts = Sequences.of(dataset), Facts.of(dataset)
        self.understanding = Rules(self.attributes)
        module = importlib.import_module(f"crs.models.{self.model}")
        self.scorers: dict[str, Recommender] = module.scorers(inputs)
        own = [name for name in self.scorers if name.startswith(self.model.replace("_", " "))]
        self.scorer: str = result.summary.get("default_scorer") or (own or [*self.scorers])[-1]

    @property
    def recommender(self) -> Recommender:
        """The scorer that answers."""
        return self.scorers[self.scorer]

    @property
    def silent(self) -> Recommender:
        """Who answers one who has said nothing: the last scorer that looks at the history alone,
        the model's own if it has one, where the one that answers reads a text."""
        if not reads_text(self.recommender):
            return self.recommender
        quiet = [name for name, one in self.scorers.items() if one.sees == "history"]
        own = [name for name in quiet if name.startswith(self.model.replace("_", " "))]
        return self.scorers[(own or quiet or [self.scorer])[-1]]

    @property
    def label(self) -> str:
        """Which data it was made from."""
        return self.inputs["dataset"].summary["label"]

    @property
    def noun(self) -> str:
        """What an item is called."""
        return self.inputs["dataset"].summary["noun"]

    @property
    def dim(self) -> int:
        """Width of the text vectors; 0 if the scorer reads no text."""
        return self.inputs["embed"].summary["dim"] if reads_text(self.recommender) else 0

    @cached_property
    def encoder(self) -> Any:
        """The encoder that embedded the training texts.

        Raises:
            UserError: if it lies where only who made the result knows.
        """
        settings = {"hub": False, **self.inputs["embed"].manifest["settings"]}
        for key in ("path", "model"):  # a local one stands in the manifest as its sha256
            local = re.fullmatch("[0-9a-f]{64}", settings.get(key) or "")
            if local and self.places.get(key) is None:
                raise UserError(
                    f"the texts were embedded with a local embedder.{key} (sha256 "
                    f"{settings[key][:8]}…); type load(…, {key}=WHERE_IT_LIES)"
                )
        given = {key: value for key, value in self.places.items() if value is not None}
        embedder, trainer = Embedder(**settings | given), Trainer("auto", 0, False)
        return reach(ENCODER)(embedder, trainer, self.cache)

    def encode(self, texts: list[str]) -> np.ndarray:
        """Texts to [n, dim]."""
        return self.encoder.encode(texts)

    def search(self, title: str, most: int = 20) -> pd.DataFrame:
        """Items whose title and year have these words anywhere, whatever the case."""
        names = [name.lower() for name in self.titles[1:]]
        words = title.lower().split()
        return self.items[[all(word in name for word in words) for name in names]].head(most)

    def item(self, title: str | int) -> int:
        """The id of an item that is named by its title or is an id already.

        Raises:
            UserError: if no title, or more than one, has these words; with those that are near.
        """
        if not isinstance(title, str):
            if 1 <= title < len(self.titles):
                return int(title)
            raise UserError(
                f"history: there is no item {title}; ids are 1 to {len(self.titles) - 1}"
            )
        wanted = title.strip().lower()
        plain = (self.items["title"].str.lower() == wanted).to_numpy()
        exact = self.items[plain | [name.lower() == wanted for name in self.titles[1:]]]
        found = exact if len(exact) else self.search(title)
        if len(found) != 1:
            names = [self.titles[item] for item in found["item"].head(NEAR)]
            near = names or get_close_matches(title, self.titles, NEAR, 0.4)
            raise UserError(
                f"history: {title!r} is {'no' if found.empty else 'not one'} title; there is "
                f"{', '.join(map(repr, near)) or 'nothing near'}"
            )
        return int(found["item"].iloc[0])

    def history_of(self, user: int) -> list[int]:
        """All items of a user of the data set, oldest first.

        Raises:
            UserError: if there is no such user.
        """
        users = len(self.sequences.offsets) - 2
        if not 1 <= user <= users:
            raise UserError(f"user: there is no user {user}; ids are 1 to {users}")
        first, last = self.sequences.offsets[user : user + 2].tolist()
        return self.sequences.items[first:last].tolist()

    def case(self, history: Sequence[str | int]) -> Cases:
        """One case with this history, B = 1; what comes next nobody knows: 0."""
        items = torch.tensor([*map(self.item, history), 0])
        repeats = float(self.sequences.repeating)  # of the data set, not of this history
        alone = Sequences(items, torch.tensor([0, 0, len(items)]), self.sequences.n_items, repeats)
        return Cases(alone, torch.tensor([1]), torch.tensor([len(history)]))

    def talk(
        self, history: Sequence[str | int], text: str = "mean", way: str = "hard", shown: int = 5
    ) -> Conversation:
        """A conversation with somebody of this history, titles or ids; arguments as in the group
        `multi_turn`."""
        return Conversation(self, self.case(history), text, way, shown)

    def recommend(self, history: Sequence[str | int], text: str = "", k: int = 5) -> pd.DataFrame:
        """The best items for a history and a wish, best first: item, raw, title, year, …

        What the wish requires by name is a filter; what it says beyond that is for the model.

        Raises:
            UserError: on a title that is not there.
        """
        talk = self.talk(history, shown=k)
        reply = talk.say(text) if text else talk.show()
        return self.items.set_index("item").loc[reply.items].reset_index()

    def query(self, history: Sequence[str | int], text: str = "") -> np.ndarray:
        """What to search the exported index for, [1, d] float32.

        Exported is the table of the scorer that answers, so one that reads a text needs one here.
        """
        talk = self.talk(history)
        if text:
            talk.hear(text)
        query = self.recommender.queries(talk.asked())
        if self.recommender.catalogue()[1] is not None:
            query = torch.cat([query, torch.ones(1, 1)], dim=1)
        return query.numpy().astype(np.float32)

    def export_faiss(self, path: str | Path) -> int:
        """Write the scorer's item table as a FAISS index of inner products; ids are item ids.

        A bias is the last column: `query` has a 1 there. Exact search; histories are not excluded.

        Returns:
            how many items it holds.
        """
        import faiss

        items, bias = self.recommender.catalogue()
        table = items if bias is None else torch.cat([items, bias[:, None]], dim=1)
        ids = np.arange(1, self.sequences.n_items + 1)
        index = faiss.IndexIDMap(faiss.IndexFlatIP(table.shape[1]))
        index.add_with_ids(np.ascontiguousarray(table.numpy()[ids], dtype=np.float32), ids)
        faiss.write_index(index, str(Path(path).expanduser()))
        return int(index.ntotal)
