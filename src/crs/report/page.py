"""The report as one page of HTML that asks nothing of any network."""

import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crs.escape import markup
from crs.report import figures, lineage, paired
from crs.report.figures import Chart
from crs.report.report import TESTED, Report, Section
from crs.report.study import Study
from crs.report.table import Figure, Table
from crs.store.artifact import Artifact
from crs.store.epochs import Epoch, counted, epochs_of
from crs.version import told

if TYPE_CHECKING:
    import pandas as pd

    from crs.report.collect import Record

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "img-src data: blob:; form-action 'none'; base-uri 'none'"
)
"""What the page may load: nothing. Parallel coordinates compile their shaders as they are drawn."""


LEADING = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d{1,3})?(?= |$)")
"""A text that begins with a figure is sorted by it."""


class Charts:
    """The charts of a page, in their order."""

    def __init__(self) -> None:
        self.made: list[Chart] = []

    def add(self, chart: Chart | None, about: str) -> str:
        """A place in the page for a chart; nothing for no chart."""
        if chart is None:
            return ""
        self.made.append(chart)
        place = f'<div class="chart" id="chart-{len(self.made) - 1}"></div>'
        return f"<figure>{place}<figcaption>{markup(about)}</figcaption></figure>"


def cell(value: object, number: bool) -> str:
    """A cell of a table; a figure says what it is sorted by.

    Args:
        number: the column holds numbers.
    """
    if value is None or value != value or value == "–":
        return f'<td class="{"number" if number else "text"}">–</td>'
    if isinstance(value, Figure):
        return f'<td class="number" data-value="{value.mean!r}">{value}</td>'
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = f"{value:,}" if isinstance(value, int) else f"{value:.6g}"
        return f'<td class="number" data-value="{value!r}">{text}</td>'
    if isinstance(value, str) and (found := LEADING.match(value)):
        return f'<td class="figure" data-value="{float(found[0])!r}">{markup(value)}</td>'
    return f'<td class="text">{markup(str(value))}</td>'


def is_number(value: object) -> bool:
    """Whether a cell holds a number, or none."""
    return value is None or value == "–" or isinstance(value, Figure | int | float)


def html_table(columns: list[str], rows: list[list[Any]]) -> str:
    """A table that a click on a heading sorts."""
    kinds = [all(is_number(row[i]) for row in rows) for i in range(len(columns))]
    heads = "".join(
        f'<th scope="col" class="{"number" if number else "text"}">'
        f'<button type="button">{markup(name)}</button></th>'
        for name, number in zip(columns, kinds, strict=True)
    )
    body = "\n".join(f"<tr>{''.join(map(cell, row, kinds))}</tr>" for row in rows)
    inside = f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="wide" tabindex="0"><table>{inside}</table></div>'


def of_table(table: Table) -> str:
    """A table of figures."""
    rows = [[row.get(name, "–") for name in table.shown] for row in table.rows]
    return html_table(table.shown, rows)


