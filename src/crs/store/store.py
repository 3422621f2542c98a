"""The store of results: one process makes a result at a time, and only whole results are published.

`store/<stage>/<fingerprint>/` holds a stage's files and a `manifest.json`. A result is written to
`<fingerprint>.partial/` under a lock, synced, and finished by an atomic rename: a folder without
the suffix is whole. Source: docs/architecture.md.
"""

import json
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from crs.errors import UserError
from crs.places import REFUSALS, home, unwritable
from crs.store.artifact import (
    MANIFEST,
    RESUME,
    UNFINISHED,
    Artifact,
    digest_of,
    digest_of_file,
    sync_folder,
    write_json,
)

ASIDE = re.compile(r".+\.old-(\d+)")
"""What `Store.set_aside` calls a folder: the nanoseconds tell when."""
BEGUN = "begun.json"
"""In a partial result: the inputs and the code it began with."""


def is_beside(name: str) -> bool:
    """Whether a name in a stage's folder is of what stands beside a result."""
    return name.endswith((".lock", ".holder", ".partial")) or bool(ASIDE.fullmatch(name))


def lock_of(result: Path) -> FileLock:
    """The lock of the result of that folder.

    The lock is the kernel's (`flock`), so that a killed process gives it up, on a file system that
    several machines share too. A lock that is a mere file would outlive its process.
    """
    return FileLock(result.with_name(f"{result.name}.lock"), fallback_to_soft=False)


class Store:
    """All results under one root."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(home(root))

    def folder(self, stage: str, name: str) -> Path:
        """The folder of the result of that name, which may not exist yet."""
        return self.root / stage / name

    def partial(self, stage: str, name: str) -> Path:
        """Where the result grows until it is whole."""
        return self.root / stage / f"{name}.partial"

    def holder(self, stage: str, name: str) -> Path:
        """The file that says who has the lock."""
        return self.root / stage / f"{name}.holder"

    def at(self, stage: str, name: str) -> Artifact:
        """The artifact in that result's folder, whole or not."""
        return Artifact(self.folder(stage, name))

    def find(self, stage: str, name: str, inputs: dict[str, Artifact]) -> Artifact | None:
        """The finished result, unless an input of it has since been made again with other bits.

        Raises:
            DamageError: if a file of it is missing, or of another size than was written.
        """
        artifact = self.at(stage, name)
        if not artifact.place.is_dir():
            return None
        if artifact.identity is None:  # it came in between: `finish` renames twice
            artifact = self.at(stage, name)
        artifact.check()
        self.tidy(stage, name)
        recorded = artifact.manifest["inputs"]
        same = all(recorded[key]["digest"] == found.digest for key, found in inputs.items())
        return artifact if same else None

    def tidy(self, stage: str, name: str) -> None:
        """Remove what a finished result no longer needs: `finish` does so after the rename, and a
        kill in between leaves it to whoever finds the result."""
        folder = self.folder(stage, name)
        if (folder / RESUME).exists() or (folder / BEGUN).exists():
            shutil.rmtree(folder / RESUME, ignore_errors=True)
            with suppress(OSError):  # another process is as fast, or the store is read-only
                (folder / BEGUN).unlink(missing_ok=True)
                self.holder(stage, name).unlink(missing_ok=True)

    def begin(
        self, stage: str, name: str, origin: dict[str, Any], *, forced: bool
    ) -> tuple[Path, bool, bool]:
        """The folder in which a result grows.

        A partial result belongs to the inputs and to the code it began with, and one that was
        begun without `force` is no remake: if these differ it is set aside, never deleted.

        Args:
            origin: inputs and code of today.
            forced: the result is to be made again.
        Returns:
            the folder, whether a partial result resumes in it, and whether a partial result
            was set aside.
        """
        folder = self.partial(stage, name)
        try:
            begun = dict(json.loads((folder / BEGUN).read_text()))
        except (OSError, ValueError, TypeError):
            begun = {}
        remake = bool(begun.pop("forced", False))
        resumed = begun == origin and (remake or not forced)
        aside = folder.exists() and not resumed
        if aside:
            self.set_aside(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / BEGUN, {**origin, "forced": forced or (resumed and remake)})
        return folder, resumed, aside

    def set_aside(self, folder: Path) -> Path:
        """Move a folder out of the way; returns where it went."""
        aside = folder.with_name(f"{folder.name}.old-{time.time_ns()}")
        folder.rename(aside)
        return aside

    @contextmanager
    def lock(self, stage: str, name: str, say) -> Iterator[None]:
        """Only one process makes a result; `say` is told who has it while this one waits.

        Raises:
            UserError: if the store takes no folder, or its file system has no such locks.
        """
        folder, holder = self.folder(stage, name), self.holder(stage, name)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(f"store={self.root}", str(error.strerror)) from error
        lock = lock_of(folder)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            who = ""
            with suppress(FileNotFoundError):  # it may be about to take the lock, or to leave it
                who = holder.read_text()
            say(f"waiting for {who or 'another process'}, which is making this")
            lock.acquire()
        except OSError as error:
            if error.errno in REFUSALS:
                raise unwritable(self.root, os.strerror(error.errno)) from error
            raise UserError(
                f"store={self.root}: no lock can be had there ({error}); use a file system that "
                "has flock (of NFS: version 4, or 3 with its lock service), or type store=PLACE"
            ) from error
        try:
            holder.write_text(f"process {os.getpid()} on {socket.gethostname()}")
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def finish(self, stage: str, name: str, manifest: dict[str, Any]) -> Artifact:
        """Hash and sync the files of the partial result, write its manifest, rename it.

        A result that has this place is set aside: processes that read it continue to read it there.
        `manifest` is completed by `files` (sha256 of each), `sizes` (bytes of each), `digest` (over
        `files` alone) and `sha256` (over all the rest).
        """
        partial, folder = self.partial(stage, name), self.folder(stage, name)
        files, sizes = {}, {}
        for file in sorted(p for p in partial.rglob("*") if p.is_file()):
            if file.name in (MANIFEST, BEGUN) or RESUME in file.relative_to(partial).parts:
                continue
            if file.suffix == UNFINISHED:
                file.unlink()
                continue
            at = str(file.relative_to(partial))
            files[at], sizes[at] = digest_of_file(file, sync=True), file.stat().st_size
        content = {**manifest, "files": files, "sizes": sizes, "digest": digest_of(files)}
        content = json.loads(json.dumps(content))  # keys of summaries may be numbers
        write_json(partial / MANIFEST, {**content, "sha256": digest_of(content)})
        sync_folder(partial)
        if folder.exists():
            self.set_aside(folder)
        partial.rename(folder)
        sync_folder(folder.parent)
        # Only now: after a kill before the rename the next run resumes from these files.
        self.tidy(stage, name)
        made = Artifact(folder)
        object.__setattr__(made, "verified", True)
        return made
