"""Settings of the experiment tracker."""

from dataclasses import dataclass

from omegaconf import MISSING

from crs.settings.fields import choice


@dataclass
class TrackerSettings:
    """Where to log: `wandb` (offline unless the environment has a key) or `none`."""

    kind: str = choice("wandb", "none")
    project: str = MISSING
    entity: str | None = None
    group: str | None = None
