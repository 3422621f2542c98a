"""`crs store import`: the results of an exported file, each verified before any is published.

Nothing of the file is trusted: no name leaves the folder in which it is unpacked, no member is
unpacked beyond the size that its manifest tells, and only whole results get their names.
"""

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crs.errors import DamageError, UserError
from crs.places import refusal, unwritable
from crs.store.artifact import MANIFEST, Artifact, sync_folder
from crs.store.commands.catalogue import NAME, STAGE
from crs.store.commands.exporting import FORMAT, INDEX
from crs.store.commands.litter import STAGING
from crs.store.store import Store

LARGEST = 64 << 20
"""Bytes of an index or a manifest."""


@dataclass(frozen=True)
class Imported:
    """What became of a result of the file: published, or there already."""

    result: Artifact
    published: bool


def import_from(file: Path, store: Store, say: Callable[[str], None]) -> list[Imported]:
    """Publish the results of an exported file.

    Raises:
        UserError: if the file or anything in it is not as it was exported, if the store has another
            result of the same name, or cannot be written. Nothing is published then, unless the
            store fails between two renames: what is published by then is whole, and stays.
    """
    try:
        packed = zipfile.ZipFile(file)
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(f"{file}: no file that crs store export has written ({error})") from error
    with packed:
        names = results_of(packed, file)
        try:
            store.root.mkdir(parents=True, exist_ok=True)
            staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=store.root))
        except OSError as error:
            raise unplaced(store, error) from error
        try:
            manifests: dict[str, dict[str, Any]] = {}
            for name in names:
                manifests[name] = unpack(packed, name, staging, manifests, file)
            refuse_members(packed, manifests, file)
            refuse_others(store, manifests)
            return [publish(staging, name, store, say) for name in names]
        except OSError as error:
            raise unplaced(store, error) from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def unplaced(store: Store, error: OSError) -> UserError:
    """The sentence for a store that takes no results."""
    return unwritable(f"--store={store.root}", refusal(error) or str(error), "--store")


def broken(file: Path, what: str) -> UserError:
    """The sentence for a file that is not as it was exported."""
    return UserError(f"{file}: {what}; nothing was imported. Export it again")


def content(packed: zipfile.ZipFile, name: str, file: Path) -> bytes:
    """A small member.

    Raises:
        UserError: if it is missing, packed, or too large.
    """
    try:
        member = packed.getinfo(name)
        if member.file_size > LARGEST or member.compress_type != zipfile.ZIP_STORED:
            raise broken(file, f"{name!r} is no part of an export")
        return packed.read(member)
    except (KeyError, zipfile.BadZipFile, EOFError, RuntimeError) as error:
        raise broken(file, f"{name!r} is missing or damaged") from error


def results_of(packed: zipfile.ZipFile, file: Path) -> list[str]:
    """The names `stage/fingerprint` that the index has.

    Raises:
        UserError: if there is no such index, or a name in it is none.
    """
    try:
        index = json.loads(content(packed, INDEX, file))
        form, names = index["format"], [str(name) for name in index["results"]]
    except (ValueError, KeyError, TypeError) as error:
        raise broken(file, "its index cannot be read") from error
    if form != FORMAT:
        raise UserError(f"{file} has format {form}, and this version reads {FORMAT}")
    for name in names:
        stage, _, fingerprint = name.partition("/")
        if not (STAGE.fullmatch(stage) and NAME.fullmatch(fingerprint)):
            raise broken(file, f"{name!r} is no name of a result")
    return list(dict.fromkeys(names))


def inside(name: str) -> bool:
    """Whether the name of a file stays within its result, on every system."""
    parts = name.split("/")
    return not any(part in ("", ".", "..") for part in parts) and not set(name) & set("\\:\0")


