"""The ledger: what was asked, of which job, what came back and what it cost, in one SQLite file.

A request is `new`, then `sent` (with its job), then `done`, or `failed` where the model would not
answer. A job is written down before it is created at the vendor's, and its id there before anyone
waits. One process at a time sends or books, under a file lock; whoever holds the lock and finds a
job without an id knows that its sender is dead. Of what is asked only the key is kept.

Each row carries a sha256 of its cells. All are compared before anything is sent: what a damaged row
had paid for is never asked again in silence.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from crs import places
from crs.console import say
from crs.errors import UserError
from crs.llm.ledger_tables import SCHEMA, TABLES, UNSEALED, Booking, Job, Row, cells, columns, seal

PLACE = (
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
)
"""Errors about the place of the file."""
ELSEWHERE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT)
"""Errors about other processes."""
CHUNK = 500
"""Keys in one SQL statement."""


class Ledger:
    """The SQLite file; safe for several processes, used by one thread of each."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(places.home(path))
        self.file_lock = FileLock(f"{self.path}.lock")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection.

        Raises:
            UserError: if the file is damaged, or its place takes nothing.
        """
        try:
            with closing(sqlite3.connect(self.path, timeout=60, isolation_level=None)) as db:
                db.create_function("seal", -1, seal, deterministic=True)
                yield db
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in ELSEWHERE:
                raise
            if code in PLACE:
                raise self.unwritable(str(error)) from error
            raise self.damage(str(error)) from error

    def damage(self, what: str) -> UserError:
        """The sentence for a ledger that is not as it was written."""
        return UserError(
            f"llm.ledger={self.path} is damaged ({what}); nothing was sent. It is the record of "
            "what was paid for: put a copy of it back, or move it away to ask and pay again"
        )

    def unwritable(self, why: str) -> UserError:
        """The sentence for a place that takes no ledger."""
        return places.unwritable(f"llm.ledger={self.path}", why, "llm.ledger")

    def _read(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query; none where the file does not exist yet."""
        if not self.path.is_file():
            return []
        with self._open() as db:
            return db.execute(query, values).fetchall()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, durable when it ends. What it changes has `seal = NULL`, until here."""
        with self._open() as db:
            db.execute("PRAGMA synchronous=FULL")
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                for table in TABLES:
                    db.execute(
                        f"UPDATE {table} SET seal = seal({cells(db, table)}) WHERE seal IS NULL"
                    )
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk has rolled it back already
                    db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def check(self) -> None:
        """Compare the file with itself and each row with its seal.

        Raises:
            UserError: if it is damaged.
        """
        if not self.path.is_file():
            return
        with self._open() as db:
            if (found := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise self.damage(found.splitlines()[-1])
            existing = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
            if missing := set(TABLES) - existing:
                raise self.damage(f"it has no table {min(missing)}")
            for table in TABLES:
                if "seal" not in columns(db, table):
                    continue  # of before there were seals: the next write adds them
                other = f"seal IS NOT NULL AND seal != seal({cells(db, table)})"
                if wrong := db.execute(f"SELECT COUNT(*) FROM {table} WHERE {other}").fetchone()[0]:
                    raise self.damage(f"{wrong:,} rows of {table} are not as they were written")

    def make(self) -> None:
        """Make the file with its tables, if it is missing: it never exists without them.

        Raises:
            UserError: if its place takes no file.
        """
        if not self.path.is_file():
            unfinished = self.path.with_name(f"{self.path.name}.new")
            try:
                unfinished.unlink(missing_ok=True)
                with closing(sqlite3.connect(unfinished)) as db:
                    db.executescript(SCHEMA)
                unfinished.replace(self.path)
            except (OSError, sqlite3.Error) as error:
                raise self.unwritable(getattr(error, "strerror", None) or str(error)) from error
        with self._open() as db:
            for table in TABLES:
                if "seal" not in columns(db, table):
                    db.execute(f"ALTER TABLE {table} ADD COLUMN seal TEXT")
                db.execute(UNSEALED.format(table))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Only one process sends or books; the system frees the lock of one that died.

        Raises:
            UserError: if the ledger is damaged, or its place takes nothing.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.file_lock.acquire(timeout=0)
        except Timeout:
            say(f"llm       waits: another process works with {self.path}")
            self.file_lock.acquire()
        except OSError as error:
            raise self.unwritable(str(error.strerror)) from error
        try:
            self.check()
            self.make()
            yield
        finally:
            self.file_lock.release()

    def rows(self, keys: Iterable[str]) -> dict[str, Row]:
        """The rows that exist, by key."""
        wanted, found = list(keys), {}
        names = ", ".join(f.name for f in fields(Row))
        for first in range(0, len(wanted), CHUNK):
            part = wanted[first : first + CHUNK]
            marks = ",".join("?" * len(part))
            query = f"SELECT {names} FROM requests WHERE key IN ({marks})"
            found.update({cells[0]: Row(*cells) for cells in self._read(query, part)})
        return found

    def add(self, keys: Iterable[str], model: str) -> None:
        """Note requests that are to be asked; those that are noted stay unchanged."""
        with self._write() as db:
            db.executemany(
                "INSERT OR IGNORE INTO requests (key, model, state, changed) "
                "VALUES (?, ?, 'new', ?)",
                [(key, model, time.time()) for key in keys],
            )

    def send(self, job: str, provider: str, reserved: dict[str, float]) -> None:
        """`new` to `sent` under a job whose id is not known yet; `reserved` is USD by key."""
        with self._write() as db:
            now = time.time()
            db.execute(
                "INSERT INTO jobs (name, provider, created) VALUES (?, ?, ?)", (job, provider, now)
            )
            db.executemany(
                "UPDATE requests SET state = 'sent', job = ?, reserved = ?, asked = asked + 1, "
                "changed = ?, seal = NULL WHERE key = ? AND state = 'new'",
                [(job, money, now, key) for key, money in reserved.items()],
            )

    def accept(self, job: str, remote: str) -> None:
        """The vendor has the job, under this id."""
        with self._write() as db:
            db.execute("UPDATE jobs SET remote = ?, seal = NULL WHERE name = ?", (remote, job))

    def jobs(self, provider: str) -> list[Job]:
        """The open jobs of a provider, oldest first."""
        query = "SELECT name, remote FROM jobs WHERE open AND provider = ? ORDER BY created"
        return [Job(*cells) for cells in self._read(query, (provider,))]

    def sent(self, job: str) -> set[str]:
        """Keys that a job still owes an answer."""
        query = "SELECT key FROM requests WHERE job = ? AND state = 'sent'"
        return {key for (key,) in self._read(query, (job,))}

    def book(self, bookings: Iterable[Booking]) -> None:
        """Write down answers; a request that was not waiting for one is left as it is."""
        with self._write() as db:
            self._book(db, bookings)

    def _book(self, db: sqlite3.Connection, bookings: Iterable[Booking]) -> None:
        db.executemany(
            "UPDATE requests SET state = ?, answer = ?, reason = ?, cut = ?, "
            "tokens_in = tokens_in + ?, tokens_out = tokens_out + ?, usd = usd + ?, code = ?, "
            "wrong = wrong + (? = 'wrong'), reserved = 0, changed = ?, seal = NULL "
            "WHERE key = ? AND state = 'sent'",
            [
                (
                    b.state,
                    b.answer,
                    b.reason,
                    b.cut,
                    b.tokens_in,
                    b.tokens_out,
                    b.usd,
                    b.code,
                    b.code,
                    time.time(),
                    b.key,
                )
                for b in bookings
            ],
        )

    def settle(
        self,
        job: str,
        bookings: Iterable[Booking] = (),
        *,
        malformed: int = 0,
        foreign: int = 0,
        doubled: int = 0,
    ) -> int:
        """Nothing more will come of a job; what it still owes is `new` again. Returns how many."""
        with self._write() as db:
            self._book(db, bookings)
            db.execute(
                "UPDATE jobs SET open = 0, malformed = ?, foreign_keys = ?, doubled = ?, "
                "seal = NULL WHERE name = ?",
                (malformed, foreign, doubled, job),
            )
            return db.execute(
                "UPDATE requests SET state = 'new', reserved = 0, seal = NULL WHERE job = ? "
                "AND state = 'sent'",
                (job,),
            ).rowcount

    def renew(self, keys: Iterable[str]) -> None:
        """Requests that failed with an error may be asked again; refusals stay."""
        with self._write() as db:
            db.executemany(
                "UPDATE requests SET state = 'new', seal = NULL WHERE key = ? AND state = 'failed' "
                "AND reason LIKE 'error%'",
                [(key,) for key in keys],
            )

    def spent(self) -> float:
        """USD paid so far, and set aside for what is under way."""
        rows = self._read("SELECT TOTAL(usd) + TOTAL(reserved) FROM requests")
        return rows[0][0] if rows else 0.0

    def faults(self, jobs: Iterable[str]) -> dict[str, int]:
        """Malformed lines, foreign keys and doubled answers in the results of these jobs."""
        names = list(jobs)
        marks = ",".join("?" * len(names))
        sums = "TOTAL(malformed), TOTAL(foreign_keys), TOTAL(doubled)"
        rows = self._read(f"SELECT {sums} FROM jobs WHERE name IN ({marks})", names)
        cells = rows[0] if rows else (0, 0, 0)
        return dict(zip(("malformed", "foreign", "doubled"), map(int, cells), strict=True))
