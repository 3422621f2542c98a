"""Ids of runs: a command that was killed and is typed again continues the run that it began."""

import json
import secrets
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from crs.store.artifact import digest_of, write_json


class RunId:
    """The id of a command's run, kept in the store until the command succeeds.

    W&B knows an id once, whatever store or machine it came from, so a part of it is random. While
    a command holds the id, another process with the same command has an id of its own.

    Args:
        root: the store's folder of W&B.
        name: begins the id.
        what: what makes two commands the same.
    """

    def __init__(self, root: Path, name: str, what: list[str]) -> None:
        key = digest_of([str(root.resolve()), *what])[:16]
        self.file = root / "runs" / f"{key}.json"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.lock = FileLock(self.file.with_suffix(".lock"))
        self.continued = self.own = False
        with suppress(Timeout):
            self.lock.acquire(timeout=0)
            self.own = True
        self.value = self.new()
        if self.own:
            with suppress(OSError, ValueError, KeyError):
                self.value = json.loads(self.file.read_text())["id"]
                self.continued = True
            self.keep()

    def new(self) -> str:
        """An id that nobody has."""
        return f"{self.name}-{secrets.token_hex(4)}"

    def keep(self) -> None:
        """Leave the id for the next attempt."""
        if self.own:
            write_json(self.file, {"id": self.value})

    def renew(self) -> None:
        """Take another id: W&B takes none that was deleted there."""
        self.value, self.continued = self.new(), False
        self.keep()

    def close(self, succeeded: bool) -> None:
        """Let go of the id; after a success nobody continues its run."""
        if not self.own:
            return
        if succeeded:
            self.file.unlink(missing_ok=True)
        self.lock.release()
