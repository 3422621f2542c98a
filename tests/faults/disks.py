"""Disks that are full or read-only: one sentence, and with room the same bits."""

import ctypes
import json
import os
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.faults.attempts import Outcome, attempt, digests
from tests.faults.processes import typed
from tests.faults.tried import DIFFERENT, OTHER, STUCK, Tried

NEW_NAMESPACES = 0x00020000 | 0x10000000
"""CLONE_NEWNS | CLONE_NEWUSER."""
READ_ONLY, REMOUNT = 1, 32
ROOM = 256 << 20
MOST = 20
NOT_ALLOWED = "this system lets nobody mount a tmpfs in a user namespace"


def libc(name: str, *words: Any) -> None:
    """Call a function of the C library.

    Raises:
        OSError: if it fails.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*words) != 0:
        raise OSError(ctypes.get_errno(), name)


def mount(place: Path, options: str, flags: int = 0) -> None:
    """Mount a tmpfs, or change how it is mounted."""
    libc("mount", b"tmpfs", os.fsencode(place), b"tmpfs", flags, options.encode())


def with_own_mounts(act: Callable[[], Any]) -> Any:
    """What a function returns, a JSON value, in a process whose mounts nobody else sees.

    Raises:
        OSError: if the system does not allow it.
        RuntimeError: if the function fails; its traceback is on standard error.
    """
    user, group = os.getuid(), os.getgid()
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        answer: dict[str, Any] = {"failed": "a process with its own mounts failed"}
        try:
            libc("unshare", NEW_NAMESPACES)
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {user} 1")
            Path("/proc/self/gid_map").write_text(f"0 {group} 1")
            answer = {"found": act()}
        except OSError as error:
            answer = {"refused": str(error)}
        except BaseException:
            traceback.print_exc()
        finally:
            with os.fdopen(tell, "w") as file:
                json.dump(answer, file)
            os._exit(0)
    os.close(tell)
    with os.fdopen(told) as file:
        answer = json.load(file)
    os.waitpid(child, 0)
    if "refused" in answer:
        raise OSError(answer["refused"])
    if "failed" in answer:
        raise RuntimeError(answer["failed"])
    return answer["found"]


def allowed(place: Path) -> bool:
    """Whether a tmpfs can be mounted here."""
    try:
        with_own_mounts(lambda: mount(place, "size=65536"))
    except OSError:
        return False
    return True


def size_of(folder: Path) -> int:
    """Bytes on disk of all files and folders."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


def told(done: Outcome) -> str:
    """What is wrong with what was said of a disk; "" if nothing."""
    if not done.refused:
        return f"no sentence but {done.code}: {done.sentence}"
    return "" if "store" in done.sentence else f"it does not name the store: {done.sentence}"


def full(folder: Path, tried: Tried) -> None:
    """A disk that fills at some point of the command: one sentence that names the store; with room
    the same command ends in the same bits."""
    place, straight = folder / "disk", folder / "straight"
    place.mkdir()
    if not allowed(place):
        tried.skipped = NOT_ALLOWED
        return
    done = attempt(typed("model=latentcrs", straight))
    assert done.code == 0, done.said
    wanted, whole = digests(straight / "store"), size_of(straight)
    sizes = [round(whole * part / 40) & ~4095 or 4096 for part in range(40)]
    for size in tried.drawn(sizes, MOST):

        def act(size: int = size) -> list[dict[str, Any]]:
            mount(place, f"size={size}")
            task = typed("model=latentcrs", place)
            first = attempt(task)
            mount(place, f"size={ROOM}", REMOUNT)
            return [asdict(first), asdict(attempt(task)), digests(place / "store")]

        *outcomes, found = with_own_mounts(act)
        first, second = (Outcome(**outcome) for outcome in outcomes)
        what = f"full at {size:,} of {whole:,} bytes"
        if first.code != 0 and (problem := told(first)):
            tried.fail(OTHER, f"{what}: {problem}")
        if second.code != 0:
            tried.fail(STUCK, f"{what}: with room {second.code} {second.sentence}")
        elif found != wanted:
            tried.fail(DIFFERENT, what)
        elif not any(text.startswith(what) for _, text in tried.wrong):
            tried.held["told, and ended with room" if first.code else "ended at once"] += 1


def read_only(folder: Path, tried: Tried) -> None:
    """A store that cannot be written: what is in it is found, and nothing else is begun."""
    place = folder / "disk"
    place.mkdir()
    if not allowed(place):
        tried.skipped = NOT_ALLOWED
        return

    def act() -> list[dict[str, Any]]:
        mount(place, f"size={ROOM}")
        task = typed("model=popularity", place)
        made = attempt(task)
        assert made.code == 0, made.said
        mount(place, f"size={ROOM}", REMOUNT | READ_ONLY)
        other = typed("model=attribute_filter", place)
        return [asdict(attempt(task)), asdict(attempt(other))]

    outcomes = [Outcome(**outcome) for outcome in with_own_mounts(act)]
    for name, done in tried.drawn(list(zip(("found", "to make"), outcomes, strict=True))):
        problem = "" if name == "found" else told(done)
        if problem or (name == "found" and done.code != 0):
            tried.fail(OTHER, f"read-only, {name}: {done.code} {problem or done.sentence}")
        else:
            tried.held[name if name == "found" else "told"] += 1
