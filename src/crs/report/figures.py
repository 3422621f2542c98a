"""Charts of the page, as plotly.js reads them: plain data and layout."""

import json
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from crs.escape import markup
from crs.evaluation.style import colour
from crs.report.study import COMPLETE, Study
from crs.report.table import ANY, Figure, Table
from crs.store.epochs import Epoch

if TYPE_CHECKING:
    import pandas as pd

Chart = dict[str, Any]
FEW = 12
"""So many steps of an axis are each named."""
WITHOUT_VALUE = ("epoch",)
PREFERRED = "ndcg@10"
"""The figure of a phase that is shown first, where the phase has it."""


def clear(hex_colour: str) -> str:
    """The same, for an area behind a line."""
    red, green, blue = (int(hex_colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.12)"


def by_row(table: Table) -> Chart | None:
    """The first figure of the test split of each row, and its figure on validation."""
    shown = [name for name in table.figures if name.endswith(" (valid)")][:1]
    shown += (
        [name for name in table.figures if name == shown[0].removesuffix(" (valid)")]
        if (shown)
        else table.figures[:1]
    )
    traces = []
    for number, name in enumerate(shown):
        rows = [row for row in reversed(table.rows) if name in row]
        figures: list[Figure] = [row[name] for row in rows]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [figure.mean for figure in figures],
                "y": [markup(table.label(row)) for row in rows],
                "error_x": {"type": "data", "array": [number_of(f.half) for f in figures]},
                "marker": {"size": 9, "color": colour(number)},
                "hovertemplate": "%{y}<br>%{x:.4f}<extra>" + name + "</extra>",
            }
        )
    height = 110 + 26 * len(table.rows)
    layout = {"height": height, "yaxis": {"automargin": True}, "xaxis": {"title": {"text": ""}}}
    return {"data": traces, "layout": layout} if traces else None


def number_of(value: float) -> float | None:
    """A number as JSON can hold it: nothing for NaN."""
    return None if value != value else value


def curves(lines: list[tuple[str, list[Epoch]]]) -> Chart:
    """The figures of a phase over its epochs, a line for each result; one figure at a time.

    Args:
        lines: a name and its epochs.
    """
    names = list(dict.fromkeys(name for _, line in lines for name in line[0]))
    names = [name for name in names if name not in WITHOUT_VALUE]
    first = PREFERRED if PREFERRED in names else next((n for n in names if "@" in n), names[0])
    names = [first, *(name for name in names if name != first)]
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": markup(label),
            "x": [epoch["epoch"] for epoch in line],
            "y": [epoch.get(name) for epoch in line],
            "visible": name == first,
            "line": {"color": colour(number)},
            "marker": {"size": 4},
            "hovertemplate": "epoch %{x}<br>%{y:.4f}",
        }
        for name in names
        for number, (label, line) in enumerate(lines)
    ]
    epochs = [epoch["epoch"] for _, line in lines for epoch in line]
    layout = {"height": 320, "xaxis": whole("epoch", epochs)}
    return {"data": traces, "layout": layout | menu(names, lines)}


def whole(title: str, numbers: Sequence[float]) -> Chart:
    """An axis of whole numbers."""
    step = {"dtick": 1} if max(numbers) - min(numbers) <= FEW else {}
    return {"title": {"text": title}, **step}


