"""The difference of two scorers over seeds, from ranks worked by hand."""

import runpy
from pathlib import Path

import pandas as pd
import pytest

from crs.errors import UserError
from crs.store.store import Store

MAIN = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "compare.py"))["main"]
PROTOCOL = {"protocol": "full", "seen": "out", "padding": False}
INPUTS = {"dataset": "d", "simulate": "s", "pretrain": "p"}


def result(
    store: Path, name: str, scorer: str, ranks: list[float], inputs: dict = INPUTS,
    target: int = 5, **protocol: object,
) -> str:  # fmt: skip
    """A result of four cases, two users; the first two cases are the slice `early`."""
    evaluation = PROTOCOL | protocol
    frame = pd.DataFrame({
        "split": "test", "scorer": scorer, "slice": "all", "protocol": evaluation["protocol"],
        "user": [1, 1, 2, 2], "cut": [2, 3, 2, 3], "cluster": [1, 1, 2, 2],
        "target": [target, 6, 7, 8], "rank": ranks,
        "early": pd.array([True, True, False, False]),
    })  # fmt: skip
    folder = Store(store).partial("evaluate", name)
    folder.mkdir(parents=True)
    frame.to_parquet(folder / "ranks.parquet")
    lineage = {stage: {"fingerprint": f"{made}0", "digest": made} for stage, made in inputs.items()}
    settings = {"evaluation": evaluation}
    manifest = {"settings": settings, "inputs": lineage, "summary": {}}
    return str(Store(store).finish("evaluate", name, manifest).path)


@pytest.fixture
def results(tmp_path):
    good = [result(tmp_path, f"a{n}", "good", r)
            for n, r in enumerate(([1, 1, 1, 1], [1, 1, 9, 9]))]  # fmt: skip
    poor = [result(tmp_path, f"b{n}", "poor", [9, 9, 9, 9]) for n in range(2)]
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


def test_what_cannot_be_compared_is_refused(results):
    good, poor = results
    with pytest.raises(UserError, match="no scorer 'best'; there are good"):
        MAIN([*good, "--of", "best", "--against", "good"])
    with pytest.raises(SystemExit):
        MAIN([*good, "--of", "good", "--against", "poor", "--with", poor[0]])


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"protocol": "mine", "seen": "in"}, "have protocols full and mine"),
        ({"protocol": "full", "seen": "in"}, r"evaluation\.seen=out and in"),
        ({"inputs": INPUTS | {"dataset": "e"}}, "other data, dataset/d0 and dataset/e0"),
        ({"inputs": INPUTS | {"simulate": "t"}}, "other data, simulate/s0 and simulate/t0"),
        ({"target": 4}, "not about the same cases"),
    ],
)
def test_other_protocols_data_texts_and_cases_are_refused(other, told, results, tmp_path):
    """A scorer would differ from itself, with a p of .0001."""
    good, _ = results
    changed = result(tmp_path, "c", "good", [9, 9, 9, 9], **other)
    with pytest.raises(UserError, match=told):
        MAIN([good[0], "--of", "good", "--against", "good", "--with", changed])


def test_models_may_stand_on_other_encoders_and_one_may_read_no_text(results, tmp_path, capsys):
    good, _ = results
    for name, inputs in (("c", INPUTS | {"pretrain": "q"}), ("d", {"dataset": "d"})):
        other = result(tmp_path, name, "good", [9, 9, 9, 9], inputs)
        MAIN([good[0], "--of", "good", "--against", "good", "--with", other, "--ks", "1"])
        assert "+1.0000" in capsys.readouterr().out


def test_the_path_that_a_command_prints_is_taken(results, capsys):
    (one, _), (two, _) = results
    places = [f"{one}/results.parquet", "--with", f"{two}/results.md"]
    MAIN([*places, "--of", "good", "--against", "poor", "--ks", "1"])
    assert "+1.0000" in capsys.readouterr().out


def test_no_result_and_a_damaged_one_are_one_sentence(results, tmp_path):
    good, _ = results
    with pytest.raises(UserError, match="nowhere is no result of the stage evaluate; give the"):
        MAIN([str(tmp_path / "nowhere"), "--of", "good", "--against", "poor"])
    file = Path(good[0]) / "ranks.parquet"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match="damaged"):
        MAIN([*good, "--of", "good", "--against", "good"])
