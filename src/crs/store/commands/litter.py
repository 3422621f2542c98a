"""`crs store gc`: what runs leave beside results, as locks, logs and folders of W&B."""

import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from crs.places import refusal, unwritable
from crs.store.store import ASIDE, Store, lock_of

STAGING = ".importing-"
"""Begins the name of a folder in which an import is unpacked."""
HOLDER = re.compile(r"process (\d+) on (.+)")


@dataclass(frozen=True)
class Litter:
    """A file or folder that nobody needs."""

    path: Path
    what: str


def litter(store: Store, older: float, unsynced: bool = False) -> Iterator[Litter]:
    """What can go.

    Args:
        older: seconds that a log, a folder of W&B or one that was set aside must be old.
        unsynced: with the runs that W&B's server may not have.
    """
    before = time.time() - older
    yield from locks(store)
    for path in sorted(store.root.glob("logs/*")):
        if newest(path) < before and not runs(path.name.rpartition("-")[2]):
            yield Litter(path, "log")
    for path in sorted(store.root.glob("wandb/wandb/*run-*")):
        if newest(path) < before and (unsynced or [*path.glob("*.synced")]):
            yield Litter(path, "W&B run")
    for path in sorted(store.root.glob("*/*.old-*")):
        # Not by its files: those may be years old when it is set aside.
        named = ASIDE.fullmatch(path.name)
        if named and int(named[1]) / 1e9 < before:
            yield Litter(path, "set aside")
    for path in sorted(store.root.glob(f"{STAGING}*")):
        if newest(path) < before:
            yield Litter(path, "unfinished import")


def locks(store: Store) -> Iterator[Litter]:
    """Locks of results that are not there, and what killed processes left to say that they hold
    one."""
    for path in sorted(store.root.glob("*/*.lock")):
        result = path.with_suffix("")
        there = result.exists() or path.with_suffix(".partial").exists()
        if not there and free(result):
            yield Litter(path, "lock")
    for path in sorted(store.root.glob("*/*.holder")):
        locked = path.with_suffix(".lock").exists() and not free(path.with_suffix(""))
        if not holds(path) and not locked:
            yield Litter(path, "holder")


def free(result: Path) -> bool:
    """Whether no process holds the lock of a result; where none can be had, nobody knows."""
    try:
        with lock_of(result).acquire(timeout=0):
            return True
    except (Timeout, OSError):  # it is held, or the file system has no locks
        return False


def holds(holder: Path) -> bool:
    """Whether the process that a holder names may live: it does, or it is of another machine."""
    try:
        found = HOLDER.fullmatch(holder.read_text())
    except OSError:
        return True  # it has just gone
    return found is not None and (found[2] != socket.gethostname() or runs(found[1]))


def runs(process: str) -> bool:
    """Whether a process of this machine has that id."""
    if not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def newest(path: Path) -> float:
    """When a folder or anything in it was written last: now if any of it goes meanwhile."""
    try:
        return max(one.lstat().st_mtime for one in (path, *path.rglob("*")))
    except FileNotFoundError:
        return time.time()


def remove(one: Litter, store: Store) -> bool:
    """Remove it; False if a process has taken the lock that it is, or removed it, in the meantime.

    Raises:
        UserError: if the store cannot be written.
    """
    try:
        if one.what == "lock":
            with lock_of(one.path.with_suffix("")).acquire(timeout=0):
                one.path.unlink()
        elif one.path.is_dir() and not one.path.is_symlink():
            shutil.rmtree(one.path)
        else:
            one.path.unlink()
    except (Timeout, FileNotFoundError):
        return False
    except OSError as error:
        why = refusal(error) or str(error)
        raise unwritable(f"--store={store.root}", why, "--store") from error
    return True