def of_frame(frame: "pd.DataFrame") -> str:
    """A frame of a few types."""
    rows = [[plain(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    return html_table(list(frame.columns), rows)


def plain(value: Any) -> Any:
    """NumPy's numbers as Python's."""
    return value.item() if hasattr(value, "item") else value


def of_study(study: Study, charts: Charts) -> str:
    """The part of the page about a study."""
    trials = study.trials.drop(columns=["results"])
    columns = ["trial", "value", *study.parameters, "state", "seconds", "error"]
    stages = [(f"trial {trial}", Artifact(path)) for trial, path in study.results()]
    return "\n".join(
        [
            f"<h2>{markup(study.name)}</h2>",
            f"<p>{markup(study.sentence)}</p>",
            of_frame(trials[[name for name in columns if name in trials]]),
            charts.add(figures.history(study), "Value of each trial, and the best so far."),
            charts.add(figures.searched(study), "Trials that ended; drag along an axis to choose."),
            of_curves(stages, charts),
        ]
    )


def of_curves(stages: list[tuple[str, Artifact]], charts: Charts) -> str:
    """The curves of every phase of some results."""
    phases: dict[str, list[tuple[str, list[Epoch]]]] = {}
    seen: set[Path] = set()
    for label, artifact in stages:
        if artifact.place not in seen and lineage.known(artifact):
            seen.add(artifact.place)
            for phase, epochs in epochs_of(artifact).items():
                name = phase if phase == artifact.stage else f"{artifact.stage}: {phase}"
                phases.setdefault(name, []).append((label, [counted(one) for one in epochs]))
    parts = [
        f"<div><h3>Training: {markup(name)}</h3>"
        + charts.add(figures.curves(lines), "By epoch; the menu chooses the figure.")
        + "</div>"
        for name, lines in phases.items()
    ]
    return f'<div class="phases">{"".join(parts)}</div>'


def of_section(section: Section, charts: Charts) -> str:
    """The part of the page about results that answer one question."""
    main = section.tables[0]
    parts = [f"<h2>{markup(section.title)}</h2>", of_table(main), f"<p>{markup(main.note)}</p>"]
    parts.append(charts.add(figures.by_row(main), "Mean over seeds with its interval."))
    for table in section.tables[1:]:
        heading = "Lists of the same cases" if table.title == main.title else table.title
        parts.append(f"<h3>{markup(heading)}</h3>" + of_table(table))
    if section.tests is not None:
        parts.append(f"<h3>Against {markup(section.asked.scorer)}</h3>")
        parts.append(of_frame(paired.texts(section.tests)) + f"<p>{markup(TESTED)}</p>")
    if chart := figures.success_by_turn(section.turns()):
        parts.append("<h3>Success by turn</h3>")
        parts.append(charts.add(chart, "Share of dialogues that have succeeded by each turn."))
    if chart := figures.swept(main):
        parts.append("<h3>Parallel coordinates</h3>")
        parts.append(charts.add(chart, "Rows of the table; drag along an axis to choose."))
    stages = [
        (label, artifact)
        for label, record in section.labelled()
        for artifact in record.stages.values()
    ]
    parts.append(of_curves(stages, charts))
    parts.append("<h3>Where it comes from</h3>")
    parts += [of_lineage(record, label) for label, record in section.labelled()]
    parts.append("<h3>What it took</h3>" + of_costs([artifact for _, artifact in stages]))
    return "\n".join(parts)


def of_lineage(record: "Record", label: str) -> str:
    """A result and all that it stands on, down to the raw file."""
    rows: list[list[Any]] = []
    for stage, artifact in reversed(record.stages.items()):
        if not lineage.known(artifact):
            rows.append([stage, artifact.fingerprint, "not in this store any more", "", "", None])
            continue
        manifest = artifact.manifest
        made_of = [
            f"{name}/{made['fingerprint']}"
            + (" (made again since)" if lineage.remade(artifact, name, record.stages[name]) else "")
            for name, made in sorted(manifest["inputs"].items())
        ]
        rows.append(
            [
                stage,
                artifact.fingerprint,
                ", ".join(made_of),
                artifact.digest[:16],
                str(manifest.get("git", {}).get("commit", ""))[:12],
                manifest.get("seconds", 0.0),
            ]
        )
    if (dataset := record.stages.get("dataset")) and lineage.known(dataset):
        rows += [
            ["raw file", raw.source, "", raw.sha256[:16], "", None]
            for raw in lineage.raw_files(dataset)
        ]
    columns = ["stage", "result", "made from", "sha256", "commit", "seconds"]
    place = lineage.shown_path(record.artifact.place)
    inside = html_table(columns, rows)
    head = f"{markup(label)} <small><code>{markup(place)}</code></small>"
    return f"<details><summary>{head}</summary>{inside}</details>"


def of_costs(artifacts: list[Artifact]) -> str:
    """Seconds and US dollars by stage, and in all."""
    costs = lineage.costs(artifacts)
    rows: list[list[Any]] = [[c.stage, c.results, round(c.seconds, 1), c.usd] for c in costs]
    totals = [sum(c.results for c in costs), round(sum(c.seconds for c in costs), 1)]
    rows.append(["all", *totals, sum(c.usd for c in costs)])
    return html_table(["stage", "results", "seconds", "USD"], rows)


def page(report: Report) -> str:
    """The whole page."""
    charts = Charts()
    failed = [f"<p>Failed: {markup(line)}</p>" for line in report.failed]
    parts = [of_study(study, charts) for study in report.studies]
    parts += [of_section(section, charts) for section in report.sections]
    return document(report.title, [f"<p>{markup(told())}</p>", *failed, *parts], charts)


def document(title: str, parts: list[str], charts: Charts) -> str:
    """A page of HTML with its style and its scripts; plotly.js where there are charts."""
    here = Path(__file__)
    plotly = files("plotly").joinpath("package_data", "plotly.min.js")
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{markup(title)}</title>",
            f"<style>{here.with_suffix('.css').read_text()}</style></head><body>",
            f"<h1>{markup(title)}</h1>",
            *parts,
            f'<script type="application/json" id="charts">{figures.as_json(charts.made)}</script>',
            *([f"<script>{plotly.read_text()}</script>"] if charts.made else []),
            f"<script>{here.with_suffix('.js').read_text()}</script>",
            "</body></html>",
            "",
        ]
    )
