"""All results of a store, and which stands on which."""

import json
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from crs.errors import DamageError, UserError
from crs.store.artifact import MANIFEST, Artifact
from crs.store.store import BEGUN, Store

NAME = re.compile(r"[0-9a-f]{16}")
"""What the folder of a finished result is called."""
STAGE = re.compile(r"[a-z][a-z0-9_]*")
SHORTEST = 4
"""Digits of a fingerprint that are enough, where no other begins so."""


class Catalogue:
    """The results of a store as they are when this is made.

    Raises:
        UserError: if there is no such folder.
    """

    def __init__(self, root: str | Path) -> None:
        self.store = Store(root)
        if not self.store.root.is_dir():
            raise UserError(f"--store={root}: there is no such folder; type --store=PLACE")
        self.now = time.time()
        self.results: dict[Path, Artifact] = {}
        self.readers: dict[Path, set[Path]] = {}
        """The results that stand directly on each."""
        self.damaged: list[Artifact] = []
        self.renew()

    def renew(self) -> None:
        """Read what has appeared since this was made or renewed, and leave out what is gone.

        What was read before is not read again: a result's name says what it was made from.
        """
        there = {
            file.parent
            for file in sorted(self.store.root.glob(f"*/*/{MANIFEST}"))
            if NAME.fullmatch(file.parent.name) and STAGE.fullmatch(file.parts[-3])
        }
        for place in self.results.keys() - there:
            for one in self.inputs(self.results.pop(place)).values():
                self.readers[one.place].discard(place)
        known = self.results.keys() | {one.place for one in self.damaged}
        for result in map(Artifact, sorted(there - known)):
            if not readable(result):
                self.damaged.append(result)
                continue
            self.results[result.place] = result
            for one in self.inputs(result).values():
                self.readers.setdefault(one.place, set()).add(result.place)

    def one(self, prefix: str) -> Artifact:
        """The result whose fingerprint begins so; `stage/…` and a path are understood too.

        Raises:
            UserError: if there is none, or more than one.
        """
        *above, name = prefix.rstrip("/").split("/")
        stage = above[-1] if above else ""
        fitting = [
            one
            for one in [*self.results.values(), *self.damaged]
            if one.fingerprint.startswith(name) and stage in ("", one.stage)
        ]
        if len(name) < SHORTEST or not fitting:
            raise UserError(
                f"{prefix}: no result of {self.store.root} has this name; type at least {SHORTEST} "
                "digits of one that `crs store list` shows"
            )
        if len(fitting) > 1:
            some = ", ".join(f"{one.stage}/{one.fingerprint}" for one in fitting[:4])
            raise UserError(f"{prefix}: {len(fitting)} results begin so ({some}); type more of it")
        if fitting[0] in self.damaged:
            raise fitting[0].damage(MANIFEST, "cannot be read")
        return fitting[0]

    def inputs(self, result: Artifact) -> dict[str, Artifact]:
        """What a result was made from, by stage; what is gone has no manifest."""
        made = result.manifest["inputs"].items()
        places = {stage: self.store.folder(stage, of["fingerprint"]) for stage, of in made}
        return {stage: self.results.get(at) or Artifact(at) for stage, at in places.items()}

    def standing_on(self, results: Iterable[Artifact]) -> dict[Path, Artifact]:
        """These results and all that they stand on and that is there; what is read comes first."""
        found: dict[Path, Artifact] = {}

        def add(result: Artifact) -> None:
            if result.place in self.results and result.place not in found:
                for one in self.inputs(result).values():
                    add(one)
                found[result.place] = result

        for result in results:
            add(result)
        return found

    def models(self, result: Artifact) -> list[str]:
        """The models that a result is for: its own, else those of what stands on it."""
        own = result.manifest["settings"].get("model")
        if isinstance(own, str):
            return [own]
        above = (self.models(self.results[one]) for one in self.readers.get(result.place, ()))
        return sorted({model for models in above for model in models})

    def dataset(self, result: Artifact) -> Artifact | None:
        """The data that a result stands on; None if they are gone."""
        stands = self.standing_on([result]).values()
        return next((one for one in stands if one.stage == "dataset"), None)

    def data(self, result: Artifact) -> str:
        """What the tables call the data of a result."""
        found = self.dataset(result)
        return str(found.summary.get("label", "")) if found else ""

    def age(self, result: Artifact) -> float:
        """Seconds since a result was finished."""
        return self.now - (result.place / MANIFEST).stat().st_mtime

    def being_read(self) -> list[Artifact]:
        """What unfinished results are made from: a run that makes or resumes them reads it."""
        found: dict[Path, Artifact] = {}
        for begun in self.store.root.glob(f"*/*.partial/{BEGUN}"):
            for stage, of in begun_with(begun).items():
                place = self.store.folder(stage, of["fingerprint"])
                if place in self.results:
                    found[place] = self.results[place]
        return [*found.values()]


def begun_with(file: Path) -> dict[str, Any]:
    """The inputs of an unfinished result; none if that cannot be read, as where it has just been
    finished."""
    try:
        return dict(json.loads(file.read_text())["inputs"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def readable(result: Artifact) -> bool:
    """Whether the manifest of a result is as it was written."""
    try:
        result.check_manifest()
    except DamageError:
        return False
    return True


def bytes_of(result: Artifact) -> int:
    """What the files of a result take."""
    sizes = result.manifest.get("sizes")
    if sizes is None:
        return sum(file.stat().st_size for file in result.place.rglob("*") if file.is_file())
    return int(sum(sizes.values()))


def score_of(result: Artifact) -> tuple[str, float] | None:
    """The figure that tells results of a stage apart, and what it is; None if there is none."""
    summary = result.summary
    for name in (
        "ndcg@10",
        "best",
        *sorted(name for name in summary if name.endswith("_best"))[::-1],
    ):
        if isinstance(summary.get(name), int | float):
            return name, float(summary[name])
    return None


def named(result: Artifact) -> str:
    """A result's name within its store."""
    return f"{result.stage}/{result.fingerprint}"
