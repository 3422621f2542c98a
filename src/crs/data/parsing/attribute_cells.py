"""Attributes as people write them: lists in a cell, words for none, several ways to write one."""

import ast
import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from crs.data.parsing.raw import BadRows
from crs.data.parsing.text_files import SHOWN
from crs.errors import UserError

NONE = {"(no genres listed)", "no genres listed", "unknown", "n/a", "na", "nan", "none", "null",
        "\\n", "-", "[]"}  # fmt: skip
"""What stands where a source has no attribute, in lower case."""
SEPARATORS, BESIDE_BLANKS = "|,;/", "|,;"
LONG = 1 << 16
"""Characters of a cell in which a list is looked for."""
STRINGS = re.compile(r"""\[\s*((?:'[^']*'|"[^"]*")(?:\s+(?:'[^']*'|"[^"]*"))+)\s*\]""")
"""How NumPy prints an array of texts; to Python `'A' 'B'` is one text."""


def listed(cell: str) -> list[str] | None:
    """The names in a cell that holds a list, as JSON, Python or NumPy write it; None for another.

    Of objects, as TMDB's files have them, `name` counts.
    """
    text = cell.strip()
    if len(text) > LONG or text[:1] + text[-1:] not in ("[]", "()", "{}"):
        return None
    if array := STRINGS.fullmatch(text):
        return [one[1:-1] for one in re.findall(r"'[^']*'|\"[^\"]*\"", array[1])]
    found: Any = None
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
            break
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    if not isinstance(found, (list, tuple, set)):
        return None
    if any(isinstance(one, dict) and "name" not in one for one in found):
        return None
    names = [one["name"] if isinstance(one, dict) else one for one in found]
    if all(name is None or isinstance(name, (str, int, float)) for name in names):
        return [str(name) for name in names if name is not None]
    return None


def names_in(cell: Any, separator: str | None) -> list[str]:
    """Attribute names of a cell, unchanged: a list, or a text cut at the separator;
    without one the text is one name."""
    if isinstance(cell, str):
        parts = listed(cell)
        if parts is None:
            parts = cell.split(separator) if separator else [cell]
    elif isinstance(cell, (list, tuple, np.ndarray)):
        parts = [str(name) for name in cell if name is not None]
    else:
        parts = [] if pd.isna(cell) else [str(cell)]
    return [name for part in parts if (name := " ".join(part.split()))]


def check_separator(cells: pd.Series, separator: str | None, column: str) -> None:
    """Refuse a separator that cuts no cell where another would.

    Raises:
        UserError: with the first cell, and what to type.
    """
    if separator is None:
        return
    texts = cells[cells.map(lambda cell: isinstance(cell, str) and listed(cell) is None)]
    if texts.empty:
        return
    # Blanks are in every other way to separate too: `Action, Drama`.
    others = SEPARATORS if separator.strip() else BESIDE_BLANKS
    if separator.strip() and texts.str.contains(separator, regex=False).any():
        return
    for other in others:
        held = texts.str.contains(other, regex=False)
        if held.sum() >= max(1, len(texts) / 10):
            raise UserError(
                f"dataset.attribute_separator={separator!r}: cells of {column} have "
                f"{other!r} in its place; the first is {texts[held].iloc[0][:SHOWN]!r}. Type "
                f"\"dataset.attribute_separator='{other}'\", or dataset.attribute_separator=null "
                "if each cell is one name"
            )


def tell(what: str, names: dict[str, str], counts: Counter[str], faults: BadRows) -> None:
    """Notice names, and what they are read as, the commonest first."""
    if names:
        name = min(names, key=lambda name: (-counts[name], name))
        first = f"{name!r}" + (f", read as {names[name]!r}" if names[name] else "")
        faults.notice(what, sum(counts[name] for name in names), "read", first)


def unified(cells: Iterable[list[str]], column: str, faults: BadRows) -> list[list[str]]:
    """Each cell's names, sorted: words for none left out, one spelling for one attribute.

    Names that differ in case, hyphens and blanks alone are one; its commonest spelling stays.
    """
    cells = list(cells)
    counts = Counter(name for cell in cells for name in cell)
    empty = {name for name in counts if name.casefold() in NONE}
    groups: dict[str, list[str]] = {}
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        groups.setdefault(re.sub(r"[\s_-]+", " ", name).strip().casefold(), []).append(name)
    spelling = {name: group[0] for group in groups.values() for name in group}
    tell(f"with a word for none in {column}", dict.fromkeys(empty, ""), counts, faults)
    others = {name: first for name, first in spelling.items() if name != first}
    others = {name: first for name, first in others.items() if name not in empty}
    tell(f"with another spelling of one of {column}", others, counts, faults)
    return [sorted({spelling[name] for name in cell} - empty) for cell in cells]
