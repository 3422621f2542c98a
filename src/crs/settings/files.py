"""Files that settings name, by their content."""

import hashlib
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from crs.errors import UserError
from crs.places import home


def sha256_of(path: str | Path, key: str) -> str:
    """Hex sha256 of a file, or of the names and contents of all files in a folder.

    Args:
        key: the setting that named it.
    Raises:
        UserError: if there is no such file, or it may not be read.
    """
    path = Path(home(path))
    if path.is_dir():
        files = {
            str(f.relative_to(path)): sha256_of(f, key) for f in path.rglob("*") if f.is_file()
        }
        return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    if not path.is_file():
        raise UserError(f"{key}: there is no file or folder {path}; type {key}=PATH")
    try:
        about = path.stat()
        return _sha256(path, about.st_size, about.st_mtime_ns)
    except OSError as error:
        raise UserError(f"{key}: {path} cannot be read ({error.strerror})") from error


@cache
def _sha256(path: Path, size: int, time: int) -> str:
    """Of a file of that size and time of change; a plan asks more than once, and some have GBs."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(path: str | Path, key: str) -> str:
    """Hex sha256 of a path's content: of a file, or of a folder's files with their names."""
    path = Path(home(path))
    if not path.is_dir():
        return sha256_of(path, key)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    lines = (f"{file.relative_to(path)} {sha256_of(file, key)}" for file in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def named_file(name: str, key: str, folder: Path, what: str) -> Path:
    """A text file: by its name in a folder of ours, or by its path.

    Raises:
        UserError: if there is none.
    """
    path = folder / f"{name}.txt" if (folder / f"{name}.txt").is_file() else Path(home(name))
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.txt")))
        raise UserError(f"{key}={name}: no such {what}; there are {known}, or give a path")
    return path


def prompt_file(name: str, key: str, package: str = "data_generator") -> Path:
    """The text file of a prompt: by its name in `<package>/prompts/`, or by its path.

    Raises:
        UserError: if there is none.
    """
    return named_file(name, key, package_folder(package) / "prompts", "prompt")


def package_folder(package: str) -> Path:
    """The folder of a package of ours, which is not imported."""
    spec = find_spec(package)
    assert spec is not None and spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations)))
