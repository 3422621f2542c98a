"""A dialogue so far, what is understood of it, and the two who must be told of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

EARLIEST, LATEST = 0, 9999
"""All years lie between them; a span of all of them takes back what was said of years."""


@dataclass
class Turn:
    """One turn: the user speaks, then items are shown."""

    said: str
    shown: list[int] = field(default_factory=list)
    """Item ids, best first; refused by whatever the user says next."""
    question: int = 0
    """What the system asks: the id of an attribute, `questions.DECADE`, or 0 for nothing."""


@dataclass
class Talk:
    """A dialogue so far; its last turn may still lack what is shown."""

    user: int
    """Of the data set; 0 for a person who is none of its users."""
    cut: int
    """Place of the target in the sequence; the items before it are the history."""
    target: int
    """The item that a simulated user has in mind; 0 where it is unknown."""
    turns: list[Turn] = field(default_factory=list)


@dataclass(frozen=True)
class Requirement:
    """One thing that is asked for: an attribute, one of several, years, or a title."""

    attribute: int = 0
    """Id; 0 if it is about something else."""
    years: tuple[int, ...] | None = None
    """First and last year, both included, of each span that may be: (1980, 1989), or (1960, 1969,
    1980, 1989)."""
    wanted: bool = True
    """False: it is refused."""
    hard: bool = True
    """It must hold; a soft one is a preference."""
    either: tuple[int, ...] = ()
    """Ids of attributes of which an item must have one."""
    items: tuple[int, ...] = ()
    """An item that is liked or, if it is not wanted, disliked; several: one of them is meant."""
    taken_back: bool = False
    """What was said of it before does not hold any more."""

    @property
    def spans(self) -> list[tuple[int, int]]:
        """First and last year of each span."""
        years = self.years or ()
        return list(zip(years[::2], years[1::2], strict=True))

    @property
    def any_year(self) -> bool:
        """Whether it says that the year does not matter."""
        return self.wanted and self.years == (EARLIEST, LATEST)


@dataclass(frozen=True)
class Understood:
    """What an utterance says."""

    text: str
    """What a recommender embeds: the wish, made as in training. Empty: nothing new."""
    requirements: tuple[Requirement, ...] = ()
    """In the order in which they were said; a later one overrides an earlier one."""


@dataclass(frozen=True)
class Answer:
    """What a simulated user says next."""

    text: str
    leak: str | None = None
    """How it names the target: `exact`, `fuzzy`, or not at all."""
    left: bool = False
    """The user leaves and says nothing."""


class Understanding(Protocol):
    """Reads dialogues."""

    def read(self, talks: list[Talk]) -> list[Understood]:
        """What the newest utterance of each dialogue says."""
        ...


class User(Protocol):
    """A simulated user, who knows the target of each dialogue."""

    def answer(self, talks: list[Talk]) -> list[Answer]:
        """What is said to the items that were shown last, for each dialogue; without turns, first.

        A function of the dialogue alone, so a resumed dialogue is the same as one without a kill.
        """
        ...


@runtime_checkable
class Asking(Protocol):
    """An understanding or a user who asks a language model."""

    llm: Any
    """`crs.llm.model.LanguageModel`."""

    def asked(self, talks: Sequence[Talk], attempts: int = ...) -> list[Any]:
        """All requests in the course of these dialogues, as `crs.llm.request.Request`."""
        ...
