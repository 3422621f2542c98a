"""What a run says: lines and progress bars on standard error, results on standard output."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tqdm import tqdm


def say(text: str) -> None:
    """One line to the user, above any bar that is drawn."""
    tqdm.write(text, file=sys.stderr)


def stage_line(stage: str, state: str, name: str, note: str = "", seconds: float = -1) -> str:
    """The line of a stage: what it is, found/resumed/made, its name, a note, seconds."""
    took = f"{seconds:,.0f} s" if seconds >= 0 else ""
    return f"{stage:<11}{state:<9}{name:<18}{note}  {took}".rstrip()


@dataclass
class Context:
    """How a stage runs, never what it computes: device, progress and tracker."""

    trainer: Any
    """`crs.config.Trainer`."""
    tracker: Any
    """`crs.tracking.Run`."""
    fingerprint: str
    notes: list[str] = field(default_factory=list)
    """What the stage's line should say, e.g. how much was already there."""
    handed: dict[str, Callable[..., Any]] = field(default_factory=dict)
    """Functions of other stages' packages (crs.handed), by name."""

    def bar(self, total: int, done: int = 0, label: str = "", unit: str = "it") -> tqdm:
        """A progress bar with what is left; drawn on a terminal only."""
        hidden = not self.trainer.progress or not sys.stderr.isatty()
        return tqdm(
            total=total, initial=done, desc=label, unit=unit, disable=hidden, leave=False,
            dynamic_ncols=True,
        )  # fmt: skip

    note: Callable[[str], None] = field(init=False)

    def __post_init__(self) -> None:
        self.note = self.notes.append
