"""The pages of a leaderboard: complete, self-contained, the same bytes each time."""

import pytest

from crs.errors import UserError
from crs.report.entries import Asked, entries_of
from crs.report.leaderboard import Leaderboard
from crs.report.leaderboard_page import BEGIN, END, SYNTHETIC, html, marked, page, part, write
from tests.crs.report.test_entries import WORDS


@pytest.fixture(scope="module")
def leaderboard(store, jobs) -> Leaderboard:
    models, datasets = ("mip_sad", "sasrec"), ("beauty", "lastfm", "tiny")
    words = tuple(word for word in WORDS if not word.startswith("dataset."))
    files = {"tiny": tuple(word for word in WORDS if word.startswith("dataset."))}
    asked = Asked(models, datasets, (1, 2, 3), (*words, f"store={store}"), files)
    return Leaderboard(entries_of(asked), "python me")


def test_the_page_has_the_table_the_commands_and_what_is_missing(leaderboard, store):
    text = page(leaderboard)
    assert "    python me\n" in text and str(store) not in text
    assert "| sasrec | history |" in " ".join(text.split())
    assert "Missing: mip_sad (seeds 1, 2, 3); sasrec (seed 3)." in text
    assert text.count("    python src/train.py ") == 4  # one of a row, and three of what is missing
    assert "- lastfm: LastFM (HetRec 2011)" in text
    assert "- beauty: mip_sad: needs item attributes" in text
    assert text.count(SYNTHETIC) == 1 and SYNTHETIC in text[text.index("## tiny") :]


def test_the_part_of_a_dataset_is_the_same_on_the_page(leaderboard):
    for standing in leaderboard.standings:
        assert part(standing) in page(leaderboard)


def test_the_html_loads_nothing_and_has_what_the_page_has(leaderboard):
    text = html(leaderboard)
    assert len(text) < 100_000 and " src=" not in text and "href" not in text
    for said in (SYNTHETIC, "needs item attributes", "<summary>sasrec seed 2", "Missing"):
        assert said in text


def test_twice_the_same_gives_the_same_bytes(leaderboard, tmp_path):
    again = Leaderboard(leaderboard.entries, leaderboard.command)
    for made, name in ((leaderboard, "one"), (again, "two")):
        write(made, tmp_path / name)
    names = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert names == ["leaderboard.csv", "leaderboard.html", "leaderboard.md"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_part_stands_between_the_marks_and_the_rest_stays():
    once = marked(f"before\n{BEGIN}\nold\n{END}\nafter\n", "new", "README.md")
    assert once == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    assert marked(once, "new", "README.md") == once
    with pytest.raises(UserError, match=r"README.md: there is not one part between the lines"):
        marked("no marks", "new", "README.md")
