"""The picture of a report: the rows of its tables, and success by turn."""

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from crs.escape import terminal
from crs.evaluation import style
from crs.evaluation.charts import SUCCESS, TURN, success_by_turn
from crs.recommender import scorer_and_reranker
from crs.report.report import Report
from crs.report.table import Table

if TYPE_CHECKING:
    import pandas as pd

WIDE, MOST = 44, 5
"""Characters of a line of a row's label, and lines of a label."""


def draw(report: Report, path: Path) -> None:
    """Write a panel for each section; nothing where there is no section."""
    sections = report.sections
    if not sections:
        return
    heights = [sum(map(height, labels(section.tables[0]))) + 0.9 for section in sections]
    with style.pyplot() as plt:
        figure, panels = plt.subplots(
            len(sections),
            1,
            figsize=(8, sum(heights) + 0.3),
            height_ratios=heights,
            squeeze=False,
            layout="constrained",
        )
        for axes, section in zip(panels[:, 0], sections, strict=True):
            bars(axes, section.tables[0])
            axes.set_title(terminal(section.title), parse_math=False)
        figure.savefig(path)
        plt.close(figure)


def labels(table: Table) -> list[str]:
    """The rows' labels, folded."""
    lines = [wrap(terminal(table.label(row)), WIDE, max_lines=MOST) for row in table.rows]
    return ["\n".join(some) for some in lines]


def height(label: str) -> float:
    """Of a row, in inches."""
    return 0.16 + 0.14 * (label.count("\n") + 1)


def draw_turns(report: Report, folder: Path) -> None:
    """Success by turn, a picture for each section that has turns."""
    import pandas as pd

    for number, section in enumerate(one for one in report.sections if one.turns()):
        lines = pd.concat([of_row(label, means) for label, means in section.turns()])
        file = folder / f"success{f'_{number}' if number else ''}.png"
        success_by_turn(lines, file, section.title)


def of_row(label: str, means: "pd.DataFrame") -> "pd.DataFrame":
    """Success by turn of a row, its parameters before the re-ranker, which has a panel."""
    name, opened, parameters = label.partition(" (")
    scorer, reranker = scorer_and_reranker(name)
    turns = TURN + means["turn"].astype(str)
    return means.assign(
        scorer=f"{scorer}{opened}{parameters}{reranker}", metric=SUCCESS, slice=turns
    )


def bars(axes, table: Table) -> None:
    """The first figure of the test split, or of validation where there is no other."""
    tested = [name for name in table.figures if not name.endswith("(valid)")]
    name = (tested or table.figures)[0]
    if (same := table.figures[0].removesuffix(" (valid)")) in tested:
        name = same
    pairs = zip(table.rows, labels(table), strict=True)
    shown = [(row, label) for row, label in reversed(list(pairs)) if name in row]
    rows = [row for row, _ in shown]
    halves = [0 if row[name].half != row[name].half else row[name].half for row in rows]
    places = range(len(rows))
    axes.barh(places, [row[name].mean for row in rows], xerr=halves, color=style.PLAIN, capsize=3)
    axes.set_yticks(places, [label for _, label in shown], fontsize=8, parse_math=False)
    axes.set_xlabel(name)