def unpack(
    packed: zipfile.ZipFile,
    name: str,
    staging: Path,
    before: dict[str, dict[str, Any]],
    file: Path,
) -> dict[str, Any]:
    """Unpack a result, each of its files against its sha256; returns its manifest.

    Args:
        before: the manifests of the results that come earlier in the file.
    Raises:
        UserError: if anything is not as it was written.
    """
    folder = staging / name
    folder.mkdir(parents=True)
    (folder / MANIFEST).write_bytes(content(packed, f"{name}/{MANIFEST}", file))
    try:
        result = Artifact(folder)
        result.check_manifest()
        manifest = result.manifest
        own = f"{manifest['stage']}/{manifest['fingerprint']}"
        inputs = {f"{stage}/{of['fingerprint']}": of["digest"]
                  for stage, of in manifest["inputs"].items()}  # fmt: skip
        files = {str(at): str(digest) for at, digest in manifest["files"].items()}
        sizes = dict(manifest.get("sizes", {}))
    except (DamageError, KeyError, TypeError, AttributeError) as error:
        raise broken(file, f"the manifest of {name} is not as it was written") from error
    if own != name or any(
        other not in before or before[other]["digest"] != digest for other, digest in inputs.items()
    ):
        raise broken(file, f"{name} does not stand on what is in the file")
    for at, digest in files.items():
        if not inside(at) or at == MANIFEST:
            raise broken(file, f"{name} has a file {at!r}, which is no name for one")
        unpack_file(packed, f"{name}/{at}", folder / at, digest, sizes.get(at), file)
    return manifest


def unpack_file(
    packed: zipfile.ZipFile, member: str, to: Path, digest: str, size: int | None, file: Path
) -> None:
    """Unpack one file, no more of it than its size.

    Raises:
        UserError: if it is not as it was written.
    """
    hashed = hashlib.sha256()
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        about = packed.getinfo(member)
        if about.compress_type != zipfile.ZIP_STORED or size not in (None, about.file_size):
            raise broken(file, f"{member} has another size than was written")
        with packed.open(about) as content, to.open("xb") as out:
            while block := content.read(1 << 20):
                hashed.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
    # What zipfile raises: no such member, damage, an end too soon, a password or another method.
    except (KeyError, zipfile.BadZipFile, EOFError, RuntimeError) as error:
        raise broken(file, f"{member} is missing or damaged") from error
    if hashed.hexdigest() != digest:
        raise broken(file, f"{member} has another content than was written")


def refuse_members(
    packed: zipfile.ZipFile, manifests: dict[str, dict[str, Any]], file: Path
) -> None:
    """Refuse a file with members that no manifest names.

    Raises:
        UserError: with the first of them.
    """
    known = {INDEX} | {f"{name}/{at}" for name, manifest in manifests.items()
                       for at in (MANIFEST, *manifest["files"])}  # fmt: skip
    if strange := sorted(set(packed.namelist()) - known):
        raise broken(file, f"{strange[0]!r} is of no result in it")


def refuse_others(store: Store, manifests: dict[str, dict[str, Any]]) -> None:
    """Refuse results of which the store has damaged ones, or others by the same name: bits differ
    between machines, and what stands on one does not stand on the other.

    Raises:
        UserError: with what to type.
    """
    for name, manifest in manifests.items():
        there = store.at(*name.split("/"))
        if not there.place.exists():
            continue
        try:
            there.check()
        except DamageError as damage:
            raise UserError(
                f"{store.root}: {damage.what}; type force=[{damage.stage}] with the command that "
                f"made it, or delete {there.place}, or type --store=PLACE to import into another "
                "store"
            ) from damage
        if there.digest != manifest["digest"]:
            raise UserError(
                f"{name} is in {store.root} with other content; type --store=PLACE to import into "
                "another store"
            )


def publish(staging: Path, name: str, store: Store, say: Callable[[str], None]) -> Imported:
    """Give an unpacked result its place, under its lock."""
    stage, _, fingerprint = name.partition("/")
    with store.lock(stage, fingerprint, lambda holder: say(f"import    {name} {holder}")):
        place = store.folder(stage, fingerprint)
        if place.exists():
            return Imported(Artifact(place), False)
        for folder in {path.parent for path in (staging / name).rglob("*")}:
            sync_folder(folder)
        (staging / name).rename(place)
        sync_folder(place.parent)
    return Imported(Artifact(place), True)
