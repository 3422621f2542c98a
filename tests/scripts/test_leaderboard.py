"""The script of the leaderboard: its options, what it makes, and the pages that it wrote."""

import subprocess
from types import SimpleNamespace

import pytest

from crs.errors import UserError
from crs.report.leaderboard_page import BEGIN, END
from scripts import leaderboard


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--seed=1"], "unrecognized arguments: --seed=1; there is --seeds"),
        (["--seeds=one"], "--seeds=one: whole numbers, each once"),
        (["--seeds=1,1"], "--seeds=1,1: whole numbers, each once"),
        (["--datasets=tiny"], "--datasets: docs/ shows all .* type --out=FOLDER for a part"),
        (["artifacts"], "artifacts: no setting; type KEY=VALUE"),
    ],
)
def test_a_mistake_is_one_sentence(words, told):
    with pytest.raises(UserError, match=told):
        leaderboard.options(words)


def test_words_are_of_all_datasets_or_of_one():
    given = leaderboard.options(["lastfm:dataset.path=/x", "store=/y", "trainer.threads=1"])
    asked = leaderboard.asked_by(given)
    assert asked.words == ("store=/y", "trainer.threads=1")
    assert asked.files == {"lastfm": ("dataset.path=/x",)}
    assert leaderboard.command_of(given, asked) == (
        "python scripts/leaderboard.py --seeds=1,2,3 lastfm:dataset.path=PATH trainer.threads=1"
    )


def test_what_is_missing_is_made_one_after_another(tmp_path, monkeypatch, capsys):
    ran: list[list[str]] = []

    def run(words, **_):
        ran.append(words[2:])
        return SimpleNamespace(returncode=len(ran) - 1)  # the second one fails

    monkeypatch.setattr(subprocess, "run", run)
    words = ["--models=popularity", "--datasets=tiny", "--seeds=1,2", f"--out={tmp_path / 'out'}"]
    with pytest.raises(UserError, match=r"failed: python src/train.py .* seed=2"):
        leaderboard.main([*words, "--make", f"store={tmp_path / 'store'}"])
    assert [one[-1] for one in ran] == ["seed=1", "seed=2"]
    assert ran[0][:2] == ["model=popularity", "dataset=tiny"]
    assert (tmp_path / "out" / "leaderboard.md").is_file()
    assert capsys.readouterr().out == f"leaderboard: {tmp_path / 'out' / 'leaderboard.html'}\n"


def test_what_cannot_be_made_says_what_it_needs(tmp_path):
    words = ["--datasets=custom,tiny", "--models=popularity", f"--out={tmp_path}"]
    with pytest.raises(
        UserError, match=r"--make=custom: no row of it can be made. Your own .*tiny"
    ):
        leaderboard.main([*words, "--make=custom", f"store={tmp_path}"])


def test_the_readme_has_the_table_of_the_page():
    """Otherwise type: python scripts/leaderboard.py"""
    readme = leaderboard.README.read_text()
    assert readme.count(BEGIN) == readme.count(END) == 1
    part = readme.partition(BEGIN)[2].partition(END)[0].strip()
    page = (leaderboard.DOCS / "leaderboard.md").read_text()
    assert part and part in page.partition(f"## {leaderboard.OF_README}\n")[2]
