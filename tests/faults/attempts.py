"""One attempt at a command in a process of its own, which may be killed at its N-th write."""

import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crs import pipeline
from crs.config import Config
from crs.errors import UserError
from crs.store import MANIFEST, Artifact

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
SECONDS = 120
"""An attempt that takes longer is stuck."""


@dataclass
class Outcome:
    """How an attempt ended.

    Attributes:
        code: as the command's: 0, 2 for a sentence, 1 for a failure of ours; -9 if it was killed.
        said: what it wrote to standard error.
    """

    code: int
    said: str

    @property
    def sentence(self) -> str:
        """The last line: what a user is told."""
        return self.said.strip().rpartition("\n")[2]


class Writes:
    """Counts what is written below a folder, and kills this process at one of the writes.

    Counted are files opened for writing, renames, removals, folders made and fsyncs of Python code;
    what libraries write from C is not seen.
    """

    def __init__(self, root: Path, kill_at: int | None, log: Path | None) -> None:
        self.root, self.kill_at, self.count = str(root), kill_at, 0
        self.log = log.open("w") if log else None
        self.fsync = os.fsync
        os.fsync = self.synced  # type: ignore[assignment]
        sys.addaudithook(self.hook)

    def mine(self, path: Any) -> bool:
        """Whether a path lies below the folder."""
        try:
            return os.fsdecode(path).startswith(self.root)
        except TypeError:
            return False

    def happened(self, what: str, path: Any) -> None:
        """Count a write; the process ends here if it is the chosen one."""
        self.count += 1
        if self.log:
            self.log.write(f"{self.count}\t{what}\t{path}\n")
            self.log.flush()
        if self.count == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        """Python's audit hook."""
        if event == "open":
            path, _, flags = args
            if isinstance(flags, int) and flags & WRITING and self.mine(path):
                self.happened(event, path)
        elif event in CHANGES and any(self.mine(path) for path in args[:2]):
            self.happened(event, args[:2])

    def synced(self, handle: Any) -> None:
        """`os.fsync`, counted."""
        number = handle if isinstance(handle, int) else handle.fileno()
        path = Path(f"/proc/self/fd/{number}").readlink()
        if self.mine(path):
            self.happened("fsync", path)
        self.fsync(handle)


def attempt(
    config: Config,
    *,
    kill_at: int | None = None,
    log: Path | None = None,
    before: Callable[[], object] = lambda: None,
) -> Outcome:
    """Run a command in a forked process.

    Args:
        kill_at: SIGKILL at so many writes below the store.
        log: file that lists the writes, one a line.
        before: called in the new process first.
    """
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if child == 0:
            os.dup2(said.fileno(), 2)
            sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
            code = 1
            try:
                signal.alarm(SECONDS)
                before()
                if kill_at is not None or log is not None:
                    Writes(Path(config.store), kill_at, log)
                pipeline.run(config)
                code = 0
            except UserError as mistake:
                print(f"error: {mistake}", file=sys.stderr)
                code = 2
            except KeyboardInterrupt:
                code = 130
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        status = os.waitpid(child, 0)[1]
        said.seek(0)
        return Outcome(os.waitstatus_to_exitcode(status), said.read())


def digests(store: Path) -> dict[str, str]:
    """What each finished result of a store contains, by stage and fingerprint."""
    folders = (file.parent for file in store.glob(f"*/*/{MANIFEST}"))
    return {f"{folder.parent.name}/{folder.name}": Artifact(folder).digest
            for folder in folders if folder.name.isalnum()}  # fmt: skip


def leftovers(store: Path) -> list[str]:
    """Files that no finished command should leave: of half-made results, and unfinished ones."""
    return sorted(
        str(path.relative_to(store))
        for pattern in ("*/*.partial", "*/*/resume", "*/*/begun.json", "**/*.new", "*/*.holder")
        for path in store.glob(pattern)
        if ".old-" not in str(path)
    )
