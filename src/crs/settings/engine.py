"""Settings of the processes that compute a stage's shards."""

from dataclasses import dataclass

from crs.settings.fields import choice, number


@dataclass
class Engine:
    """Who computes the shards of a stage: never part of a fingerprint."""

    name: str = choice("local", "ray", default="local")
    """`local`: processes of this machine; `ray`: those that Ray starts, of one machine or more."""
    processes: int = number(1, low=1)
    """How many. `local`: 1 is the process of the command."""
    address: str | None = None
    """`ray`: `auto` or HOST:PORT of a cluster that runs; null starts one on this machine."""
