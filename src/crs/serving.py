"""A finished result that recommends, in three lines of Python (docs/chat.md):

from crs.serving import load
system = load("FINGERPRINT")
print(system.recommend(["Fargo (1996)", "Heat (1995)"], "a dark comedy from the 1990s"))
"""

import importlib
import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache, cached_property
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from omegaconf import OmegaConf

from crs.console import say
from crs.data.cases import Cases
from crs.data.sequences import Sequences
from crs.dialogue.catalogue import Catalogue, Names
from crs.dialogue.conversation import Conversation
from crs.dialogue.meanings import Meanings, RulesByMeaning
from crs.dialogue.requirements import Facts
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.turn import TurnSettings
from crs.dialogue.utterance_vectors import Texts
from crs.errors import UserError
from crs.export import index
from crs.ids import Ids, Number
from crs.installed import CONF
from crs.models import recipes
from crs.places import home
from crs.recommender import Recommender, own_scorers, reads_text
from crs.settings.training import Trainer
from crs.stages.embed import ENCODER, Embedder
from crs.stages.stage import import_object
from crs.store.artifact import MANIFEST, Artifact, downloads
from crs.titles import Titles
from crs.titles.names import spellings, spoken, words

RANKING = "evaluate"
STAGES = (RANKING, "multi_turn")
"""The stages whose results know everything that a model's scorers read."""
NEAR = 5
"""Similar titles in the message for a title that is missing."""


def find(fingerprint: str, store: str | Path) -> Artifact:
    """The finished result whose fingerprint begins so.

    Raises:
        UserError: if there is none, or more than one.
    """
    root = Path(home(store))
    stages = [*STAGES, *filter(None, (model.speaks for model in recipes().values()))]
    found = [
        path.parent
        for stage in stages
        for path in root.glob(f"{stage}/{fingerprint}*/{MANIFEST}")
        if path.parent.name.isalnum()
    ]
    if len(found) != 1:
        count = "no" if not found else f"{len(found)}"
        raise UserError(
            f"{root}: {count} finished result of {' or '.join(stages)} begins with "
            f"{fingerprint!r}; the folders in {root / STAGES[0]} are their fingerprints"
        )
    return Artifact(found[0])


def load(
    fingerprint: str,
    store: str | Path = "artifacts",
    synonyms: str | None = None,
    **embedder: Any,
) -> "System":
    """The system behind a finished result.

    Args:
        fingerprint: of an `evaluate` or `multi_turn` result, or of one that trains a decoder on top
            (`Model.speaks`), or how it begins.
        store: root of the results.
        synonyms: the table by which attributes are read, as `dataset.synonyms`; None: the one of
            the data set's configuration; empty: none.
        embedder: the text encoder's path, if it was given by a local path or comes from a hub:
            `path=`, `model=` or `hub=True`, as in the group `embedder`.
    Raises:
        UserError: if the result or one that it depends on is missing, was made again with other
            bits, or is damaged.
    """
    once = cache(Artifact)  # a result that several read is verified once

    def inputs_of(result: Artifact) -> dict[str, Artifact]:
        result.verify()
        inputs = {}
        for stage, made in result.manifest["inputs"].items():
            artifact = inputs[stage] = once(Path(home(store)) / stage / made["fingerprint"])
            if artifact.identity is None:
                raise UserError(
                    f"{result.path} depends on {artifact.place}, which is missing; make it again"
                )
            artifact.verify()
            if artifact.digest != made["digest"]:
                raise UserError(
                    f"{result.path} depends on {artifact.place}, which was made again with other "
                    "bits; make the result again"
                )
        return inputs

    result, decoder = find(fingerprint, store), None
    inputs = inputs_of(result)
    if RANKING in inputs:  # a decoder's; that of its ranking knows what the scorers read
        result, decoder = inputs[RANKING], result
        inputs = inputs_of(result)
    return System(result, inputs, downloads(result.place), embedder, synonyms, decoder)


def declared_synonyms(dataset: Artifact) -> str | None:
    """The table of synonyms that `conf/` names for data sets of this name; None if it has none."""
    file = CONF / "dataset" / f"{dataset.manifest['settings']['name']}.yaml"
    return OmegaConf.select(OmegaConf.load(file), "synonyms") if file.is_file() else None


