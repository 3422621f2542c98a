"""All trials: adding one is adding a function and its line here."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.faults import (
    archives,
    damage,
    disks,
    kills,
    ledgers,
    marked,
    processes,
    titles,
    weights,
)
from tests.faults.recipes import RECIPES
from tests.faults.tried import Tried

Trial = Callable[[Path, Tried], None]
"""Gets a folder of its own, in one that all trials share, and what it fills in."""


def of_each(act: Callable[[str, Path, Tried], None], kind: str) -> dict[str, Trial]:
    """A trial that is made with each recipe."""
    return {f"{kind}_{name}": partial(act, name) for name in RECIPES}


TRIALS: dict[str, Trial] = {
    **of_each(kills.at_writes, "kills"),
    **of_each(damage.to_finished, "damage"),
    **of_each(damage.to_half_made, "half_made"),
    "same_command": processes.same,
    "shared_stages": processes.sharing,
    "lock_holder": processes.holder,
    "sigterm": processes.sigterm,
    "paid_kills": ledgers.kills,
    "paid_at_once": ledgers.at_once,
    "ledger_damage": ledgers.damage,
    "full_disk": disks.full,
    "read_only": disks.read_only,
    "archives": archives.refused,
    "weights": weights.refused,
    "titles": titles.shown,
    "secrets": marked.kept,
}
