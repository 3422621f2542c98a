"""Tables for people."""

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from crs.escape import terminal
from crs.evaluation.results import headline, markdown
from tests.fakes.titles import HOSTILE, ORDINARY


@pytest.mark.parametrize("name", [*HOSTILE, *ORDINARY])
def test_a_cell_shows_a_name_as_it_is(name):
    html = MarkdownIt().enable("table")
    frame = pd.DataFrame([[name, "0.1234 [0.1, 0.2]"]], columns=["dataset", "NDCG@10"])
    cells = [t.children for t in html.parse(markdown(frame)) if t.type == "inline"]
    assert [{c.type for c in cell} for cell in cells] == [{"text"}] * 4
    text = "".join(c.content for c in cells[2])
    assert " ".join(text.split()) == " ".join(terminal(name).split())
    assert "| NDCG@10           |" in markdown(frame) and "| 0.1234 [0.1, 0.2] |" in markdown(frame)


@pytest.mark.parametrize(
    ("protocol", "columns"),
    [
        ("dialogues", "HR@1 HR@10 HR@50 NDCG@1 NDCG@10 NDCG@50 MRR@1 MRR@10 MRR@50"),
        ("full", "HR@1 HR@5 HR@10 HR@20 HR@50 NDCG@5 NDCG@10 NDCG@20 MRR@20"),
    ],
)
def test_a_printed_table_has_the_cut_offs_of_its_protocol(protocol, columns):
    every = [(metric, k) for metric in ("hr", "ndcg", "mrr") for k in (1, 5, 10, 20, 50)]
    long = pd.DataFrame(every, columns=["metric", "k"]).assign(
        dataset="d", model="m", scorer="s", sees="nothing", split="test", slice="all",
        protocol=protocol, value=0.5, low=0.4, high=0.6, cases=9,
    )  # fmt: skip
    shown = headline(long)
    assert shown.columns[4:-1].tolist() == columns.split()
    assert shown["NDCG@10"].item() == "0.5000 [0.4000, 0.6000]"
