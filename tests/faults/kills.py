"""Kills at the writes of one run: the same command again ends in the same bits."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from crs.config import Config
from tests.faults.attempts import attempt, digests, leftovers


@dataclass
class Kills:
    """What became of the kills.

    Attributes:
        writes: of a straight run.
        tried: kills.
        wrong: what did not hold, with the number of the write and its line in the log.
    """

    writes: int
    tried: int = 0
    wrong: list[str] = field(default_factory=list)


def at_every_write(
    config: Config, folder: Path, chosen: Iterable[str] = ("os.rename", "fsync"), step: int = 1
) -> Kills:
    """Kill a run of the command at its writes, and run it again.

    Args:
        config: its store is replaced.
        folder: for the stores.
        chosen: kinds of writes that are killed at; `step` takes every so many of them.
    """
    straight = replace(config, store=str(folder / "straight"))
    log = folder / "writes.log"
    whole = attempt(straight, log=log)
    assert whole.code == 0, whole.said
    wanted, lines = digests(Path(straight.store)), log.read_text().splitlines()
    found = Kills(len(lines))
    numbers = [int(line.split("\t")[0]) for line in lines if line.split("\t")[1] in chosen]
    for number in numbers[::step]:
        store = folder / "killed"
        again = replace(config, store=str(store))
        killed = attempt(again, kill_at=number)
        second = attempt(again)
        found.tried += 1
        problems = {
            f"first ended with {killed.code}": killed.code != -9,
            f"second ended with {second.code}: {second.sentence}": second.code != 0,
            "other bits": second.code == 0 and digests(store) != wanted,
            f"left {leftovers(store)}": second.code == 0 and leftovers(store) != [],
        }
        found.wrong += [f"{lines[number - 1]}: {what}" for what, so in problems.items() if so]
        shutil.rmtree(store)
    return found
