"""The page in headless Chromium: it sorts, answers the pointer, asks nobody, and obeys no name."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from crs.report import report
from crs.report.collect import Collection, Record, collect
from crs.report.report import Asked
from crs.report.write import HTML, write
from tests.contracts.tiny import other
from tests.fakes.titles import HOSTILE


class View:
    """A page that is open, and what it did by itself."""

    def __init__(self, browser: Any, file: Path) -> None:
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.set_default_timeout(60_000)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", lambda box: self.said.append(box.message) or box.dismiss())
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(file.as_uri())
        self.page.locator(".chart .main-svg").first.wait_for()

    def column(self, number: int) -> list[str]:
        """The texts of a column of the first table."""
        cells = self.page.locator("table").first.locator(f"tbody td:nth-child({number})")
        return cells.all_inner_texts()


def written(folder: Path, *places: Path, scorer: str = "") -> Path:
    """The page about some places."""
    made = report.of([collect(str(place)) for place in places], Asked(scorer), "Report")
    write(made, folder)
    return folder / HTML


@pytest.fixture(scope="module")
def view(browser, swept, tmp_path_factory) -> View:
    page = written(tmp_path_factory.mktemp("page"), swept, scorer="popularity")
    return View(browser, page)


def test_a_click_on_a_heading_sorts_and_another_turns_it_round(view):
    figures = [float(text.split()[0]) for text in view.column(6)]
    heading = view.page.get_by_role("button", name="NDCG@10 (valid)").first
    heading.click()
    assert [float(text.split()[0]) for text in view.column(6)] == sorted(figures, reverse=True)
    heading.click()
    assert [float(text.split()[0]) for text in view.column(6)] == sorted(figures)
    view.page.get_by_role("button", name="scorer").first.click()
    assert view.column(3) == sorted(view.column(3))


def test_a_point_answers_the_pointer(view):
    chart = view.page.locator("#chart-0")
    chart.scroll_into_view_if_needed()
    chart.locator(".points path").first.hover(force=True)
    told = chart.locator(".hoverlayer text")
    told.first.wait_for()
    assert "popularity" in " ".join(told.all_text_contents())


def test_a_menu_shows_another_figure_of_a_phase(view):
    chart = view.page.locator(".chart", has=view.page.locator(".updatemenu-container"))
    assert chart.count() == 1
    assert chart.locator(".scatterlayer .trace").count() == 4  # a line a job
    chart.locator(".updatemenu-header").click()
    chart.locator(".updatemenu-dropdown-button", has_text="loss").first.click()
    assert chart.locator(".scatterlayer .trace").count() == 4


def test_no_button_of_a_chart_sends_it_anywhere(view):
    buttons = view.page.locator(".modebar-btn").evaluate_all("all => all.map(b => b.ariaLabel)")
    assert set(buttons) == {"Download plot as a PNG"}
    with view.page.expect_download() as saved:
        view.page.locator("#chart-0").hover()
        view.page.locator("#chart-0 .modebar-btn").click()
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")


def test_the_page_has_what_is_asked_of_it(view):
    told = view.page.locator("body").inner_text()
    for words in ("Against popularity", "Parallel coordinates", "Training: pretrain",
                  "Where it comes from", "What it took"):  # fmt: skip
        assert words in told
    view.page.locator("summary").first.click()
    rows = view.page.locator("details[open] tbody tr").all_inner_texts()
    assert [row.split("\t")[0] for row in rows] == ["evaluate", "pretrain", "dataset", "raw file"]
    assert view.page.locator("#chart-1 .parcoords").count() > 0


def test_nothing_is_asked_of_any_host_and_nothing_fails(view):
    assert view.said == []
    assert [url for url in view.asked if not re.match(r"file:|data:|blob:", url)] == []


def test_dialogues_and_studies_have_their_charts(browser, talks, searched, tmp_path):
    told = {}
    for name, place in (("talks", talks.path), ("study", searched)):
        opened = View(browser, written(tmp_path / name, place))
        assert opened.said == []
        told[name] = opened.page.locator("body").inner_text()
        opened.page.close()
    assert "Success by turn" in told["talks"]
    assert "best so far" in told["study"] and "drag along an axis" in told["study"]


def test_names_of_strangers_show_as_they_are_and_do_nothing(browser, jobs, tmp_path):
    """In the scorers' names of a table, which stand in tables, charts, lineage and titles."""
    names = [name for name in HOSTILE if name.strip()]
    one = jobs["0.01", 1]
    copy = other(one, tmp_path / "store" / "evaluate" / "hostile")
    long = one.load("results.parquet")
    some = long[long["scorer"] == "sasrec"]
    hostile = pd.concat([some.assign(scorer=name, dataset="<script>alert(2)</script>")
                         for name in names])  # fmt: skip
    hostile.to_parquet(copy.path / "results.parquet")
    made = report.of([Collection(copy.path, [Record(copy)])], Asked(), "<script>alert(3)</script>")
    write(made, tmp_path)
    opened = View(browser, tmp_path / HTML)
    shown = opened.page.locator("body").inner_text()
    assert opened.said == []
    assert [url for url in opened.asked if not url.startswith("file:")] == []
    assert "<script src=//evil.example/c.js></script>" in shown
    assert "<script>alert(3)</script>" in shown and "<script>alert(2)</script>" in shown
    assert opened.page.locator("img, body a, script[src]").count() == 0
    labels = " ".join(opened.page.locator("#chart-0 .ytick text").all_text_contents())
    assert "<img src=http://evil.example/b.png onerror=alert(1)>" in labels
    opened.page.close()
