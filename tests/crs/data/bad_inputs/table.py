"""The table of docs/bad_input.md."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.crs.data.bad_inputs import archives, dialogues, interactions
from tests.crs.data.bad_inputs.bad import Bad
from tests.crs.data.bad_inputs.printed import printed

BAD = [
    *archives.ARCHIVES,
    *interactions.LINES_AND_COLUMNS,
    archives.DAMAGED_MEMBER,
    *interactions.VALUES,
    *dialogues.DIALOGUES,
    interactions.PATH,
]
"""The rows, in the document's order."""


def row(bad: Bad, text: str) -> str:
    """A line of the table."""
    shown = text.replace("|", "\\|").replace("`", "'")
    parts = [f"`{part}`" for part in shown.split("<br>")]
    words = f" `{bad.words}`" if bad.words else ""
    return f"| {bad.what} | {bad.dataset}{words} | {'<br>'.join(parts)} |"


def table() -> str:
    """The table of docs/bad_input.md."""
    lines = ["| input | `dataset=` | what is printed |", "|---|---|---|"]
    for bad in BAD:
        with TemporaryDirectory() as folder:
            lines.append(row(bad, printed(bad, Path(folder))))
    return "\n".join(lines) + "\n"
