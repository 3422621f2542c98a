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
    """Runs that belong together; the folder of a sweep, if it is not set."""
    system_metrics: bool = MISSING
    """Record the load of processors, memory and GPUs."""
    upload: str = choice("small", "all", "none")
    """Contents of models and results that a run takes along: `small` files, up to a megabyte, with
    the places of the others; `all`; or `none`, and no places either."""
