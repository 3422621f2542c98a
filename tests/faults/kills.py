"""Kills at the writes of each kind of stage: the same command again ends in the same bits."""

import shutil
from pathlib import Path

from tests.faults.attempts import Stop, attempt
from tests.faults.recipes import finished
from tests.faults.tried import OTHER, Tried

KILLED_AT = ("os.rename", "fsync")
MOST = 30
"""Kills of one stage."""


def at_writes(name: str, folder: Path, tried: Tried) -> None:
    """SIGKILL at renames and fsyncs of each stage of a recipe, and the same command again."""
    whole, store = finished(name, folder.parent), folder / "killed"
    for stage in whole.recipe.stages:
        writes = [write for write in whole.writes(stage) if write.kind in KILLED_AT]
        for write in tried.drawn(writes, MOST):
            asked = whole.without(stage, store)
            killed, again = attempt(asked, stop=Stop(write.number)), attempt(asked)
            what = f"{stage} killed at {write.kind} {write.path}"
            if killed.code != -9:
                tried.fail(OTHER, f"{what}: it ended with {killed.code} {killed.sentence}")
            else:
                whole.judge(again, store, what, stage, tried)
            shutil.rmtree(store)
