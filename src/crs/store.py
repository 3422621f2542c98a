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
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from crs.errors import DamageError, HalfMadeError, NotFiniteError
from crs.places import home, unwritable

MANIFEST = "manifest.json"
BEGUN = "begun.json"
"""In a half-made result: the inputs and the code it began with."""
RESUME = "resume"
"""Folder inside a half-made result for what is needed to go on; it is not part of the result."""
UNFINISHED = ".new"
"""Ends the name of a file while it is written; a kill may leave it, and no result holds it."""
RECORDED = ("inputs", "summary", "files", "digest")
"""What every manifest has."""


def fingerprint(stage: str, version: int, settings: dict[str, Any], inputs: dict[str, str]) -> str:
    """First 16 hex digits of the sha256 over all that could change a result; key order is free."""
    whole = {"stage": stage, "version": version, "settings": settings, "inputs": inputs}
    return digest_of(whole)[:16]


def digest_of(value: Any) -> str:
    """Hex sha256 of a plain value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def digest_of_file(path: Path, *, sync: bool = False) -> str:
    """Hex sha256 of a file's content; with `sync` the content is made durable too."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        if sync:
            os.fsync(file.fileno())
    return found


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
    """Write JSON so that `path` is always the old text or the new one, never half of it.

    Raises:
        NotFiniteError: if a number in it is NaN or infinite, which JSON cannot hold.
    """
    try:
        text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False)
    except ValueError as error:
        raise NotFiniteError(f"{path.name}: a figure is not finite") from error
    temporary = path.with_name(path.name + UNFINISHED)
    temporary.write_text(text)
    replace_synced(temporary, path)


ABSENT = "absent"
"""In the place of a sha256: the file may not be there yet."""


def checksum(path: Path) -> Path:
    """The file beside a resume file that holds its sha256."""
    return path.with_name(f"{path.name}.sha256")


def recorded(path: Path) -> list[str]:
    """What stands beside a resume file: the sha256 that its content may have."""
    beside = checksum(path)
    return beside.read_bytes().decode(errors="replace").split() if beside.is_file() else []


def record(path: Path, digests: list[str]) -> None:
    """Write what stands beside a resume file."""
    unfinished = path.with_name(f"{checksum(path).name}{UNFINISHED}")
    unfinished.write_text("\n".join(digests))
    replace_synced(unfinished, checksum(path))


def keep(temporary: Path, path: Path) -> None:
    """Put a finished resume file in its place, with its sha256 beside it.

    While the file is exchanged both the old sha256 and the new one stand there (`ABSENT`, where
    there is no old one), so that a kill at any point leaves what `kept` accepts.
    """
    new = digest_of_file(temporary)
    record(path, [new, *(recorded(path) or [ABSENT])])
    replace_synced(temporary, path)
    record(path, [new])


def keep_json(path: Path, value: Any) -> None:
    """`keep` for a plain value."""
    temporary = path.with_name(path.name + UNFINISHED)
    temporary.write_text(json.dumps(value))
    keep(temporary, path)


def kept(path: Path) -> bool:
    """Whether a resume file is there.

    Raises:
        HalfMadeError: if it is not as `keep` left it.
    """
    there, digests = path.is_file(), recorded(path)
    if not there and (ABSENT in digests or not checksum(path).is_file()):
        return False
    if not there or digest_of_file(path) not in digests:
        raise HalfMadeError(f"{RESUME}/{path.name} is damaged")
    return True


def identity_of(folder: Path) -> tuple[int, int] | None:
    """What stays the same when a result's folder gets another name: inode and time of its manifest;
    None if there is none."""
    try:
        about = (folder / MANIFEST).stat()
    except OSError:
        return None
    return about.st_ino, about.st_mtime_ns


