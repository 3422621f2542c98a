"""One attempt at a command in a process of its own, which may be stopped at its N-th write."""

import io
import os
import runpy
import signal
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from crs.config import Config
from crs.errors import UserError
from crs.pipeline.run import run
from crs.store.artifact import MANIFEST, Artifact

SCRIPTS = Path(__file__).parents[2] / "src"
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "sqlite3.connect"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
SECONDS = 120
"""An attempt that takes longer is stuck."""
OURS = ("WANDB_", "HYDRA_", "CRS_")
"""Variables of whoever runs the trials that no attempt sees."""


@dataclass(frozen=True)
class Typed:
    """A command as one types it.

    Attributes:
        words: after the script's name.
        folder: where it is typed.
        variables: more of the environment.
        heard: what is typed to it afterwards.
    """

    words: tuple[str, ...]
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    script: str = "train.py"
    heard: str = ""


@dataclass(frozen=True)
class Stop:
    """Send this process a signal at one of its writes below the folder."""

    at: int
    by: signal.Signals = signal.SIGKILL


@dataclass
class Outcome:
    """How an attempt ended.

    Attributes:
        code: as the command's: 0, 2 for a sentence, 1 for a failure of ours; -9 if it was killed.
        out, said: what it wrote to standard output and to standard error.
        peak_mb: the most memory that it had, with what it was forked with.
    """

    code: int
    out: str
    said: str
    peak_mb: int

    @property
    def sentence(self) -> str:
        """The last line: what a user is told."""
        return self.said.strip().rpartition("\n")[2]

    @property
    def stuck(self) -> bool:
        """Whether it did not end by itself."""
        return self.code == -signal.SIGALRM

    @property
    def refused(self) -> bool:
        """Whether it ended with one sentence, as bad input does."""
        return self.code == 2 and self.sentence.startswith("error: ") and not self.traced

    @property
    def traced(self) -> bool:
        """Whether a user saw a traceback."""
        return "Traceback (most recent call last)" in self.said


class Writes:
    """Counts what is written below a folder, and stops this process at one of the writes.

    Counted are files opened for writing, renames, removals, folders made, transactions of SQLite
    and fsyncs of Python code; what libraries write from C is not seen.
    """

    def __init__(self, root: Path, stop: Stop | None, log: Path | None) -> None:
        self.root, self.stop, self.count = str(root), stop, 0
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
        """Count a write; the signal is sent at the chosen one."""
        self.count += 1
        if self.log:
            self.log.write(f"{self.count}\t{what}\t{path}\n")
            self.log.flush()
        if self.stop and self.count == self.stop.at:
            os.kill(os.getpid(), self.stop.by)

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


def perform(task: Config | Typed) -> int:
    """Do what a command does; returns its exit code."""
    try:
        if isinstance(task, Config):
            run(task)
            return 0
        os.chdir(task.folder)
        for name in [name for name in os.environ if name.startswith(OURS)]:
            del os.environ[name]
        os.environ.update(task.variables)
        sys.argv = [str(SCRIPTS / task.script), *task.words]
        sys.stdin = io.StringIO(task.heard)
        runpy.run_path(sys.argv[0], run_name="__main__")
        return 0
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except UserError as mistake:
        print(f"error: {mistake}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BaseException:
        traceback.print_exc()
        return 1


class Running:
    """An attempt under way."""

    def __init__(self, pid: int, out: IO[str], said: IO[str]) -> None:
        self.pid, self.files = pid, (out, said)

    @property
    def so_far(self) -> str:
        """What it wrote to standard error until now."""
        return os.pread(self.files[1].fileno(), 1 << 20, 0).decode(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait_until_stopped(self) -> bool:
        """Whether it came to the write at which it stops itself; False if it ended before."""
        return os.WIFSTOPPED(os.waitpid(self.pid, os.WUNTRACED)[1])

    def end(self) -> Outcome:
        """Wait for it."""
        _, status, used = os.wait4(self.pid, 0)
        texts = []
        for file in self.files:
            file.seek(0)
            texts.append(file.read())
            file.close()
        return Outcome(os.waitstatus_to_exitcode(status), *texts, used.ru_maxrss >> 10)


def start(
    task: Config | Typed, *, stop: Stop | None = None, log: Path | None = None
) -> Running:  # fmt: skip
    """Begin a command in a forked process.

    Args:
        task: settings, or a whole command.
        stop: at so many writes below the store; of a whole command, below its folder.
        log: file that lists the writes, one a line.
    """
    out, said = (os.fdopen(os.memfd_create(name), "w+", errors="replace", newline="")
                 for name in ("out", "said"))  # fmt: skip
    child = os.fork()
    if child:
        return Running(child, out, said)
    code = 1
    try:
        for number, file in enumerate((out, said), 1):
            os.dup2(file.fileno(), number)
        sys.stdout, sys.stderr = (os.fdopen(os.dup(n), "w", buffering=1) for n in (1, 2))
        signal.alarm(SECONDS)
        if stop or log:
            Writes(Path(task.store) if isinstance(task, Config) else task.folder, stop, log)
        code = perform(task)
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def attempt(
    task: Config | Typed, *, stop: Stop | None = None, log: Path | None = None
) -> Outcome:  # fmt: skip
    """`start`, and wait for the end."""
    return start(task, stop=stop, log=log).end()


@dataclass(frozen=True)
class Write:
    """A line of the log: which write, of what kind, and where."""

    number: int
    kind: str
    path: str


def writes_in(log: Path) -> list[Write]:
    """What a log lists."""
    lines = (line.split("\t") for line in log.read_text().splitlines())
    return [Write(int(number), kind, path) for number, kind, path in lines]


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
