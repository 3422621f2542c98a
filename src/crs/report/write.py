"""The files of a report."""

from pathlib import Path

from crs.report.page import page
from crs.report.picture import draw, draw_turns
from crs.report.report import Report

HTML, CSV, LATEX, PNG, TEXT = (f"report.{end}" for end in ("html", "csv", "tex", "png", "md"))


def write(report: Report, folder: Path) -> None:
    """Write the page, the picture, and the table as CSV and LaTeX."""
    folder.mkdir(parents=True, exist_ok=True)
    report.csv().to_csv(folder / CSV, index=False)
    (folder / LATEX).write_text(report.latex())
    (folder / HTML).write_text(page(report))
    draw(report, folder / PNG)
    draw_turns(report, folder)
