"""Results as vendors send them: JSON lines that may be cut off, broken or double."""

import json
from collections.abc import Callable
from typing import Any

from crs.llm.request import Reply

UNREADABLE = (ValueError, TypeError, AttributeError, LookupError)
"""What reading an answer raises that is no JSON, or JSON of another kind."""


def parse(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """The objects of a JSON-lines file, and how many lines were broken.

    A line that is not UTF-8 counts as broken, and is kept without the bytes that are not text: its
    key can be read, and its answer was paid for.
    """
    found, broken = [], 0
    for line in data.splitlines():
        if not line.strip():
            continue
        text = line.decode(errors="ignore")
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            value = None
        if isinstance(value, dict):
            found.append(value)
        broken += not isinstance(value, dict) or text.encode() != line
    return found, broken


def replies(
    read: Callable[[dict[str, Any]], Reply | None], lines: list[dict[str, Any]]
) -> tuple[list[Reply], int]:
    """What lines answer, and how many are of another kind."""
    found, other = [], 0
    for line in lines:
        try:
            found.append(read(line))
        except UNREADABLE:
            other += 1
    return [reply for reply in found if reply], other


def fetch(download: Callable[[], bytes], attempts: int = 3) -> tuple[list[dict[str, Any]], int]:
    """As `parse`, downloaded again where lines are broken: of several attempts the best."""
    best: tuple[list[dict[str, Any]], int] = ([], 0)
    for attempt in range(attempts):
        found = parse(download())
        if attempt == 0 or (len(found[0]), -found[1]) > (len(best[0]), -best[1]):
            best = found
        if found[1] == 0:
            return found
    return best
