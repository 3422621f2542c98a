"""The one idea: a result's name is the fingerprint of everything that could change it.

`store/<stage>/<fingerprint>/` holds a stage's files and a `manifest.json`. A result is written to
`<fingerprint>.partial/` under a lock, synced, and finished by an atomic rename: a folder without
the suffix is whole. Source: docs/architecture.md.
"""

import hashlib
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

MANIFEST = "manifest.json"
BEGUN = "begun.json"
"""In a half-made result: the inputs and the code it began with."""
RESUME = "resume"
"""Folder inside a half-made result for what is needed to go on; it is not part of the result."""


def fingerprint(stage: str, version: int, settings: dict[str, Any], inputs: dict[str, str]) -> str:
    """First 16 hex digits of the sha256 over all that could change a result; key order is free."""
    text = json.dumps(
        {"stage": stage, "version": version, "settings": settings, "inputs": inputs},
        sort_keys=True,
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def replace_synced(temporary: Path, path: Path) -> None:
    """Put a finished file in its place: after a crash there is the old one or the new, whole."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, value: Any) -> None:
    """Write JSON so that `path` is always the old text or the new one, never half of it."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(value, indent=1, sort_keys=True))
    replace_synced(temporary, path)


@dataclass(frozen=True)
class Artifact:
    """A finished result: a folder of files and its manifest."""

    path: Path

    @property
    def fingerprint(self) -> str:
        """The result's name."""
        return self.path.name

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What `Store.finish` recorded."""
        return json.loads((self.path / MANIFEST).read_text())

    @property
    def summary(self) -> dict[str, Any]:
        """The stage's own few figures."""
        return self.manifest["summary"]

    @property
    def digest(self) -> str:
        """Sha256 over the sha256 of each file: what the result contains, not how it was asked."""
        return self.manifest["digest"]

    def load(self, name: str) -> Any:
        """A file of the result: `.parquet` as a frame, `.npy` as an array (memory map), `.json`."""
        file = self.path / name
        if file.suffix == ".parquet":
            import pandas as pd

            return pd.read_parquet(file)
        if file.suffix == ".npy":
            import numpy as np

            return np.load(file, mmap_mode="r", allow_pickle=False)
        if file.suffix == ".json":
            return json.loads(file.read_text())
        raise ValueError(f"{file}: no reader for {file.suffix!r}")


class Store:
    """All results under one root."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).expanduser()

    def folder(self, stage: str, name: str) -> Path:
        """Where the result of that name lies, or will lie."""
        return self.root / stage / name

    def partial(self, stage: str, name: str) -> Path:
        """Where the result grows until it is whole."""
        return self.root / stage / f"{name}.partial"

    def find(self, stage: str, name: str, inputs: dict[str, Artifact]) -> Artifact | None:
        """The finished result, unless an input of it has since been made anew with other bits."""
        artifact = Artifact(self.folder(stage, name))
        if not (artifact.path / MANIFEST).is_file():
            return None
        recorded = artifact.manifest["inputs"]
        same = all(recorded[key]["digest"] == found.digest for key, found in inputs.items())
        return artifact if same else None

    def set_aside(self, stage: str, name: str) -> Path | None:
        """Move a finished result out of the way; returns where it went, None if there was none.

        A half-made one stays: it is the remake that an earlier `force` began.
        """
        folder = self.folder(stage, name)
        if not folder.exists():
            return None
        aside = folder.with_name(f"{name}.old-{time.time_ns()}")
        folder.rename(aside)
        return aside

    @contextmanager
    def lock(self, stage: str, name: str, say) -> Iterator[None]:
        """Only one process makes a result; `say` is told who has it while this one waits."""
        path = self.root / stage / f"{name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        holder = path.with_suffix(".holder")
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            who = ""
            with suppress(FileNotFoundError):  # it may be about to take the lock, or to leave it
                who = holder.read_text()
            say(f"waiting for {who or 'another process'}, which is making this")
            lock.acquire()
        try:
            holder.write_text(f"process {os.getpid()} on {socket.gethostname()}")
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def finish(self, stage: str, name: str, manifest: dict[str, Any]) -> Artifact:
        """Hash and sync the files of the half-made result, write its manifest, rename it.

        `manifest` is completed by `files` (sha256 of each) and `digest`.
        """
        partial = self.partial(stage, name)
        files = {}
        for file in sorted(p for p in partial.rglob("*") if p.is_file()):
            if file.name in (MANIFEST, BEGUN) or RESUME in file.relative_to(partial).parts:
                continue
            with file.open("rb") as handle:
                files[str(file.relative_to(partial))] = hashlib.file_digest(
                    handle, "sha256"
                ).hexdigest()
                os.fsync(handle.fileno())
        digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
        write_json(partial / MANIFEST, {**manifest, "files": files, "digest": digest})
        folder = self.folder(stage, name)
        sync_folder(partial)
        partial.rename(folder)
        sync_folder(folder.parent)
        # Only now: a kill before the rename must find what is needed to go on.
        shutil.rmtree(folder / RESUME, ignore_errors=True)
        (folder / BEGUN).unlink(missing_ok=True)
        return Artifact(folder)
