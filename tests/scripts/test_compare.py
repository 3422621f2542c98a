"""The difference of two scorers over seeds, from ranks worked by hand."""

import runpy
from pathlib import Path

import pandas as pd
import pytest

MAIN = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "compare.py"))["main"]


def result(folder: Path, scorer: str, ranks: list[float]) -> str:
    """A result of four cases, two users; the first two cases are the slice `early`."""
    frame = pd.DataFrame({
        "split": "test", "scorer": scorer, "slice": "all", "protocol": "full",
        "user": [1, 1, 2, 2], "cut": [2, 3, 2, 3], "cluster": [1, 1, 2, 2],
        "target": [5, 6, 7, 8], "rank": ranks,
        "early": pd.array([True, True, False, False]),
    })  # fmt: skip
    folder.mkdir()
    frame.to_parquet(folder / "ranks.parquet")
    return str(folder)


@pytest.fixture
def results(tmp_path):
    good = [result(tmp_path / f"a{n}", "good", r)
            for n, r in enumerate(([1, 1, 1, 1], [1, 1, 9, 9]))]  # fmt: skip
    poor = [result(tmp_path / f"b{n}", "poor", [9, 9, 9, 9]) for n in range(2)]
    return good, poor


def test_a_case_counts_its_mean_over_the_seeds(results, capsys):
    good, poor = results
    MAIN([*good, "--of", "good", "--against", "poor", "--with", *poor, "--ks", "1"])
    rows = [[cell.strip() for cell in line.split("|")[1:-1]]
            for line in capsys.readouterr().out.splitlines()]  # fmt: skip
    table = {(row[0], row[1]): row[2:] for row in rows[2:]}
    # HR@1 by case: 1, 1, .5, .5 against 0; by seed 1 and .5; users have 1 and .5.
    of, against, difference, _, by_seed = table["all (4)", "HR@1"]
    assert (of, against, by_seed) == ("0.7500", "0.0000", "+1.0000 +0.5000")
    assert difference == "+0.7500 [+0.5000, +1.0000]"
    assert table["early (2)", "HR@1"][2] == "+1.0000 [+1.0000, +1.0000]"


def test_what_cannot_be_compared_is_refused(results, tmp_path):
    good, poor = results
    with pytest.raises(SystemExit, match="no scorer 'best'; there are good"):
        MAIN([*good, "--of", "best", "--against", "good"])
    with pytest.raises(SystemExit):
        MAIN([*good, "--of", "good", "--against", "poor", "--with", poor[0]])
    other = pd.read_parquet(Path(poor[0]) / "ranks.parquet").assign(target=4)
    other.to_parquet(Path(poor[0]) / "ranks.parquet")
    with pytest.raises(SystemExit, match="not about the same cases"):
        MAIN([*good, "--of", "good", "--against", "poor", "--with", *poor])
