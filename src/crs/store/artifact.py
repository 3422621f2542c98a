"""A result: its name, its files, and how a stage reads and writes them.

A result's name is the fingerprint of everything that could change the result
(docs/architecture.md).
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from crs.errors import DamageError, NotFiniteError, PartialResultError

MANIFEST = "manifest.json"
RESUME = "resume"
"""Folder inside a partial result for its checkpoints; it is not part of the result."""
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
        raise NotFiniteError(f"{path.name}: a number is not finite") from error
    temporary = path.with_name(path.name + UNFINISHED)
    temporary.write_text(text)
    replace_synced(temporary, path)


ABSENT = "absent"
"""In the place of a sha256: the file may not exist yet."""


def checksum(path: Path) -> Path:
    """The file beside a resume file that holds its sha256."""
    return path.with_name(f"{path.name}.sha256")


def recorded(path: Path) -> list[str]:
    """The digests beside a resume file: each sha256 that its content may have."""
    beside = checksum(path)
    return beside.read_bytes().decode(errors="replace").split() if beside.is_file() else []


def record(path: Path, digests: list[str]) -> None:
    """Write the digests beside a resume file."""
    unfinished = path.with_name(f"{checksum(path).name}{UNFINISHED}")
    unfinished.write_text("\n".join(digests))
    replace_synced(unfinished, checksum(path))


def keep(temporary: Path, path: Path) -> None:
    """Put a finished resume file in its place, with its sha256 beside it.

    While the file is exchanged both the old sha256 and the new one are recorded (`ABSENT`, where
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
    """Whether a resume file exists.

    Raises:
        PartialResultError: if it is not as `keep` left it.
    """
    there, digests = path.is_file(), recorded(path)
    if not there and (ABSENT in digests or not checksum(path).is_file()):
        return False
    if not there or digest_of_file(path) not in digests:
        raise PartialResultError(f"{RESUME}/{path.name} is damaged")
    return True


def downloads(folder: Path) -> Path:
    """Where a store keeps downloaded files.

    Args:
        folder: of a result in that store, finished or not.
    """
    return folder.parents[1] / "downloads"


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
        """What the stage's `run` returned."""
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

    def pieces(self, name: str, *columns: str) -> Iterator[list[Any]]:
        """Columns of a table as arrays, some thousands of rows at a time."""
        from pyarrow import parquet

        with parquet.ParquetFile(self.path / name) as file:
            for batch in file.iter_batches(columns=list(columns)):
                yield [batch[column].to_numpy() for column in columns]
