"""What a reader returns, how it names a row, and how it counts or refuses rows it cannot read."""

import lzma
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pandas as pd

from crs.downloads.unpacked import bomb, too_much, unpacked
from crs.errors import UserError

ITEMS = ["item", "title", "year", "attributes", "description"]
LONG = 200
MEMBER = 2 << 30
"""The most bytes of a file in an archive, which is read as a whole."""
HEADER = 30
"""Bytes before each file in a zip archive, at least."""
SYMLINK, KIND = 0o120000, 0o170000
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
)
"""What reading a damaged archive raises; a name that is no text is a ValueError, an encrypted
member a RuntimeError."""


@dataclass(frozen=True)
class Place:
    """A file that rows come from, to name one of them."""

    file: str
    unit: str = "line"

    def __call__(self, number: int) -> str:
        """One of its rows, counted from 1; 0 is the file."""
        return f"{self.unit} {number} of {self.file}" if number else self.file


@dataclass
class RowAudit:
    """Rows of a source that were left out, or kept although they look wrong.

    Attributes:
        what: what they are.
        rows: how many.
        done: what was done with them.
        first: the place of the first of them, if it is known.
    """

    what: str
    rows: int
    done: str
    first: str = ""

    def __str__(self) -> str:
        unit = "row" if self.rows == 1 else "rows"
        first = f"; the first: {self.first}" if self.first else ""
        return f"{self.rows:,} {unit} {self.done}, {self.what}{first}"


COMPLETE = "Is the file complete?"


@dataclass
class BadRows:
    """Rows that cannot be read, refused or counted, and rows whose cells were changed in reading.

    Attributes:
        policy: `dataset.bad_lines`; None for a file that is read as a whole: its first
            bad row is refused.
        count, first, remedy: rows that cannot be read, the first of them, and what helps.
        noticed: rows that were read otherwise.
    """

    policy: str | None = None
    count: int = 0
    first: str = ""
    remedy: str = ""
    noticed: list[RowAudit] = field(default_factory=list)

    def __call__(self, where: str, what: str, lines: int = 1, remedy: str = COMPLETE) -> None:
        """Count rows at a place that cannot be read.

        Raises:
            UserError: for a file that is read wholly or not at all.
        """
        if self.policy is None:
            raise UserError(f"dataset: {where} {what}. {remedy}")
        if not self.count:
            self.first, self.remedy = f"{where} {what}", remedy
        self.count += lines

    def settle(self, read: int) -> None:
        """Refuse what was counted, unless such rows are to be left out.

        Args:
            read: rows that could be read. Where they are the fewer ones, to leave out the others
                is not proposed.
        Raises:
            UserError: with the first row that cannot be read.
        """
        if not self.count or self.policy == "drop":
            return
        few = self.count <= read
        hint = (
            "dataset.bad_lines=drop leaves such lines out and counts them"
            if few
            else (f"{self.count:,} of {self.count + read:,} rows cannot be read")
        )
        raise UserError(f"dataset: {self.first}. {self.remedy} {hint}")

    def notice(self, what: str, rows: int, done: str, first: str = "") -> None:
        """Keep an account of rows, if there are any."""
        if rows:
            self.noticed.append(RowAudit(what, rows, done, first))


@dataclass
class Raw:
    """A source's tables under its own ids, which are strings.

    Attributes:
        interactions: user, item, timestamp, rating (numbers); the index is the number of the row
            in `place`. Rows of one user that share a timestamp keep their order. Ids may be
            categories, also of the whole numbers that they are written as.
        items: item, title, year (Int64), attributes (list of names), description; at least the
            items that have something to say. Empty: the source knows nothing of its items.
        dialogues: attribute dialogues of the source's own (crs/data/attribute_dialogues.py), under
            its ids, with the target in the place of the cut; None where it has none.
        dropped: what could not be used, and how often.
        faults: rows that were left out because they cannot be read.
    Raises:
        UserError: if some cannot be read and may not be left out.
    """

    interactions: pd.DataFrame
    items: pd.DataFrame
    dialogues: pd.DataFrame | None = None
    dropped: dict[str, int] = field(default_factory=dict)
    place: Place = field(default=Place("the source", "row"), kw_only=True)
    faults: BadRows = field(default_factory=BadRows, kw_only=True)

    def __post_init__(self) -> None:
        self.faults.settle(len(self.interactions))


def empty_items() -> pd.DataFrame:
    """An item table for sources that have none."""
    return pd.DataFrame({name: pd.Series(dtype=object) for name in ITEMS})


def members(archive: Path) -> list[str]:
    """The names of a zip archive's files.

    Raises:
        UserError: if it is no whole zip file, or holds a link, a name that leads out of it, files
            that share bytes, or one that says it unpacks to too much.
    """
    if archive.is_dir():
        raise UserError(f"dataset: {archive.name} is a folder, a zip file expected")
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = opened.infolist()
    except BROKEN as error:
        raise broken(archive, error) from error
    for info in infos:
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        first = parts[0] if parts else ""
        if ".." in parts or first.startswith("/") or ":" in first:
            raise hostile(archive, f"{info.filename!r}, a name that leads out of the archive")
        if info.external_attr >> 16 & KIND == SYMLINK:
            raise hostile(archive, f"{info.filename!r}, a symbolic link")
        if too_much(info.file_size, info.compress_size):
            raise bomb(f"dataset: {info.filename!r} in {archive.name}")
    placed = sorted(infos, key=lambda info: info.header_offset)
    ends = [*(info.header_offset for info in placed[1:]), archive.stat().st_size]
    for info, end in zip(placed, ends, strict=False):
        if info.header_offset + HEADER + info.compress_size > end:
            raise hostile(archive, f"{info.filename!r}, whose bytes are not its own")
    return [info.filename for info in infos]


def member(archive: Path, name: str) -> bytes:
    """One file of a zip archive, read in place: nothing is ever unpacked.

    Raises:
        UserError: as `members`, or if there is no such file, it cannot be read, or it unpacks to
            too much.
    """
    if name not in members(archive):
        raise UserError(f"dataset.archive: {archive.name} has no {name}; is it the right archive?")
    try:
        with zipfile.ZipFile(archive) as opened:
            info = opened.getinfo(name)
            if info.file_size > MEMBER:  # zipfile reads no further than this
                raise UserError(
                    f"dataset: {name!r} in {archive.name} is larger than {MEMBER >> 30} GB, more "
                    "than is read from within an archive; unpack it and give what is in it"
                )
            what = f"dataset: {name!r} in {archive.name}"
            with unpacked(opened.open(name), lambda: info.compress_size, what) as stream:
                return stream.read()
    except BROKEN as error:
        raise broken(archive, error) from error


def hostile(archive: Path, what: str) -> UserError:
    """The sentence for an archive that was made to do harm."""
    return UserError(
        f"dataset: {archive.name} holds {what}; it is not read. Get the archive from its public "
        "home"
    )


def broken(archive: Path, error: Exception) -> UserError:
    """The sentence for an archive that cannot be read."""
    return UserError(
        f"dataset: {archive.name} is not a whole zip file ({reason(error)}); get it again"
    )


def reason(error: Exception) -> str:
    """What an error says, on one line that is not too long."""
    return " ".join(str(error).split())[:LONG]
