"""What is asked for so far in many dialogues at once, and which items break it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from crs.data.attributes import attribute_matrix
from crs.dialogue.state import Requirement, Understood
from crs.store.artifact import Artifact

LISTS = ("either", "liked", "disliked", "unclear")
"""What is known of a dialogue and is no tensor."""


@dataclass
class Facts:
    """What the catalogue's tables say of the items.

    Attributes:
        matrix: which item has which attribute, [N + 1, attributes + 1]; row and column 0 empty.
        calendar: all years from the first to the last of an item, [Y].
        place: each item's year in the calendar, [N + 1]; Y where it is not known.
    """

    matrix: Tensor
    calendar: Tensor
    place: Tensor

    @classmethod
    def of(cls, dataset: Artifact) -> "Facts":
        """From the tables of a dataset artifact."""
        years = dataset.load("items.parquet")["year"]
        known = years.dropna().astype(int)
        first, last = (int(known.min()), int(known.max())) if len(known) else (0, -1)
        calendar = torch.arange(first, last + 1)
        place = torch.tensor([0, *years.fillna(last + 1).astype(int)]) - first
        place[0] = len(calendar)
        return cls(attribute_matrix(dataset), calendar, place)


@dataclass
class Wishes:
    """What B dialogues ask for, after all that was said.

    Attributes:
        facts: of the catalogue.
        wanted, refused, hard: multi-hot, [B, attributes + 1]; hard ones are among the other two.
        years: which years may be, [B, Y + 1]; the last column is for items of unknown year.
        either: groups of attributes, of each of which an item must have one, by dialogue.
        liked, disliked: items, in the order in which they were named, by dialogue.
        unclear: for each title that may be one of several items, these items, by dialogue.
    """

    facts: Facts
    wanted: Tensor
    refused: Tensor
    hard: Tensor
    years: Tensor
    either: list[list[tuple[int, ...]]]
    liked: list[list[int]]
    disliked: list[list[int]]
    unclear: list[list[tuple[int, ...]]]

    @classmethod
    def none(cls, facts: Facts, dialogues: int) -> "Wishes":
        """Nothing is asked for."""
        empty = torch.zeros(dialogues, facts.matrix.shape[1])
        years = torch.ones(dialogues, len(facts.calendar) + 1, dtype=torch.bool)
        lists: list[Any] = [[[] for _ in range(dialogues)] for _ in LISTS]
        return cls(facts, empty, empty.clone(), empty.clone(), years, *lists)

    def __getitem__(self, index: Tensor | slice) -> "Wishes":
        parts = (getattr(self, name)[index] for name in ("wanted", "refused", "hard", "years"))
        rows = torch.arange(len(self.either))[index].tolist()
        lists = ([getattr(self, name)[row] for row in rows] for name in LISTS)
        return Wishes(self.facts, *parts, *lists)

    @property
    def known(self) -> Tensor:
        """Attributes that are asked for, alone or as one of several, multi-hot."""
        if not any(self.either):
            return self.wanted
        found = self.wanted.clone()
        for row, groups in enumerate(self.either):
            found[row, [attribute for group in groups for attribute in group]] = 1.0
        return found

    def hear(self, dialogues: Sequence[int], heard: Sequence[Understood]) -> None:
        """Add what was understood; what is said later overrides what was said before."""
        for row, understood in zip(dialogues, heard, strict=True):
            for asked in understood.requirements:
                if asked.attribute:
                    self.hear_attribute(row, asked)
                elif asked.either:
                    self.hear_either(row, asked.either)
                elif asked.items:
                    self.hear_items(row, asked)
                elif asked.any_year:
                    self.years[row] = True
                elif asked.years and asked.hard:
                    self.hear_years(row, asked.spans, asked.wanted)

    def hear_attribute(self, row: int, asked: Requirement) -> None:
        """An attribute is wanted, refused, or neither any more; a group that had it lacks it."""
        place = row, asked.attribute
        gone = asked.taken_back
        self.wanted[place] = asked.wanted and not gone
        self.refused[place] = not asked.wanted and not gone
        self.hard[place] = asked.hard and not gone
        for group in [group for group in self.either[row] if asked.attribute in group]:
            self.either[row].remove(group)
            left = tuple(attribute for attribute in group if attribute != asked.attribute)
            if asked.wanted and not gone:
                continue  # it is decided
            if len(left) > 1:
                self.either[row].append(left)
            else:
                self.wanted[row, left[0]] = self.hard[row, left[0]] = 1.0

    def hear_either(self, row: int, group: tuple[int, ...]) -> None:
        """One of several attributes is wanted; none of them is refused any more."""
        self.refused[row, list(group)] = self.wanted[row, list(group)] = 0.0
        self.hard[row, list(group)] = 0.0
        if group not in self.either[row]:
            self.either[row].append(group)

    def hear_items(self, row: int, asked: Requirement) -> None:
        """An item is liked, disliked, or neither any more; or it is unclear which one is meant."""
        meant = set(asked.items)
        for name in ("liked", "disliked"):
            kept = [item for item in getattr(self, name)[row] if item not in meant]
            getattr(self, name)[row] = kept
        self.unclear[row] = [one for one in self.unclear[row] if not meant & set(one)]
        if asked.taken_back:
            return
        if len(asked.items) > 1:
            self.unclear[row].append(asked.items)
        else:
            (self.liked if asked.wanted else self.disliked)[row] += asked.items

    def hear_years(self, row: int, spans: list[tuple[int, int]], wanted: bool) -> None:
        """Narrow the years of a dialogue; if no year is left, the newest word alone holds.

        Args:
            spans: first and last years that are asked for, or refused, together.
        """
        within = torch.zeros(len(self.facts.calendar), dtype=torch.bool)
        for first, last in spans:
            within |= (self.facts.calendar >= first) & (self.facts.calendar <= last)
        may = torch.cat([within if wanted else ~within, torch.tensor([not wanted])])
        both = self.years[row] & may
        self.years[row] = both if both[:-1].any() else may

    def violations(self) -> Tensor:
        """How many hard requirements each item breaks, [B, N + 1]; all years count as one.

        Σ_a must_a (1 - M_ia) + Σ_a mustnt_a M_ia + Σ_g [no M_ia of the group's attributes a]
        + [the item's year may not be]
        """
        must, mustnt = self.hard * self.wanted, self.hard * self.refused
        broken = must.sum(1, keepdim=True) + (mustnt - must) @ self.facts.matrix.T
        if any(self.either):
            broken += self.lacking_groups()
        return broken + ~self.years[:, self.facts.place]

    def lacking_groups(self) -> Tensor:
        """Of how many groups each item has no attribute, [B, N + 1]."""
        found = torch.zeros(len(self.either), len(self.facts.matrix))
        for row, groups in enumerate(self.either):
            for group in groups:
                found[row] += self.facts.matrix[:, list(group)].amax(1) == 0
        return found
