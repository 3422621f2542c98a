"""The tables of the ledger: their schema, their rows, and the sha256 that each row carries."""

import hashlib
import sqlite3
from dataclasses import dataclass
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
  key TEXT PRIMARY KEY, model TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('new', 'sent', 'done', 'failed')),
  job TEXT, answer TEXT, reason TEXT NOT NULL DEFAULT '', cut INTEGER NOT NULL DEFAULT 0,
  asked INTEGER NOT NULL DEFAULT 0, tokens_in INTEGER NOT NULL DEFAULT 0,
  tokens_out INTEGER NOT NULL DEFAULT 0, usd REAL NOT NULL DEFAULT 0,
  reserved REAL NOT NULL DEFAULT 0, code TEXT NOT NULL DEFAULT '',
  wrong INTEGER NOT NULL DEFAULT 0, changed REAL NOT NULL, seal TEXT
);
CREATE INDEX IF NOT EXISTS of_job ON requests (job) WHERE state = 'sent';
CREATE TABLE IF NOT EXISTS jobs (
  name TEXT PRIMARY KEY, provider TEXT NOT NULL, remote TEXT, open INTEGER NOT NULL DEFAULT 1,
  malformed INTEGER NOT NULL DEFAULT 0, foreign_keys INTEGER NOT NULL DEFAULT 0,
  doubled INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL, seal TEXT
);
"""


UNSEALED = "CREATE INDEX IF NOT EXISTS unsealed_{0} ON {0} (seal) WHERE seal IS NULL"


TABLES = ("requests", "jobs")


@dataclass(frozen=True)
class Row:
    """A request as the ledger has it."""

    key: str
    state: str
    job: str | None
    answer: str | None
    reason: str
    cut: int
    asked: int
    tokens_in: int
    tokens_out: int
    usd: float
    code: str
    wrong: int


@dataclass(frozen=True)
class Booking:
    """What became of a request that was sent."""

    key: str
    state: str
    answer: str | None = None
    reason: str = ""
    cut: bool = False
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0
    code: str = ""


@dataclass(frozen=True)
class Job:
    """A batch at the vendor's; `remote` is its id there, None until that is known."""

    name: str
    remote: str | None


def seal(*cells: Any) -> str:
    """Sha256 of a row's cells."""
    return hashlib.sha256(repr(cells).encode()).hexdigest()


def columns(db: sqlite3.Connection, table: str) -> list[str]:
    """The columns of a table."""
    return [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")]


def cells(db: sqlite3.Connection, table: str) -> str:
    """The columns that a row's seal is made of, as SQL."""
    return ", ".join(name for name in columns(db, table) if name != "seal")
