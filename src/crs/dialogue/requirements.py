"""What is asked for so far in many dialogues at once, and which items break it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from crs.data.attributes import attribute_matrix
from crs.dialogue.state import Understood
from crs.store.artifact import Artifact


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
    """

    facts: Facts
    wanted: Tensor
    refused: Tensor
    hard: Tensor
    years: Tensor

    @classmethod
    def none(cls, facts: Facts, dialogues: int) -> "Wishes":
        """Nothing is asked for."""
        empty = torch.zeros(dialogues, facts.matrix.shape[1])
        years = torch.ones(dialogues, len(facts.calendar) + 1, dtype=torch.bool)
        return cls(facts, empty, empty.clone(), empty.clone(), years)

    def __getitem__(self, index: Tensor | slice) -> "Wishes":
        parts = (getattr(self, name)[index] for name in ("wanted", "refused", "hard", "years"))
        return Wishes(self.facts, *parts)

    def hear(self, dialogues: Sequence[int], heard: Sequence[Understood]) -> None:
        """Add what was understood; what is said later overrides what was said before."""
        for row, understood in zip(dialogues, heard, strict=True):
            for asked in understood.requirements:
                if asked.attribute:
                    place = row, asked.attribute
                    self.wanted[place], self.refused[place] = asked.wanted, not asked.wanted
                    self.hard[place] = asked.hard
                elif asked.any_year:
                    self.years[row] = True
                elif asked.years and asked.hard:
                    self.hear_years(row, asked.spans, asked.wanted)

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

        Σ_a must_a (1 - M_ia) + Σ_a mustnt_a M_ia + [the item's year may not be]
        """
        must, mustnt = self.hard * self.wanted, self.hard * self.refused
        broken = must.sum(1, keepdim=True) + (mustnt - must) @ self.facts.matrix.T
        return broken + ~self.years[:, self.facts.place]
