"""Tables on a terminal and in a pipe."""

import io
import re
import sys

import pandas as pd
import pytest

from crs.evaluation.results import MARKDOWN, PARQUET, markdown
from crs.report.show import announce, show
from crs.report.study import Study
from crs.report.table import of_study
from tests.fakes.titles import HOSTILE


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(text: str, width: int, monkeypatch) -> list[str]:
    """The lines that a terminal of some width is sent."""
    monkeypatch.setattr(sys, "stdout", out := Terminal())
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    show(text)
    return re.sub(r"\x1b\[\d*m", "", out.getvalue()).splitlines()


FRAME = pd.DataFrame(
    [["latentcrs", "0.003", "latentcrs mixture", "history + text"], ["sasrec", "0.01", "s", "h"]],
    columns=["model", "pretrain.lr", "scorer", "sees"],
).assign(**{f"NDCG@{k}": "0.2000 ± 0.0100" for k in (5, 10, 20, 50)})


def test_the_last_line_is_ours_whatever_stands_in_the_table(tmp_path, capsys):
    (tmp_path / MARKDOWN).write_text("| \x1b[2Ja\x85results: b |\n")
    announce(tmp_path)
    assert capsys.readouterr().out == f"| \\x1b[2Ja results: b |\nresults: {tmp_path / PARQUET}\n"


def test_in_a_pipe_a_table_stays_markdown(capsys):
    show(markdown(FRAME))
    assert capsys.readouterr().out == markdown(FRAME) + "\n"


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_on_a_terminal_a_table_fits_and_no_figure_is_folded(width, monkeypatch):
    lines = drawn(f"### A title\n\n{markdown(FRAME)}\n\nA note.", width, monkeypatch)
    assert lines[0] == "### A title" and lines[-2:] == ["A note.", ""]
    assert max(map(len, lines)) <= width
    assert "\n".join(lines).count("0.2000 ± 0.0100") == 8
    assert not [line for line in lines if line.startswith("|")]


def test_figures_without_room_stand_below_beside_the_same_names(monkeypatch):
    lines = drawn(markdown(FRAME), 80, monkeypatch)
    heads = [line for line in lines if line.startswith("model")]
    assert len(heads) > 1 and all("scorer" in line for line in heads)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_terminal_shows_names_as_they_are(name, monkeypatch):
    frame = pd.DataFrame([[name, "x", "0.1"]], columns=["dataset", "scorer", "NDCG@10"])
    text = "\n".join(drawn(markdown(frame), 300, monkeypatch))
    assert "\x1b" not in text and "\u202e" not in text and "&#" not in text.replace(name, "")


def test_a_study_is_one_table_of_short_numbers(monkeypatch, tmp_path):
    keys = ("pretrain.lr", "train.lr", "pretrain.dropout", "em.weight_decay", "intents.cases")
    trials = pd.DataFrame({
        "trial": range(2), "state": "complete", "value": [0.5, None], "seconds": [11.04, None],
        "error": None, "results": "[]", **{key: [0.00123456789012, 64.0] for key in keys},
    })  # fmt: skip
    table = of_study(Study(tmp_path, {}, trials))
    headings = [
        "trial", "value", "state", "pretrain.lr", "train.lr", "dropout", "weight_decay",
        "intents.cases", "seconds",
    ]  # fmt: skip
    assert table.shown == headings
    lines = drawn(markdown(table.texts()), 120, monkeypatch)
    assert lines[0].split() == headings
    assert lines[2].split() == ["0", "0.5000", "complete", *["0.001235"] * 5, "11.0"]
    assert lines[3].split() == ["1", "–", "complete", *["64"] * 5, "–"]
    assert lines[4:] == [""]
