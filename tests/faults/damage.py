"""Damage to each file of a finished and of a half-made store: told, or without effect."""

import json
import random
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from crs.config import Config
from crs.errors import DamageError
from crs.store.artifact import MANIFEST, RESUME, Artifact
from tests.faults.attempts import Outcome, Stop, Write, attempt, digests
from tests.faults.recipes import finished
from tests.faults.tried import DIFFERENT, OTHER, STUCK, Tried

Damage = Callable[[Path, random.Random], None]
MOST = 100
"""Damages of one finished store."""
MOST_HALF = 8
"""Damages of one half-made result."""
BEHIND = 4
"""Writes of `store.keep` behind the rename: the file and its sha256 are then on disk."""


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


def readers_of(store: Path, result: str) -> list[str]:
    """The results, as `stage/fingerprint`, that were made from this one."""
    name = result.partition("/")[2]
    manifests = {f"{file.parent.parent.name}/{file.parent.name}": json.loads(file.read_text())
                 for file in sorted(store.glob(f"*/*/{MANIFEST}"))}  # fmt: skip
    return [reader for reader, manifest in manifests.items()
            if name in (found["fingerprint"] for found in manifest["inputs"].values())]  # fmt: skip


def to_finished(name: str, folder: Path, tried: Tried) -> None:
    """Flips, zeroed blocks, cuts and deletions of files of a finished store: found again, or read
    by a stage that is made again."""
    whole, store = finished(name, folder.parent), folder / "damaged"
    every = [(file.relative_to(whole.store), how, remade) for file in files_of(whole.store, False)
             for how in DAMAGES for remade in (False, True)]  # fmt: skip
    for file, how, remade in tried.drawn(every, MOST):
        rng = random.Random(f"{file.name} {how} {tried.seed}")
        shutil.copytree(whole.store, store)
        asked = whole.asking(whole.recipe.goals[-1], store)
        readers = readers_of(store, str(file.parents[-3]))
        if remade and readers:
            reader = rng.choice(readers)
            shutil.rmtree(store / reader)
            asked = whole.asking(reader.partition("/")[0], store)
        DAMAGES[how](store / file, rng)
        what = f"{how} of {file}, {'remade' if remade else 'found'}"
        judge(tried, what, asked, store, whole.digests)
        shutil.rmtree(store)


def judge(tried: Tried, what: str, asked: Config, store: Path, wanted: dict[str, str]) -> None:
    """Run a command on a damaged store, as it says if it says so, and compare."""
    first = attempt(asked)
    if first.code == 0:
        last = [key for key in wanted if key.startswith(f"{asked.stage.name}/")]
        if any(not intact(store / key, wanted[key]) for key in last):
            tried.fail(DIFFERENT, what)
        else:
            tried.held["without effect"] += 1
        return
    if first.code != 2 or not forced(first):
        tried.fail(STUCK if first.stuck else OTHER, f"{what}: {first.code} {first.sentence}")
        return
    for _ in range(3):  # what stands on the damaged may be damaged only as it is asked for
        second = attempt(replace(asked, force=forced(first)))
        if second.code == 0:
            break
        first = second
    if second.code != 0:
        tried.fail(STUCK, f"{what}: {second.sentence}")
    elif any(found != wanted[key] for key, found in whole_digests(store).items()):
        tried.fail(DIFFERENT, f"{what}, after force")
    else:
        tried.held["told"] += 1


def intact(folder: Path, digest: str) -> bool:
    """Whether the files of a result are what its manifest says, and that is what it was."""
    try:
        found = Artifact(folder)
        found.verify()
    except DamageError:
        return False
    return found.digest == digest


def whole_digests(store: Path) -> dict[str, str]:
    """`digests`, of what can be read: a damaged result that no command asked for stays."""
    found = {}
    for folder in (file.parent for file in store.glob(f"*/*/{MANIFEST}")):
        artifact = Artifact(folder)
        try:
            artifact.verify()
        except DamageError:
            continue
        if folder.name.isalnum():
            found[f"{folder.parent.name}/{folder.name}"] = artifact.digest
    return found


def resume_files(writes: list[Write]) -> dict[str, int]:
    """The files that a stage can go on from, and the write behind which each is there; of those
    that are numbered, the last."""
    found: dict[str, int] = {}
    for write in writes:
        # Of a rename the log has both names, and the second is the one that the file gets.
        match = re.search(rf"/{RESUME}/([^']*)'\)$", write.path)
        if write.kind == "os.rename" and match and not match[1].endswith(".sha256"):
            found[re.sub(r"\d+", "N", match[1])] = write.number + BEHIND
    return found


def to_half_made(name: str, folder: Path, tried: Tried) -> None:
    """Runs killed when they have just written a checkpoint; then the same damage to each
    file of the partial result."""
    whole, half, store = finished(name, folder.parent), folder / "half", folder / "damaged"
    for stage in whole.recipe.stages:
        for kept, number in resume_files(whole.writes(stage)).items():
            killed = attempt(whole.without(stage, half), stop=Stop(number))
            if killed.code != -9:
                tried.fail(OTHER, f"{stage} was not killed behind {kept}: {killed.code}")
            every = [(f.relative_to(half), how) for f in files_of(half, True) for how in DAMAGES]
            for file, how in tried.drawn(every, MOST_HALF):
                shutil.copytree(half, store)
                DAMAGES[how](store / file, random.Random(f"{file.name} {how} {tried.seed}"))
                what, outcome = f"{how} of {file}", attempt(whole.asking(stage, store))
                if outcome.code != 0:
                    tried.fail(STUCK, f"{what}: {outcome.code} {outcome.sentence}")
                elif digests(store) != whole.digests:
                    tried.fail(DIFFERENT, what)
                else:
                    restarted = " restarted " in outcome.said
                    tried.held["begun anew" if restarted else "without effect"] += 1
                shutil.rmtree(store)
            shutil.rmtree(half)
