"""Requirements of clauses whose mentions have their acts, in the light of what was said before."""

from collections.abc import Sequence
from dataclasses import replace

from crs.dialogue.clauses import ADDS, Clause, Mention
from crs.dialogue.standing import ANY_YEAR, standing, taken_back
from crs.dialogue.state import EARLIEST, LATEST, Requirement
from crs.dialogue.years import union


def sort_of(one: Requirement) -> str:
    """`attribute`, `years` or `title`, as in `Mention`."""
    return "years" if one.years else "title" if one.items else "attribute"


class Meaning:
    """What an utterance asks for, clause by clause.

    Args:
        before: all requirements of the turns before, oldest first.
        newest: those of the newest of these turns that asked for something.

    Attributes:
        found: requirements by sentence.
    """

    def __init__(self, before: Sequence[Requirement], newest: Sequence[Requirement] = ()) -> None:
        self.said, self.newest = list(before), newest
        self.found: list[list[Requirement]] = [[]]
        self.own = 0
        """How many of what was said are of this utterance."""

    def add(self, *requirements: Requirement) -> None:
        """Something more is asked for."""
        self.said += requirements
        self.found[-1] += requirements
        self.own += len(requirements)

    def read(self, clauses: Sequence[Clause]) -> list[list[Requirement]]:
        """Requirements by sentence."""
        kinds = [{kind for kind, *_ in clause.cues} for clause in clauses]
        if any("restart" in kind for kind in kinds):
            self.add(*taken_back(standing(self.said)))
        replaces, replaced = False, set[str]()
        adds = any(ADDS & set(clause.words) for clause in clauses)
        named = any(clause.mentions for clause in clauses)
        if clauses and clauses[0].words[0] == "or" and clauses[0].mentions:
            self.reopen(clauses[0].mentions[0].sort)
        for clause, kind in zip(clauses, kinds, strict=True):
            self.found += [[] for _ in range(clause.sentence + 1 - len(self.found))]
            turned = bool(kind & {"instead", "undo"}) and clause.before != "but"
            replaces = not adds and (replaces or turned)
            for one in clause.mentions:
                if replaces and one.act == "+" and one.sort not in replaced:
                    replaced.add(one.sort)
                    self.replace(one.sort)
                self.take(one)
            if "undo" in kind and not named:
                self.add(*taken_back(standing(self.newest)))
            if clause.newer:
                self.relative(clause.newer)
        return self.found

    def reopen(self, sort: str) -> None:
        """Say the newest wish of a sort again, for one that begins with `or` to join it."""
        old = [r for r in standing(self.newest) if r.wanted and r.hard and sort_of(r) == sort]
        if old and sort != "title" and not old[-1].any_year:
            self.add(*taken_back(old[-1:]), old[-1])

    def replace(self, sort: str) -> None:
        """What was wanted of a sort does not hold any more."""
        old = [one for one in standing(self.said) if one.wanted and sort_of(one) == sort]
        self.add(*taken_back(old))

    def take(self, one: Mention) -> None:
        """One mention."""
        if one.sort == "years":
            self.years(one)
        elif one.sort == "title":
            items = tuple(place + 1 for place in one.of)
            if one.act != "allow":
                wanted = one.act in ("+", "back")
                self.add(Requirement(items=items, wanted=wanted, taken_back=one.act == "back"))
        else:
            self.attributes(one)

    def attributes(self, one: Mention) -> None:
        """A mention of attributes: one, or those that a synonym stands for."""
        last = self.found[-1][-1] if self.found[-1] else None
        if one.act == "+" and one.hard and one.either and last and last.wanted and last.hard:
            group = last.either or ((last.attribute,) if last.attribute else ())
            if group and not last.taken_back:
                grown = tuple(dict.fromkeys((*group, *one.of)))
                self.found[-1][-1] = self.said[-1] = Requirement(either=grown)
                return
        if one.act == "+" and one.hard and len(one.of) > 1 and one.either:
            self.add(Requirement(either=one.of))
            return
        for attribute in one.of:
            act = one.act
            held = []
            if act in ("drop", "allow"):
                held = [r for r in standing(self.said) if attribute in (r.attribute, *r.either)]
            if act == "drop":
                act = "back" if held else "-"
            if act == "allow":
                act = "back" if any(not r.wanted for r in held) else ""
            if act == "back":
                self.add(Requirement(attribute, taken_back=True))
            elif act:
                self.add(Requirement(attribute, None, act == "+", one.hard))

    def years(self, one: Mention) -> None:
        """A mention of years."""
        if one.of == (EARLIEST, LATEST) or one.act == "back":
            self.add(ANY_YEAR)
            return
        if one.act == "allow":
            return
        asked = Requirement(0, one.of, one.act not in ("-", "drop"), one.hard)
        for place in range(len(self.said) - 1, len(self.said) - 1 - self.own, -1):
            last = self.said[place]
            if one.either and last.years and not last.any_year and last.wanted == asked.wanted:
                asked = replace(last, years=union(*last.years, *one.of))
                self.said[place] = asked
                for part in self.found:
                    for spot, old in enumerate(part):
                        if old is last:
                            part[spot] = asked
                return
        self.add(asked)

    def relative(self, newer: int) -> None:
        """Newer or older years than those that were asked for last."""
        asked = [r.years for r in standing(self.said) if r.years and r.wanted and r.hard]
        if not asked:
            return
        first, last = asked[-1][0], asked[-1][-1]
        if newer > 0 and last < LATEST:
            self.add(Requirement(years=(last + 1, LATEST)))
        elif newer < 0 and first > EARLIEST:
            self.add(Requirement(years=(EARLIEST, first - 1)))
