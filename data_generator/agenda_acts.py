"""What the agenda-based user means to say: goal, dialogue acts, and the stack of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crs.dialogue.state import EARLIEST, LATEST
from crs.stages.simulate import Simulator
from data_generator.items import Item
from data_generator.leaks import leak
from data_generator.rules import described

REFUSES = 0.5
"""Probability that a user says what is wrong with a shown item, if anything is."""


@dataclass(frozen=True)
class Constraint:
    """One thing of an item: an attribute, years, or words of its description."""

    attribute: int = 0
    """Id; 0 if it is about something else."""
    years: tuple[int, int] | None = None
    """The first and the last."""
    about: str = ""

    def holds(self, item: Item) -> bool:
        """Whether it is true of an item; descriptions are taken from the item itself."""
        if self.years:
            return item.year is not None and self.years[0] <= item.year <= self.years[1]
        return not self.attribute or self.attribute in item.attributes


ANYTHING = Constraint()


@dataclass(frozen=True)
class Act:
    """One thing to say.

    Attributes:
        kind: `disclose`, `repeat`, `correct` (what was said in the turn before), `replace` and
            `drop` (a change of mind), or `refuse` (what a shown item has).
        what: what is asked for or refused; of `drop` nothing.
        old: what does not hold any more, of `correct`, `replace` and `drop`.
        places: of the shown items that are refused for it, from 0.
    """

    kind: str
    what: Constraint = ANYTHING
    old: Constraint = ANYTHING
    places: tuple[int, ...] = ()


def years_about(rng: np.random.Generator, year: int) -> tuple[int, int]:
    """Years as people give them: mostly the decade, else a span, a limit, or the year itself."""
    draw, before, after = rng.random(), int(rng.integers(6)), int(rng.integers(6))
    if draw < 0.6:
        return year // 10 * 10, year // 10 * 10 + 9
    if draw < 0.7:
        return year - before, year + after
    if draw < 0.8:
        return year - before, LATEST
    if draw < 0.9:
        return EARLIEST, year + after
    return year, year


class Agenda:
    """What one user has yet to say. A turn says at most `disclosures` acts from the top.

    Every statement is true of the target, but for a mistake until the next turn corrects it.

    Args:
        rng: of the goal.
        item: the target.
        names: of attributes by id; one that names the target is never said.
    """

    def __init__(
        self, rng: np.random.Generator, item: Item, names: Sequence[str], settings: Simulator
    ) -> None:
        self.item, self.names, self.settings = item, names, settings
        self.patience = int(rng.integers((settings.patience + 1) // 2, settings.patience + 1))
        """Lists without the target after which the user leaves."""
        goal = [Constraint(a) for a in item.attributes if self.may_be_said(a)]
        if item.year is not None:
            goal.append(Constraint(years=years_about(rng, item.year)))
        if about := described(rng, item) if item.description else None:
            goal.append(Constraint(about=about))
        self.stack = [goal[place] for place in rng.permutation(len(goal))]
        self.standing: list[Constraint] = []
        self.refused: list[Constraint] = []
        self.owed: Act | None = None
        """The correction of a mistake."""
        self.any_year = False
        """The user said that the year does not matter after all."""

    def may_be_said(self, attribute: int) -> bool:
        """Whether its name does not name the target."""
        return leak(self.item.title, self.names[attribute]) is None

    def turn(self, rng: np.random.Generator, shown: Sequence[Item]) -> list[Act]:
        """The acts of the next turn, after these items were shown."""
        many = int(rng.integers(1, self.settings.disclosures + 1))
        first = self.correction() or self.change(rng)
        acts = [first] if first else []
        if len(acts) < many and (act := self.refusal(rng, shown)):
            acts.append(act)
        while len(acts) < many and self.stack:
            acts.append(self.disclosure(rng, self.stack.pop()))
        return acts or [self.repetition(rng)]

    def correction(self) -> Act | None:
        """Puts the mistake of the turn before right."""
        act, self.owed = self.owed, None
        if act:
            self.standing.append(act.what)
            self.refused.append(act.old)
        return act

    def change(self, rng: np.random.Generator) -> Act | None:
        """Drops something that was said, or replaces an attribute by another of the target."""
        said = [one for one in self.standing if not one.about]
        if not said or rng.random() >= self.settings.change_of_mind:
            return None
        old = said[int(rng.integers(len(said)))]
        self.standing.remove(old)
        others = [one for one in self.stack if one.attribute and old.attribute]
        if not others:
            self.any_year = self.any_year or old.years is not None
            return Act("drop", old=old)
        self.stack.remove(others[-1])
        self.standing.append(others[-1])
        return Act("replace", others[-1], old)

    def refusal(self, rng: np.random.Generator, shown: Sequence[Item]) -> Act | None:
        """Says what is wrong with some shown items: an attribute that the target lacks, their
        year."""
        reasons = [*self.wrong_attributes(shown)[:1], *self.wrong_years(shown)]
        if not reasons or rng.random() >= REFUSES:
            return None
        act = reasons[int(rng.integers(len(reasons)))]
        self.refused.append(act.what)
        return act

    def wrong_attributes(self, shown: Sequence[Item]) -> list[Act]:
        """A refusal of each attribute that the target lacks, of the most common one first."""
        counts = Counter(a for item in shown for a in item.attributes)
        acts = []
        for a in sorted(counts, key=lambda a: (-counts[a], a)):
            if a in self.item.attributes or Constraint(a) in self.refused:
                continue
            places = tuple(i for i, item in enumerate(shown) if a in item.attributes)
            acts += [Act("refuse", Constraint(a), places=places)] * self.may_be_said(a)
        return acts

    def wrong_years(self, shown: Sequence[Item]) -> list[Act]:
        """A refusal of all years before the target's decade, and of all behind it."""
        if self.item.year is None or self.any_year:
            return []
        first = self.item.year // 10 * 10
        acts = []
        for years in ((EARLIEST, first - 1), (first + 10, LATEST)):
            wrong, places = Constraint(years=years), []
            for place, item in enumerate(shown):
                if wrong.holds(item):
                    places.append(place)
            if places and wrong not in self.refused:
                acts.append(Act("refuse", wrong, places=tuple(places)))
        return acts

    def disclosure(self, rng: np.random.Generator, what: Constraint) -> Act:
        """Says something of the goal; in a share `mistake` of them something that does not hold."""
        mistaken = rng.random() < self.settings.mistake and self.owed is None
        if mistaken and (false := self.falsehood(rng, what)):
            self.owed = Act("correct", what, false)
            return Act("disclose", false)
        self.standing.append(what)
        return Act("disclose", what)

    def falsehood(self, rng: np.random.Generator, what: Constraint) -> Constraint | None:
        """Something of the same sort that does not hold; None for a description."""
        if what.years and self.item.year is not None:
            decade = self.item.year // 10 * 10 + int(rng.choice([-20, -10, 10, 20]))
            return Constraint(years=(decade, decade + 9))
        others = [
            Constraint(a)
            for a in range(1, len(self.names))
            if a not in self.item.attributes and self.may_be_said(a)
        ]
        others = [one for one in others if one not in self.refused]
        return others[int(rng.integers(len(others)))] if what.attribute and others else None

    def repetition(self, rng: np.random.Generator) -> Act:
        """Says again what was said and still holds; with nothing known, that anything will do."""
        if not self.standing:
            return Act("disclose")
        return Act("repeat", self.standing[int(rng.integers(len(self.standing)))])