class System:
    """A model with its catalogue: scorers, titles, attributes, and the encoder of texts.

    Attributes:
        scorers: by name; `scorer` is the model's own one that answers.
        titles: as people write them, by our number.
        item_ids, user_ids: ids of the user's file, by our number.
    """

    def __init__(
        self,
        result: Artifact,
        inputs: dict[str, Artifact],
        cache: Path,
        places: dict[str, Any],
        synonyms: str | None = None,
        decoder: Artifact | None = None,
    ) -> None:
        self.result, self.inputs, self.cache, self.places = result, inputs, cache, places
        self.decoder = decoder
        self.model: str = result.manifest["settings"]["model"]
        dataset = inputs["dataset"]
        self.items: pd.DataFrame = dataset.load("items.parquet")
        self.item_ids = Ids("item", self.items["raw"])
        self.user_ids = Ids("user", dataset.load("users.parquet")["raw"])
        table = declared_synonyms(dataset) if synonyms is None else synonyms
        self.catalogue = Catalogue.of(dataset, table)
        self.attributes, titles, _ = self.catalogue
        self.titles = [*map(spoken, titles)]
        self.sequences, self.facts = Sequences.of(dataset), Facts.of(dataset)
        module = importlib.import_module(f"crs.models.{self.model}.scorers")
        self.scorers: dict[str, Recommender] = module.scorers(inputs)
        self.own = recipes()[self.model].own_scorers
        own = own_scorers(self.own, self.scorers)
        self.scorer: str = result.summary.get("default_scorer") or own[-1]

    @property
    def recommender(self) -> Recommender:
        """The scorer that answers."""
        return self.scorers[self.scorer]

    @property
    def silent(self) -> Recommender:
        """The scorer before the user has said anything: the last that reads the history alone,
        the model's own if it has one, where `recommender` reads a text."""
        if not reads_text(self.recommender):
            return self.recommender
        quiet = [name for name, one in self.scorers.items() if one.sees == "history"]
        return self.scorers[(own_scorers(self.own, quiet) or [self.scorer])[-1]]

    @cached_property
    def speech(self) -> Any:
        """The decoder that words answers (`crs.chat.decoder_speaker.Speech`); None without one."""
        if self.decoder is None:
            return None
        module = importlib.import_module(f"crs.models.{self.model}.speech")
        return module.speech(self.decoder, self.inputs)

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
            UserError: if it was a local path, which the result does not hold, and none or one of
                other content is given.
        """
        settings = {"hub": False, **self.inputs["embed"].manifest["settings"]}
        given = {key: value for key, value in self.places.items() if value is not None}
        embedder = Embedder(**settings | given)
        for key in ("path", "model"):  # the manifest has the sha256 of a local one
            made = settings.get(key) or ""
            local = re.fullmatch("[0-9a-f]{64}", made)
            wanted = f"the texts were embedded with a local embedder.{key} (sha256 {made[:8]}…)"
            if local and key not in given:
                raise UserError(f"{wanted}; type load(…, {key}=PATH)")
            if local and embedder.identity()[key] != made:
                raise UserError(
                    f"{wanted}, and {given[key]} is another one; type load(…, {key}=PATH) with the "
                    "path of the same files"
                )
            if made and not local and given.get(key, made) != made:
                say(f"note      the texts were embedded with {key} {made}; whether {given[key]} is "
                    "the same cannot be checked")  # fmt: skip
        return import_object(ENCODER)(embedder, Trainer("auto", 0, False), self.cache)

    def encode(self, texts: list[str]) -> np.ndarray:
        """Texts to [n, dim]."""
        return self.encoder.encode(texts)

    @cached_property
    def meanings(self) -> Meanings | None:
        """What the attributes mean, where the scorer's texts are embedded by MiniLM: the cosines of
        other encoders have other sizes."""
        minilm = self.dim and self.inputs["embed"].manifest["settings"].get("kind") == "minilm"
        return Meanings(self.attributes, self.encode) if minilm else None

    @cached_property
    def understanding(self) -> Rules:
        """Reads what is said: by meaning too, where it can be compared."""
        meanings = self.meanings
        return RulesByMeaning(self.catalogue, meanings) if meanings else Rules(*self.catalogue)

    def search(self, title: str, most: int = 20) -> pd.DataFrame:
        """Items whose title and year have these words anywhere, without regard to accents."""
        return self.items.iloc[self.named.containing(title)].head(most)

    @cached_property
    def named(self) -> Titles:
        """The titles, as people type them; of several the one that most interactions have first."""
        taken = np.bincount(self.sequences.items, minlength=len(self.titles))
        return Titles(self.titles[1:], taken[1:].tolist())

    def item(self, name: Any) -> Number:
        """Our number of an item that is named by its title or by its id in the user's file.

        A text is an id if the file has it, else a title. A `Number`, which this module's functions
        return, is ours already.

        Raises:
            UserError: if no item, or more than one, is named so; with those that are near.
        """
        title = isinstance(name, str)
        places = self.named.find(name) if title else []
        meant = [Number(place + 1) for place in places]
        if name in self.item_ids:
            number = self.item_ids.number(name)
            if title and len(meant) == 1 and number not in meant and self.titled(name, meant[0]):
                raise UserError(
                    f"history: {name!r} is the id of {self.titles[number]!r} and the title of "
                    f"{self.titles[meant[0]]!r}; type that title, or in Python the id as a number"
                )
            return number
        if not title:
            return self.item_ids.number(name)
        if len(meant) != 1:
            found = [self.titles[number] for number in meant[:NEAR]]
            near = found or get_close_matches(name, self.titles, NEAR, 0.4)
            raise UserError(
                f"history: {name!r} is {'not one' if meant else 'no'} title; there is "
                f"{', '.join(map(repr, near)) or 'nothing near'}"
            )
        return meant[0]

    def titled(self, name: str, number: Number) -> bool:
        """Whether a text is all of an item's title, but for its year."""
        return words(name) in set(spellings(self.titles[number]))

    def history_of(self, user: Any) -> list[int | str]:
        """The ids of all items of a user of the data set, oldest first.

        Args:
            user: the id in the user's file.
        Raises:
            UserError: if there is no such user.
        """
        number = self.user_ids.number(user)
        first, last = self.sequences.offsets[number : number + 2].tolist()
        return [self.item_ids[number] for number in self.sequences.items[first:last].tolist()]

    def cases(self, histories: Iterable[Iterable[Any]]) -> Cases:
        """A case with each of these histories; the targets are unknown: 0."""
        rows = [[*map(int, map(self.item, history)), 0] for history in histories]
        items, ends = torch.tensor([*chain(*rows)]), accumulate(map(len, rows))
        repeats = float(self.sequences.repeating)  # of the data set, not of these histories
        alone = Sequences(items, torch.tensor([0, 0, *ends]), self.sequences.n_items, repeats)
        return Cases(alone, alone.users, torch.tensor([len(row) - 1 for row in rows]))

    def talk(self, history: Iterable[Any], settings: TurnSettings | None = None) -> Conversation:
        """A conversation with a user of this history, titles or ids as in `item`."""
        turn = settings or TurnSettings()
        return Conversation(
            self.cases([history]),
            self.recommender,
            self.silent,
            Names(self.titles, self.attributes, self.item, self.noun),
            self.facts,
            self.understanding,
            Texts(turn.text, 1, self.dim, self.encode),
            turn,
            self.meanings,
        )

    def recommend(self, history: Iterable[Any], text: str = "", k: int = 5) -> pd.DataFrame:
        """The best items for a history and a wish, best first: item, title, year, …

        History and result name items as the user's file does: by their ids there, or their titles.

        What the wish requires by name is a filter; what it says beyond that is for the model.

        Raises:
            UserError: on an id or a title that does not exist.
        """
        talk = self.talk(history, TurnSettings(shown=k))
        if text:
            talk.hear(text)
        reply = talk.show()
        found = self.items.set_index("item").loc[reply.items].reset_index().drop(columns="raw")
        return found.assign(item=[self.item_ids[number] for number in reply.items])

    def query(self, history: Iterable[Any], text: str = "") -> np.ndarray:
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

    def indexed(self) -> tuple[np.ndarray, np.ndarray]:
        """What an index holds of the items 1 to N: vectors, [N, d] float32, and ids, [N].

        FAISS has numbers alone: its ids are those of the user's file where these are whole numbers,
        else our own numbers; `item_ids[number]` is the file's id of one of these. A bias is the
        last column: `query` has a 1 there.
        """
        items, bias = self.recommender.catalogue()
        table = items if bias is None else torch.cat([items, bias[:, None]], dim=1)
        numbers = np.arange(1, self.sequences.n_items + 1)
        spoken = map(self.item_ids.__getitem__, numbers.tolist())
        ids = np.array(list(spoken), dtype=np.int64) if self.item_ids.whole else numbers
        return np.ascontiguousarray(table.numpy()[numbers], dtype=np.float32), ids

    def export_faiss(self, path: str | Path, kind: str = "flat") -> int:
        """Write the scorer's item table as a FAISS index of inner products; histories stay in.

        Args:
            kind: of `crs.export.index.KINDS`; `flat` is exact.
        Returns:
            how many items it holds.
        Raises:
            UserError: if the file cannot be written, or there is no such index.
        """
        vectors, ids = self.indexed()
        index.check(kind, len(ids))
        index.write(index.build(vectors, ids, kind), path)
        return len(ids)
