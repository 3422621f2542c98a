"""LaTeX that shows names as they are, and obeys none."""

import re

import pytest

from crs.report.latex import escaped, latex
from crs.report.table import Figure, Table
from tests.fakes.titles import HOSTILE, ORDINARY


@pytest.mark.parametrize("name", [*HOSTILE, *ORDINARY, r"\input{/etc/passwd}", "a_b^c~d{e}"])
def test_no_sign_of_a_name_means_anything(name):
    words = r"\\(?:textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar)\{\}"
    bare = re.sub(rf"{words}|\\[&%$#_{{}}]", "", escaped(name))
    assert not set(bare) & set("\\&%$#_{}~^<>|")


def test_a_table_has_the_rules_of_booktabs():
    about = {"dataset": "tiny", "protocol": "full", "cases": 5}
    row = about | {"model": "a_b", "seeds": 2, "NDCG@10": Figure(0.2, 0.01)}
    lines = latex(Table(["model", "seeds"], ["NDCG@10"], [row])).splitlines()
    assert [line for line in lines if "rule" in line] == [r"\toprule", r"\midrule", r"\bottomrule"]
    assert r"\begin{tabular}{llr}" in lines
    assert r"a\_b & 2 & $0.2000 \pm 0.0100$ \\" in lines
