"""Titles that carry their year."""

import re


def title_and_year(text: str) -> tuple[str, int | None]:
    """`Toy Story (1995)` as its parts, a `(V)` for video behind it left out; no year is None."""
    match = re.fullmatch(r"(.*?)\s*\((\d{4})\)\s*(?:\(V\))?\s*", text)
    return (match[1], int(match[2])) if match else (text.strip(), None)
