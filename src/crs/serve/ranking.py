"""Recommendations for many requests at once: one case a request, one product for all.

Each is computed as `System.recommend` computes it, by the same turn (crs/dialogue/turn.py).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from crs.dialogue.replies import asked_text
from crs.dialogue.state import Requirement, Talk, Turn, Understood
from crs.dialogue.turn import DialogueStates, TurnSettings
from crs.dialogue.utterance_vectors import Texts
from crs.evaluation.ranking import Measured
from crs.ids import Number
from crs.recommender import Recommender
from crs.serving import System

EVERYTHING = slice(None)


@dataclass(frozen=True)
class Asked:
    """One request.

    Attributes:
        history: our numbers, oldest first.
        k: items that are wanted.
        text: a wish in words; empty: none.
        filters: what is required beside the words, and overrides what they say of the same.
    """

    history: tuple[Number, ...]
    k: int
    text: str = ""
    filters: tuple[Requirement, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What is recommended.

    Attributes:
        items: our numbers, best first.
        understood: what the words ask for.
        broken: hard requirements that the worst of the items breaks.
    """

    items: list[Number]
    understood: list[str]
    broken: int


class Kept:
    """A recommender whose catalogue is made once."""

    def __init__(self, recommender: Recommender) -> None:
        self.recommender, self.kept = recommender, Measured.of(recommender.catalogue())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.recommender, name)

    def catalogue(self) -> Measured:
        """As the recommender gives it."""
        return self.kept


class Ranker:
    """Answers requests together."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.speaking: Any = Kept(system.recommender)
        same = system.silent is system.recommender
        self.silent: Any = self.speaking if same else Kept(system.silent)

    def __call__(self, requests: Sequence[Asked]) -> list[Answer]:
        """An answer to each.

        A recommender that reads texts is not asked where there is none, where nothing is required
        no item is looked at for what it breaks, and which of equals comes first depends on k: what
        is alike in all three is ranked together.
        """
        heard = self.understood(requests)
        parts: dict[tuple[bool, bool, int], list[int]] = defaultdict(list)
        for place, one in enumerate(heard):
            speaks = bool(requests[place].text) and (bool(one.text) or not self.system.dim)
            parts[speaks, bool(one.requirements), requests[place].k].append(place)
        found: dict[int, Answer] = {}
        for (speaks, requires, k), places in parts.items():
            recommender = self.speaking if speaks else self.silent
            some = [requests[place] for place in places], [heard[place] for place in places]
            settings = TurnSettings(shown=k, reranker="hard" if requires else "none")
            answers = self.ranked(*some, recommender, settings)
            found |= dict(zip(places, answers, strict=True))
        return [found[place] for place in range(len(requests))]

    def understood(self, requests: Sequence[Asked]) -> list[Understood]:
        """What each asks for: its words, and behind them its filters."""
        talks = [Talk(0, 0, 0, [Turn(one.text)]) for one in requests if one.text]
        read = iter(self.system.understanding.read(talks) if talks else [])
        heard = [next(read) if one.text else Understood("") for one in requests]
        return [
            Understood(words.text, (*words.requirements, *one.filters))
            for one, words in zip(requests, heard, strict=True)
        ]

    def ranked(
        self,
        requests: list[Asked],
        heard: list[Understood],
        recommender: Any,
        settings: TurnSettings,
    ) -> list[Answer]:
        """Answers of one recommender."""
        system, everyone = self.system, range(len(requests))
        texts = Texts(settings.text, len(requests), system.dim, system.encode)
        talks = [Talk(0, len(one.history), 0) for one in requests]
        state = DialogueStates(talks, system.facts, system.understanding, texts, [
            bool(system.dim) for _ in everyone
        ])  # fmt: skip
        spoken = [place for place in everyone if requests[place].text]
        state.speak(spoken, [requests[place].text for place in spoken])
        state.update(everyone, heard, state.embed(everyone, heard))
        known = system.cases([one.history for one in requests])
        cases = state.cases(recommender, known, EVERYTHING, [[] for _ in everyone])
        picked = state.ranking(recommender, cases, EVERYTHING, settings).pick(settings.shown)
        rows = zip(requests, heard, picked.items.tolist(), picked.broken.tolist(), strict=True)
        return [
            Answer(
                [Number(item) for item in items if item],
                self.words(asked, said),
                broken,
            )
            for asked, said, items, broken in rows
        ]

    def words(self, asked: Asked, heard: Understood) -> list[str]:
        """What its words ask for, in words of ours."""
        said = heard.requirements[: len(heard.requirements) - len(asked.filters)]
        names = self.system.attributes, self.system.titles
        return [asked_text(asdict(one), *names) for one in said]
