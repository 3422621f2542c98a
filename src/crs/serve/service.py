"""What the routes of the server do: plain requests to answers, the model in its own thread."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from crs.dialogue.conversation import Conversation, Reply
from crs.dialogue.state import Requirement
from crs.dialogue.turn import TurnSettings
from crs.errors import UserError
from crs.ids import Number
from crs.serve.batches import Batches
from crs.serve.bodies import Beginning, Filters, Wish
from crs.serve.dialogues import Dialogues
from crs.serve.metrics import Metrics
from crs.serve.ranking import Answer, Asked, Ranker
from crs.serving import System
from crs.settings.check import nearest

WAITING = 1024
"""Requests that may wait; further ones are told to come again."""
DIALOGUES, REST = 1000, 3600.0
"""Dialogues that are kept, and seconds after which one that rests is over."""
TURNS = 100
"""Turns of a dialogue: each is kept, to be taken back."""


class MissingError(UserError):
    """There is no such item or dialogue."""


@dataclass(frozen=True)
class Limits:
    """How requests are taken together.

    Attributes:
        batch: so many are ranked together, at most.
        wait: milliseconds that the first of them waits for others.
    """

    batch: int = 32
    wait: float = 2.0


class Service:
    """A system, its thread, its dialogues and its counters."""

    def __init__(self, system: System, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self.system, self.dialogues = system, Dialogues(DIALOGUES, REST)
        self.attributes = {name.lower(): n for n, name in enumerate(system.attributes) if n}
        items = system.items
        self.years = [None, *(None if pd.isna(year) else int(year) for year in items["year"])]
        self.had: list[Any] = [[], *items["attributes"]]
        ranker = Ranker(system)
        # The first requests would wait for the weights of the text encoder, and for the titles.
        self.search("", 1)
        ranker([Asked((), 1), Asked((), 1, "a good one")])
        self.metrics = Metrics({
            ("crs_dialogues", "Dialogues that are kept."): lambda: len(self.dialogues),
            ("crs_waiting", "Requests that wait."): lambda: self.batches.queue.qsize(),
        })  # fmt: skip
        self.batches: Batches[Asked, Answer] = Batches(
            ranker, limits.batch, limits.wait, WAITING, self.metrics.batches.add
        )

    def item(self, number: int) -> dict[str, Any]:
        """An item as it is answered."""
        names = self.system.attributes
        return {
            "id": self.system.item_ids[number],
            "title": self.system.titles[number],
            "year": self.years[number],
            "attributes": [names[int(attribute)] for attribute in self.had[number]],
        }

    def number(self, given: int | str) -> Number:
        """Our number of an id of the data set's file; a title is none.

        Raises:
            UserError: if there is no such id.
        """
        return self.system.item_ids.number(given)

    def attribute(self, name: str) -> int:
        """The id of an attribute, whatever its capitals.

        Raises:
            UserError: if there is none of this name.
        """
        if name.lower() not in self.attributes:
            near = nearest(name.lower(), [*self.attributes])
            raise UserError(f"filters: there is no attribute {name!r}.{near}")
        return self.attributes[name.lower()]

    def required(self, filters: Filters) -> tuple[Requirement, ...]:
        """Filters as what must hold.

        Raises:
            UserError: on an attribute that does not exist, or years that are turned round.
        """
        if filters.years and filters.years[0] > filters.years[1]:
            raise UserError("filters.years: the first year is behind the last one")
        named = ((name, wanted) for wanted, names in
                 ((True, filters.wanted), (False, filters.refused)) for name in names)  # fmt: skip
        found = [Requirement(self.attribute(name), wanted=wanted) for name, wanted in named]
        return (*found, *([Requirement(years=filters.years)] if filters.years else []))

    async def recommend(self, wish: Wish) -> dict[str, Any]:
        """The best items for a wish.

        Raises:
            UserError: on an id or an attribute that does not exist.
            BusyError: if too many wait.
        """
        history = tuple(map(self.number, wish.history))
        asked = Asked(history, wish.k, wish.text, self.required(wish.filters))
        answer = await self.batches.ask(asked)
        return {
            "items": [*map(self.item, answer.items)],
            "understood": answer.understood,
            "broken": answer.broken,
        }

    async def begin(self, beginning: Beginning) -> dict[str, Any]:
        """A new dialogue and its first list.

        Raises:
            UserError: on an id that does not exist.
            BusyError: if too many wait.
        """
        history = [*map(self.number, beginning.history)]
        settings = TurnSettings(
            shown=beginning.k, questions="beside" if beginning.questions else "none"
        )

        def first() -> tuple[Conversation, Reply]:
            talk = self.system.talk(history, settings)
            return talk, talk.show()

        talk, reply = await self.batches.alone(first)
        return self.turn(self.dialogues.add(talk), reply)

    async def go_on(self, name: str, step: Callable[[Conversation], Reply]) -> dict[str, Any]:
        """A turn of a dialogue.

        Raises:
            MissingError: if there is no such dialogue.
            UserError: if it has had all its turns, or as the step does.
            BusyError: if too many wait.
        """
        if (talk := self.dialogues.get(name)) is None:
            raise MissingError("There is no such dialogue, or it is over; begin another.")
        if len(talk.past) >= TURNS:
            raise UserError(f"This dialogue has had its {TURNS} turns; begin another.")
        return self.turn(name, await self.batches.alone(lambda: step(talk)))

    def turn(self, name: str, reply: Reply) -> dict[str, Any]:
        """What a dialogue answers."""
        items = zip(reply.items, reply.why, strict=True)
        return {
            "dialogue": name,
            "items": [self.item(item) | {"why": why} for item, why in items],
            "told": reply.told,
            "understood": reply.understood,
            "asked": reply.asked,
            "question": reply.question,
            "note": reply.note,
            "broken": reply.broken,
        }

    def search(self, title: str, most: int) -> list[dict[str, Any]]:
        """Items whose titles have these words."""
        return [*map(self.item, self.system.search(title, most)["item"].tolist())]

    def health(self) -> dict[str, Any]:
        """What is served."""
        system = self.system
        return {
            "status": "ok",
            "model": system.model,
            "scorer": system.scorer,
            "dataset": system.label,
            "items": system.sequences.n_items,
            "fingerprint": system.result.fingerprint,
        }
