"""Tables as LaTeX, with the rules of booktabs."""

import re

from crs.escape import terminal
from crs.report.table import Figure, Table

SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "–": "--",
    "±": r"$\pm$",
} | {sign: f"\\{sign}" for sign in "&%$#_{}"}
SIGNS = re.compile("|".join(map(re.escape, SPECIAL)))


def escaped(text: str) -> str:
    """One line of LaTeX that shows a text, and means nothing."""
    return SIGNS.sub(lambda found: SPECIAL[found[0]], terminal(text))


def cell(value: object) -> str:
    """A cell: a figure in mathematics, anything else as text."""
    return f"${value}$".replace("±", r"\pm") if isinstance(value, Figure) else escaped(str(value))


def latex(table: Table) -> str:
    r"""A `table` environment; it needs `\usepackage{booktabs}`."""
    columns = table.shown
    left = sum(name not in table.figures for name in columns)
    lines = [[cell(row.get(name, "–")) for name in columns] for row in table.rows]
    body = [" & ".join(cells) + r" \\" for cells in lines]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escaped(table.title)}}}",
            rf"\begin{{tabular}}{{{'l' * left}{'r' * (len(columns) - left)}}}",
            r"\toprule",
            " & ".join(map(escaped, columns)) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )
