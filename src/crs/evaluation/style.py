"""One style for every picture: sizes, and colours that all kinds of eyes tell apart."""

from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import wrap
from typing import Any

from crs.escape import terminal

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#882255")
"""Of Okabe and Ito, without black and yellow, which vanish on dark and on light pages; wine."""
PLAIN, QUIET = COLOURS[0], "#b3b3b3"
"""Of bars, and of bars that stand back."""
MARKERS = "os^DvPX*<>"
WIDE = 90
"""Characters of a line of a title."""
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.titlesize": 11,
    "figure.dpi": 120,
    "savefig.dpi": 120,
    "legend.fontsize": 8,
    "legend.frameon": False,
}


@contextmanager
def pyplot() -> Iterator[Any]:
    """Matplotlib's pyplot in this style, without a screen."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        yield plt


def colour(number: int) -> str:
    """The colour of a line."""
    return COLOURS[number % len(COLOURS)]


def line(number: int) -> dict[str, Any]:
    """How a line is drawn: no two of the first seventy have both colour and marker in common."""
    return {"color": colour(number), "marker": MARKERS[number % len(MARKERS)], "markersize": 5}


def heading(*lines: str) -> str:
    """A title of one line or several, long ones folded: plain text."""
    return "\n".join(part for one in lines for part in wrap(terminal(one), WIDE))
