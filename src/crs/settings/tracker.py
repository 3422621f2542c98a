"""Settings of the experiment tracker."""

from dataclasses import dataclass

from omegaconf import MISSING

from crs.settings.fields import choice


@dataclass
class TrackerSettings:
    """Where to log: `wandb` (offline unless a key is there) or `none`."""

    kind: str = choice("wandb", "none")
    project: str = MISSING
    entity: str | None = None
    group: str | None = None