def menu(names: list[str], lines: list[Any]) -> Chart:
    """The choice among figures, each of which has as many traces as there are lines."""
    buttons = [
        {
            "label": markup(name),
            "method": "restyle",
            "args": ["visible", [name == other for other in names for _ in lines]],
        }
        for name in names
    ]
    place = {"x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}
    return {"updatemenus": [{"buttons": buttons, **place}], "margin": {"t": 60}}


def success_by_turn(lines: list[tuple[str, "pd.DataFrame"]]) -> Chart | None:
    """Share of dialogues that have succeeded by each turn; None without turns.

    Args:
        lines: a name, and its columns turn, value, low, high.
    """
    if not lines:
        return None
    traces = []
    for number, (name, line) in enumerate(lines):
        by_turn = line["turn"].tolist()
        area = {
            "type": "scatter",
            "mode": "lines",
            "x": [*by_turn, *reversed(by_turn)],
            "y": [*line["high"], *reversed(line["low"].tolist())],
            "fill": "toself",
            "fillcolor": clear(colour(number)),
            "line": {"width": 0},
            "legendgroup": str(number),
            "showlegend": False,
            "hoverinfo": "skip",
        }
        middle = {
            "type": "scatter",
            "mode": "lines+markers",
            "name": markup(name),
            "x": by_turn,
            "y": line["value"].tolist(),
            "legendgroup": str(number),
            "line": {"color": colour(number)},
            "hovertemplate": "turn %{x}<br>%{y:.3f}",
        }
        traces += [area, middle]
    turns = [turn for _, line in lines for turn in line["turn"]]
    axes = {"xaxis": whole("turn", turns), "yaxis": {"rangemode": "tozero"}}
    return {"data": traces, "layout": axes}


def parallel(columns: dict[str, list[Any]], value: str) -> Chart | None:
    """Parallel coordinates: an axis for each parameter and one for the value; None without two
    lines.

    Args:
        columns: by heading, of each line; `value` is one of them, a number.
    """
    axes = {name: cells for name, cells in columns.items() if len(set(map(str, cells))) > 1}
    if value not in axes or len(axes) < 2:
        return None
    trace = {
        "type": "parcoords",
        "line": {"color": columns[value], "colorscale": "Viridis", "showscale": True},
        "dimensions": [axis(name, cells) for name, cells in axes.items()],
    }
    return {"data": [trace], "layout": {"height": 420, "margin": {"t": 70, "l": 90, "r": 60}}}


def axis(name: str, cells: list[Any]) -> Chart:
    """An axis of parallel coordinates: of numbers, of numbers by their logarithm where they span
    more than two orders of magnitude, of names."""
    import math

    numbers = [as_number(cell) for cell in cells]
    if None in numbers:
        names = sorted(set(map(str, cells)))
        return {
            "label": markup(name),
            "values": [names.index(str(cell)) for cell in cells],
            "tickvals": list(range(len(names))),
            "ticktext": [markup(text) for text in names],
        }
    known = [float(number) for number in numbers if number is not None]
    if min(known) > 0 and max(known) / min(known) > 100:
        low, high = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))
        ticks = list(range(low, high + 1))
        return {
            "label": markup(name),
            "values": [math.log10(number) for number in known],
            "tickvals": ticks,
            "ticktext": [f"1e{tick}" for tick in ticks],
        }
    return {"label": markup(name), "values": known}


def as_number(cell: Any) -> float | None:
    """A cell as a number, if it is one."""
    try:
        return float(cell)
    except (TypeError, ValueError):
        return None


def history(study: Study) -> Chart | None:
    """The value of each trial and the best so far; None without trials that ended."""
    values = study.best_values()
    if not values:
        return None
    trials = [trial for trial, _, _ in values]
    of_each = {
        "type": "scatter",
        "mode": "markers",
        "name": "trial",
        "x": trials,
        "y": [value for _, value, _ in values],
        "hovertemplate": "trial %{x}<br>%{y:.4f}",
        "marker": {"color": colour(0)},
    }
    best = {
        "type": "scatter",
        "mode": "lines",
        "name": "best so far",
        "x": trials,
        "y": [value for _, _, value in values],
        "line": {"shape": "hv", "color": colour(1)},
    }
    return {"data": [best, of_each], "layout": {"xaxis": whole("trial", trials)}}


def searched(study: Study) -> Chart | None:
    """Parallel coordinates of the trials that ended."""
    done = study.trials[study.trials["state"] == COMPLETE]
    columns = {name: done[name].tolist() for name in [*study.parameters, "value"]}
    return parallel(columns, "value")


def swept(table: Table) -> Chart | None:
    """Parallel coordinates of the rows of a sweep, by their first figure."""
    if not table.figures or not table.parameters:
        return None
    first = table.figures[0]
    rows = [row for row in table.rows if first in row and ANY not in row.values()]
    names = ["model", *table.parameters, "scorer"]
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in names}
    return parallel(columns | {first: [row[first].mean for row in rows]}, first)


def finite(value: Any) -> Any:
    """Plain data with null for numbers that are not finite, which JSON has no words for."""
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_json(charts: Iterable[Chart]) -> str:
    """Charts as text that may stand in a page's script element; NaN and infinity are null."""
    text = json.dumps(finite(list(charts)), allow_nan=False)
    return text.replace("<", "\\u003c").replace("&", "\\u0026")
