"""A bad input, and how a line of a good text is spoilt."""

from dataclasses import dataclass

from tests.contracts.interactions import Text, as_bytes


@dataclass(frozen=True)
class Bad:
    """An input.

    Attributes:
        what: is bad about it.
        dataset: whose reader reads it.
        files: by name.
        words: settings beside those that name the files.
        places: settings that name files, where they are not those of FILES.
        served: the file that a host has, in the place of all these.
    """

    what: str
    dataset: str
    files: dict[str, Text]
    words: str = ""
    places: dict[str, str] | None = None
    served: str = ""


def spoil(text: str, line: int, new: str | bytes) -> bytes:
    """A text with another line in the place of one."""
    lines = text.encode().splitlines(keepends=True)
    lines[line - 1] = as_bytes(new) + b"\n"
    return b"".join(lines)


def short(text: str, line: int, separator: str) -> bytes:
    """A text of which one line has lost its last field."""
    return spoil(text, line, text.splitlines()[line - 1].rpartition(separator)[0])


LONG = 100_000
