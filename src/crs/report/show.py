"""Tables where they are read: fitted to a terminal, Markdown in a pipe or a file."""

import sys
from html import unescape
from pathlib import Path

from crs.escape import terminal
from crs.evaluation.results import MARKDOWN, PARQUET

SHOWN = (".parquet", ".png", ".md", ".csv", ".tex", ".html")
"""Files that are told of."""
NARROW = 12
"""A column of text may be folded to so many characters."""


def announce(folder: Path) -> None:
    """Print the Markdown twin, then the line that scripts read: the last on standard output."""
    show((folder / MARKDOWN).read_text().rstrip())
    beside = (file.name for file in folder.iterdir() if file.suffix in SHOWN)
    if others := sorted(set(beside) - {PARQUET, MARKDOWN}):
        print(f"\nalso in {folder}: {', '.join(others)}")
    print(f"results: {folder / PARQUET}", flush=True)


def show(text: str) -> None:
    """Print Markdown; on a terminal its tables fit the width."""
    lines = text.split("\n")
    if not sys.stdout.isatty():
        print("\n".join(map(terminal, lines)))
        return
    block: list[str] = []
    for line in [*lines, ""]:
        if line.startswith("|"):
            block.append(line)
            continue
        if block:
            fit([cells_of(row) for row in block if not set(row) <= set("|-")])
            block = []
        print(terminal(unescape(line)))


def cells_of(row: str) -> list[str]:
    """The cells of a row of a Markdown table, as they were before they were escaped."""
    return [terminal(unescape(cell.strip())) for cell in row.strip("|").split("|")]


def is_number(cell: str) -> bool:
    """Whether a cell holds a figure, or stands for one that is missing."""
    return cell[:1].isdigit() or cell[:1] in "+-–" or not cell


def fit(rows: list[list[str]]) -> None:
    """Draw a table, its first row a heading, within the width of the terminal.

    Text is folded. Figures are not: those for which there is no room come in a further table below,
    beside the same names.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) + 2 for column in columns]
    texts = [i for i, column in enumerate(columns) if not all(map(is_number, column[1:]))]
    names = list(range(max(texts, default=-1) + 1))  # parameters among them may be numbers
    numbers = list(range(len(names), len(columns)))
    folded = sum(min(widths[i], NARROW + 2) for i in names)
    room = console.width - min(sum(widths[i] for i in names), max(folded, console.width // 2))
    for chunk in chunks(numbers, widths, room):
        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for i in [*names, *chunk]:
            right = i in chunk
            table.add_column(
                Text(columns[i][0]),
                justify="right" if right else "left",
                no_wrap=right,
                overflow="fold",
            )
        for row in rows[1:]:
            table.add_row(*(Text(row[i]) for i in [*names, *chunk]))
        console.print(table)


def chunks(numbers: list[int], widths: list[int], room: int) -> list[list[int]]:
    """Columns of figures in groups that fit; there is one group, if only an empty one."""
    found: list[list[int]] = [[]]
    for i in numbers:
        if found[-1] and sum(widths[j] for j in [*found[-1], i]) > room:
            found.append([])
        found[-1].append(i)
    return found
