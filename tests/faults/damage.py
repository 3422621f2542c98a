"""Damage to each file of a finished and of a half-made store: told, or without effect."""

import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from crs.config import Config
from crs.errors import DamageError
from crs.store import MANIFEST, Artifact
from tests.faults.attempts import Outcome, attempt, digests

Damage = Callable[[Path, random.Random], None]


def flip(file: Path, rng: random.Random) -> None:
    """One bit somewhere."""
    content = bytearray(file.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    file.write_bytes(content)


def zero(file: Path, rng: random.Random) -> None:
    """A block of 512 bytes, as a disk loses it."""
    content = bytearray(file.read_bytes())
    first = rng.randrange(0, len(content), 512)
    content[first : first + 512] = bytes(len(content[first : first + 512]))
    file.write_bytes(content)


def cut(file: Path, rng: random.Random) -> None:
    """The end, as an interrupted copy loses it."""
    content = file.read_bytes()
    file.write_bytes(content[: rng.randrange(len(content))])


def delete(file: Path, rng: random.Random) -> None:
    """The whole file."""
    file.unlink()


DAMAGES: dict[str, Damage] = {"flip": flip, "zero": zero, "cut": cut, "delete": delete}


@dataclass
class Damaged:
    """What became of the damage.

    Attributes:
        counts: by what happened: `told`, `no effect`, `begun anew`.
        wrong: what did not hold: another table in silence, no way on.
    """

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def files_of(store: Path, partial: bool) -> list[Path]:
    """The files of finished results, or of half-made ones."""
    folders = [folder for folder in store.glob("*/*") if folder.is_dir()]
    chosen = [f for f in folders if (f.name.endswith(".partial") if partial else f.name.isalnum())]
    kept = [f for folder in chosen if folder.parent.name not in ("logs", "downloads", "sweeps")
            for f in folder.rglob("*") if f.is_file() and f.stat().st_size]  # fmt: skip
    return sorted(kept)


def forced(told: Outcome) -> list[str]:
    """The stages that a sentence says to force."""
    match = re.search(r"type force=\[([a-z_,]+)\]", told.sentence)
    return match[1].split(",") if match else []


def trials(
    store: Path, partial: bool, seed: int, share: float
) -> Iterator[tuple[Path, str, random.Random]]:
    """Each file with each kind of damage, or a share of these drawn at random."""
    every = [(file, name) for file in files_of(store, partial) for name in DAMAGES]
    for file, name in random.Random(seed).sample(every, max(1, round(share * len(every)))):
        yield file, name, random.Random(f"{file.name} {name} {seed}")


def to_finished(config: Config, folder: Path, seed: int = 0, share: float = 1.0) -> Damaged:
    """Damage each file of a finished store; then the same command, and one that makes the last
    result again from the damaged ones."""
    whole = folder / "whole"
    assert attempt(replace(config, store=str(whole))).code == 0
    wanted, last = digests(whole), config.stage.name
    found, store = Damaged(), folder / "damaged"
    again = replace(config, store=str(store))
    for file, name, rng in trials(whole, False, seed, share):
        for remake in (False, True):
            if remake and file.parent.parent.name == last:
                continue
            shutil.copytree(whole, store)
            if remake:
                shutil.rmtree(store / last)
            DAMAGES[name](store / file.relative_to(whole), rng)
            what = f"{name} of {file.relative_to(whole)}, {'remade' if remake else 'found'}"
            judge(found, what, again, store, wanted)
            shutil.rmtree(store)
    return found


def judge(found: Damaged, what: str, again: Config, store: Path, wanted: dict[str, str]) -> None:
    """Run a command on a damaged store, as it says if it says so, and compare."""
    first = attempt(again)
    if first.code == 0:
        same = {key: digest for key, digest in safe_digests(store).items() if key in wanted}
        last = [key for key in wanted if key.startswith(f"{again.stage.name}/")]
        if any(same.get(key) != wanted[key] or not intact(store / key) for key in last):
            found.wrong.append(f"silently different: {what}")
        else:
            found.counts["no effect"] += 1
        return
    if first.code != 2 or not forced(first):
        found.wrong.append(f"no sentence: {what}: {first.code} {first.sentence}")
        return
    found.counts["told"] += 1
    for _ in range(3):  # what stands on the damaged may be damaged only as it is asked for
        second = attempt(replace(again, force=forced(first)))
        if second.code == 0:
            break
        first = second
    if second.code != 0:
        found.wrong.append(f"stuck: {what}: {second.sentence}")
    elif digests(store) != wanted:
        found.wrong.append(f"other bits after force: {what}")


def intact(folder: Path) -> bool:
    """Whether the files of a result are what its manifest says."""
    try:
        Artifact(folder).verify()
    except DamageError:
        return False
    return True


def safe_digests(store: Path) -> dict[str, str]:
    """`digests`, of what can be read."""
    found = {}
    for key in {str(f.parent.relative_to(store)) for f in store.glob(f"*/*/{MANIFEST}")}:
        try:
            found |= {k: d for k, d in digests(store).items() if k == key}
        except Exception:
            continue
    return found


def to_half_made(config: Config, folder: Path, signs: list[str], seed: int = 0,
                 share: float = 1.0) -> Damaged:  # fmt: skip
    """Kill runs of the command when a file is there, damage each file of what is half made, and
    run it again.

    Args:
        signs: patterns of files below the store.
    """
    whole = folder / "whole"
    assert attempt(replace(config, store=str(whole))).code == 0
    wanted, found = digests(whole), Damaged()
    for number, sign in enumerate(signs):
        half, store = folder / f"half_{number}", folder / "damaged"
        assert killed_at(replace(config, store=str(half)), folder, sign), sign
        again = replace(config, store=str(store))
        for file, name, rng in trials(half, True, seed, share):
            shutil.copytree(half, store)
            DAMAGES[name](store / file.relative_to(half), rng)
            what = f"{name} of {file.relative_to(half)}"
            outcome = attempt(again)
            if outcome.code != 0:
                found.wrong.append(f"stuck: {what}: {outcome.code} {outcome.sentence}")
            elif digests(store) != wanted:
                found.wrong.append(f"silently different: {what}")
            else:
                found.counts["begun anew" if " anew " in outcome.said else "no effect"] += 1
            shutil.rmtree(store)
    return found


def killed_at(config: Config, folder: Path, sign: str) -> bool:
    """Run a command and kill it when it has written a file of this pattern."""
    log = folder / "writes.log"
    straight = folder / "counted"
    attempt(replace(config, store=str(straight)), log=log)
    shutil.rmtree(straight)
    pattern = re.compile(f"{sign}'")  # of a rename: the name that the file gets
    for line in log.read_text().splitlines():
        number, event, path = line.split("\t")
        if event == "os.rename" and pattern.search(path):
            # Past what `keep` writes behind it: the file and its sha256 are then on disk.
            return attempt(config, kill_at=int(number) + 4).code == -9
    return False
