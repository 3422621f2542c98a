"""What a trial gives: how much was tried, what held, and what was wrong."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
DIFFERENT, STUCK, PAID, RAN, OTHER = KINDS = (
    "silently different", "stuck", "paid twice", "ran from outside", "other",
)  # fmt: skip
"""What can be wrong: another result and no word of it; no way on by what is told; a request that
was paid for again; code of a file that ran; anything else that is promised."""


@dataclass
class Tried:
    """The counts of a trial.

    Attributes:
        share: of what it would try by itself.
        seed: of what is drawn.
        there: how many attempts there could be; `tried` of them were drawn.
        held: by what happened.
        wrong: kind and sentence of what did not hold.
        skipped: why nothing could be tried here.
    """

    share: float = 1.0
    seed: int = 0
    there: int = 0
    tried: int = 0
    held: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    skipped: str = ""

    def drawn(self, things: Sequence[T], most: int | None = None) -> list[T]:
        """The attempts to make, in their order: at most `most`, and of these the share."""
        most = len(things) if most is None else min(most, len(things))
        count = min(len(things), max(1, round(self.share * most)))
        self.there += len(things)
        self.tried += count
        chosen = random.Random(self.seed).sample(range(len(things)), count)
        return [things[i] for i in sorted(chosen)]

    def fail(self, kind: str, what: str) -> None:
        """Something did not hold."""
        assert kind in KINDS
        self.wrong.append((kind, what))

    def __str__(self) -> str:
        """The counts in words."""
        if self.skipped:
            return f"skipped: {self.skipped}"
        amount = "all" if self.tried == self.there else f"of {self.there:,}, drawn"
        held = ", ".join(f"{count:,} {what}" for what, count in sorted(self.held.items()))
        return f"{self.tried:,} tried ({amount}); held: {held or 'none'}; failed {len(self.wrong)}"
