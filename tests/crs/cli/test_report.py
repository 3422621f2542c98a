"""The command `crs report`, on real results."""

from pathlib import Path

import pytest

from crs.cli.report import main, options
from crs.errors import UserError


@pytest.fixture(scope="module")
def result(finished) -> Path:
    return finished.path


def test_a_result_is_reported_beside_the_results(result, capsys):
    main([str(result), "--against", "popularity"])
    out = capsys.readouterr().out
    assert "NDCG@10 (valid)" in out and "p (Holm)" in out
    page = Path(out.splitlines()[-1].removeprefix("report: "))
    assert page.parent.parent == result.parents[1] / "reports"
    names = sorted(file.name for file in page.parent.iterdir())
    assert names == ["report.csv", "report.html", "report.md", "report.png", "report.tex"]
    assert (page.parent / "report.md").read_text().strip() in out


def test_a_place_of_ones_own_takes_the_report(result, tmp_path, capsys):
    main(
        [
            str(result / "results.parquet"),
            f"--out={tmp_path / 'mine'}",
            "--against=popularity",
            "--ks=5,20",
        ]
    )
    assert (tmp_path / "mine" / "report.html").is_file()
    assert capsys.readouterr().out.splitlines()[-1] == f"report: {tmp_path / 'mine/report.html'}"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "name a result, a sweep or a study"),
        (["nowhere"], "nowhere is no result, sweep or study"),
        (["x", "--agains=y"], "unrecognized arguments: --agains=y; there is --against"),
        (["x", "--ks=5"], "--ks=5 says how scorers are compared; type --against=SCORER with it"),
        (["x", "--cases=foo"], "--cases=foo says how scorers are compared; type --against"),
        (["x", "--against=y", "--ks=ten"], "--ks=ten: whole numbers from 1"),
    ],
)
def test_a_mistake_is_one_sentence(words, told):
    with pytest.raises(UserError, match=told):
        main(words)


def test_a_place_that_takes_no_files_is_one_sentence(result, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot be written .*--out=PLACE"):
        main([str(result), f"--out={tmp_path / 'file'}"])


def test_help_and_version(capsys):
    main(["--help"])
    assert "--against=SCORER" in capsys.readouterr().out
    main(["--version"])
    assert capsys.readouterr().out.startswith("CRS Suite ")


def test_what_stands_beside_results_is_no_result():
    names = ("a", "a.lock", "a.holder", "a.partial", "a.old-1790000000", "b")
    assert options([f"evaluate/{name}" for name in names]).places == ["evaluate/a", "evaluate/b"]
