"""What a run says: lines and progress bars on standard error, results on standard output.

Lines go to the log of the command too, and progress goes there every half minute. Whatever is
said holds no secret and no command to the terminal, whoever wrote its parts.
"""

import io
import logging
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tqdm import tqdm

from crs.escape import terminal
from crs.secrets import redact
from crs.settings.engine import Engine

LOG = logging.getLogger("crs.console")
"""Has the log file of the command alone (conf/train.yaml), so that no line is said twice."""
EVERY = 30.0
"""Seconds between two lines of progress."""
PROGRESS = "{percentage:.0f}%, {n_fmt} of {total_fmt} {unit}, {remaining} left{postfix}"


def plain(text: str) -> str:
    """A line as it may be shown and kept: without secrets, and text alone."""
    return terminal(redact(text))


def plain_lines(text: str) -> str:
    """The same of several lines, which stay several."""
    return "\n".join(map(plain, text.split("\n")))


class PlainFormatter(logging.Formatter):
    """Log records, their tracebacks too, as they may be shown and kept."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's lines."""
        return plain_lines(super().format(record))


def say(text: str) -> None:
    """One line to the user, above any bar that is drawn, and to the log."""
    line = plain(text)
    tqdm.write(line, file=sys.stderr)
    LOG.info(line)


def complain(sentence: object) -> None:
    """The line on standard error that says why a command ends without what was asked for."""
    print(f"error: {plain(str(sentence))}", file=sys.stderr)


def show_failure(kind: type[BaseException], error: BaseException, _: Any) -> None:
    """Python's last words on a failure of ours, in the place of `sys.excepthook`."""
    lines = "".join(traceback.format_exception(kind, error, error.__traceback__))
    print(plain_lines(lines.rstrip()), file=sys.stderr)


class LogFile(logging.FileHandler):
    """The log of a command. That it cannot be written is told once, and costs no result."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Say why, and leave the log as it is."""
        failure = sys.exc_info()[1]
        if isinstance(failure, OSError) and self.level <= logging.CRITICAL:
            self.setLevel(logging.CRITICAL + 1)
            tqdm.write(f"note      the log ends here ({failure.strerror})", file=sys.stderr)
        elif not isinstance(failure, OSError):
            super().handleError(record)


def interrupt_on_sigterm() -> None:
    """Let SIGTERM, which SLURM and Docker send, act as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def stage_line(stage: str, state: str, name: str, note: str = "", seconds: float = -1) -> str:
    """The line of a stage: its name, its state, its fingerprint, a note, seconds."""
    took = f"{seconds:,.0f} s" if seconds >= 0 else ""
    return f"{stage:<11} {state:<11}{name:<18}{note}  {took}".rstrip()


class Nowhere(io.TextIOBase):
    """The stream of a bar that is not shown."""

    def write(self, text: str) -> int:
        """Nothing is kept."""
        return len(text)


class Progress(tqdm):
    """A bar on a terminal. A line every half minute in the log, and where there is no terminal on
    standard error."""

    def __init__(self, total: int, done: int, label: str, unit: str, shown: bool) -> None:
        self.drawn = sys.stderr.isatty()
        self.due = time.monotonic() + EVERY
        super().__init__(
            total=total,
            initial=done,
            desc=label,
            unit=unit,
            disable=not shown,
            leave=False,
            dynamic_ncols=True,
            file=sys.stderr if self.drawn else Nowhere(),
        )

    def update(self, n: float | None = 1) -> bool | None:
        """Count, and say a line if one is due."""
        drawn = super().update(n)
        if not self.disable and time.monotonic() >= self.due:
            self.due = time.monotonic() + EVERY
            (LOG.info if self.drawn else say)(f"{self.desc:<12}{'runs':<9}{self.line()}")
        return drawn

    def line(self) -> str:
        """How far it is and what is left."""
        return self.format_meter(**{**self.format_dict, "bar_format": PROGRESS, "ncols": None})


Watch = Callable[[str, int, float], None]


def ignore(phase: str, epoch: int, score: float) -> None:
    """Nobody watches the training."""


@dataclass
class Context:
    """How a stage runs, never what it computes: device, progress and tracker."""

    trainer: Any
    """`crs.settings.training.Trainer`."""
    tracker: Any
    """`crs.tracking.run.Run`."""
    fingerprint: str
    notes: list[str] = field(default_factory=list)
    """What the stage's line should say, e.g. how much was resumed."""
    handed: dict[str, Callable[..., Any]] = field(default_factory=dict)
    """Functions of other stages' packages that the pipeline gives, by name."""

    def bar(self, total: int, done: int = 0, label: str = "", unit: str = "it") -> Progress:
        """A progress bar with what is left, or lines where no bar can be drawn."""
        return Progress(total, done, label, unit, self.trainer.progress)

    watch: Watch = ignore
    """Told the phase, the epoch and its validation figure when the state of an epoch is kept. It
    may end the stage by an exception."""
    engine: Engine = field(default_factory=Engine)
    """Who computes the shards of a stage."""
    team: Any = None
    """The processes on other devices, `crs.training.team.Team`, once a training started them."""
    note: Callable[[str], None] = field(init=False)

    def __post_init__(self) -> None:
        self.note = self.notes.append

    def close(self) -> None:
        """End what the stage has started."""
        team, self.team = self.team, None
        if team is not None:
            team.close()