@dataclass(frozen=True)
class Artifact:
    """A finished result: a folder of files and its manifest."""

    place: Path
    """`store/<stage>/<fingerprint>`."""
    identity: tuple[int, int] | None = field(init=False, compare=False, repr=False)
    verified: bool = field(default=False, init=False, compare=False, repr=False)
    """Whether the content of its files was compared: a result is hashed once a run."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "identity", identity_of(self.place))

    @property
    def path(self) -> Path:
        """The folder. A remake that took its place has moved it aside: it stays readable there.

        Raises:
            DamageError: if it is gone.
        """
        if self.identity == identity_of(self.place):
            return self.place
        for aside in self.place.parent.glob(f"{self.place.name}.old-*"):
            if self.identity == identity_of(aside):
                return aside
        # A copy that took its place, or a file system that gives a file another inode.
        if "manifest" in vars(self) and Artifact(self.place).digest == self.digest:
            return self.place
        raise self.damage("the folder", "was taken away while it was read")

    @property
    def fingerprint(self) -> str:
        """The result's name."""
        return self.place.name

    @property
    def stage(self) -> str:
        """The stage that made it."""
        return self.place.parent.name

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What `Store.finish` recorded.

        Raises:
            DamageError: if it cannot be read.
        """
        try:
            found = json.loads((self.path / MANIFEST).read_text())
        except (ValueError, OSError) as error:
            raise self.damage(MANIFEST, "cannot be read") from error
        if not isinstance(found, dict):
            raise self.damage(MANIFEST, "cannot be read")
        return found

    @property
    def summary(self) -> dict[str, Any]:
        """The stage's own few figures."""
        return self.manifest["summary"]

    @property
    def digest(self) -> str:
        """Sha256 over the sha256 of each file: what the result contains, not how it was asked."""
        return self.manifest["digest"]

    def damage(self, file: str, what: str) -> DamageError:
        """The sentence for a file that is not as it was written."""
        return DamageError(f"{self.stage} {self.fingerprint} is damaged: {file} {what}", self.stage)

    def check_manifest(self) -> None:
        """Compare the manifest with the sha256 inside it.

        Raises:
            DamageError: if it is not as it was written.
        """
        manifest = self.manifest
        own = {key: value for key, value in manifest.items() if key != "sha256"}
        if (
            not all(key in manifest for key in RECORDED)
            or manifest["digest"] != digest_of(manifest["files"])
            # Older manifests have none, and neither the sizes of files.
            or manifest.get("sha256", digest_of(own)) != digest_of(own)
        ):
            raise self.damage(MANIFEST, "is not as it was written")

    def check(self) -> None:
        """`check_manifest`, and compare existence and size of each file.

        Raises:
            DamageError: at the first difference.
        """
        self.check_manifest()
        path, sizes = self.path, self.manifest.get("sizes", {})
        for name in self.manifest["files"]:
            try:
                size = (path / name).stat().st_size
            except OSError:
                raise self.damage(name, "is not there") from None
            if name in sizes and size != sizes[name]:
                raise self.damage(name, f"has {size:,} bytes instead of {sizes[name]:,}")

    def verify(self) -> None:
        """`check`, and compare the sha256 of each file.

        Raises:
            DamageError: at the first difference.
        """
        if self.verified:
            return
        self.check()
        for name, digest in self.manifest["files"].items():
            try:
                found = digest_of_file(self.path / name)
            except OSError as error:
                raise self.damage(name, f"cannot be read ({error.strerror})") from error
            if found != digest:
                raise self.damage(name, "has another content than was written")
        object.__setattr__(self, "verified", True)

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
        self.root = Path(home(root))

    def folder(self, stage: str, name: str) -> Path:
        """Where the result of that name lies, or will lie."""
        return self.root / stage / name

    def partial(self, stage: str, name: str) -> Path:
        """Where the result grows until it is whole."""
        return self.root / stage / f"{name}.partial"

    def holder(self, stage: str, name: str) -> Path:
        """The file that says who has the lock."""
        return self.root / stage / f"{name}.holder"

    def at(self, stage: str, name: str) -> Artifact:
        """What lies in the place of that result, whole or not."""
        return Artifact(self.folder(stage, name))

    def find(self, stage: str, name: str, inputs: dict[str, Artifact]) -> Artifact | None:
        """The finished result, unless an input of it has since been made anew with other bits.

        Raises:
            DamageError: if a file of it is not there, or of another size than was written.
        """
        artifact = self.at(stage, name)
        if not artifact.place.is_dir():
            return None
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

        A half-made result belongs to the inputs and to the code it began with, and one that was
        begun without `force` is no remake: if these differ it is set aside, never deleted.

        Args:
            origin: inputs and code of today.
            forced: the result is to be made again.
        Returns:
            the folder, whether something half made goes on in it, and whether something half made
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
            UserError: if the store takes no folder.
        """
        path, holder = self.root / stage / f"{name}.lock", self.holder(stage, name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(f"store={self.root}", str(error.strerror)) from error
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

        A result that has this place is set aside: processes that read it go on reading it there.
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
        # Only now: a kill before the rename must find what is needed to go on.
        self.tidy(stage, name)
        made = Artifact(folder)
        object.__setattr__(made, "verified", True)
        return made
