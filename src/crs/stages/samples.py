"""Stage `samples`: the cases that get a text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING

from crs.settings.base import Settings
from crs.settings.fields import number, path
from crs.stages.stage import Stage


@dataclass
class Samples(Settings):
    """The (user, cut) cases that get a text (stage `samples`)."""

    raw: bool = MISSING
    """The whole training pool of each user."""
    seeds: list[int] = number(low=0)
    """One seeded random cut per user for each."""
    shown: int = number(low=1)
    """Items of a sub-sequence, target included, that a simulated user may be told; training pools
    shorter than a third of it get no random cut."""
    valid: int | None = number(None, low=1, neutral=None)
    """Validation cases, drawn from all users; null: all of them."""
    valid_seed: int = number(low=0)
    path: str | None = path(key="simulator.path", neutral=None)
    """A file of processed texts, or a folder of files (data_generator/processed_files.py): only
    cases that it has a text of, at its cuts; null: all cases, at cuts that are drawn."""

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`, without the seed of a draw that is not made."""
        plain = super().identity()
        if self.valid is None:
            del plain["valid_seed"]
        return plain

    def problems(self) -> Iterator[str]:
        """No training cases at all."""
        if not self.raw and not self.seeds:
            yield "samples: neither raw nor seeds, so nothing to train on; type samples=raw"


STAGE = Stage(
    name="samples",
    run="data_generator.samples:run",
    version=1,
    settings=lambda config: config.samples,
    reads=lambda config: ["dataset"],
    writes=("cases.parquet",),
    about="the cases that get a text",
)
