"""The words of a command line: texts that Hydra's grammar cannot read are quoted."""

import pytest
from hydra import initialize_config_dir
from hypothesis import given
from hypothesis import strategies as st

from crs import command_line, overrides
from tests.contracts.tiny import quick


@pytest.fixture(scope="module", autouse=True)
def _schema():
    command_line.register()


PLACES = [
    "a b.csv",
    "é.csv",
    "a (1).csv",
    "it's.csv",
    "[1].csv",
    "a=b&c#d.csv",
    'say "x".csv',
    "a\\",
]


TEXTS = ["用户", "Book-Rating (1-10)", "película", ";", "1e5", "0.10", "true", "[a]", "{a: 1}"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_setting_that_is_a_text_takes_any_text(text):
    """What Hydra's grammar cannot read, and what it reads as something else."""
    with command_line.searching():
        for key in ("dataset.columns.user", "++dataset.noun", "llm.model", "store"):
            assert overrides.parse(overrides.readable(f"{key}={text}")).value() == text


def test_the_texts_of_a_sweep_are_quoted_one_by_one():
    with command_line.searching():
        word = overrides.readable("dataset.noun=película,映画", swept=True)
    assert word == "dataset.noun='película','映画'"


def test_a_path_may_have_any_letter():
    for path in PLACES:
        with initialize_config_dir(str(command_line.CONF), version_base="1.3"):
            word = overrides.readable(f"dataset.path=/tmp/{path}")
            assert overrides.parse(word).value() == f"/tmp/{path}"


@pytest.mark.parametrize("path", ["'a b'", '"é"', "a/b.csv", "null", "choice(a,b)", "${store}/a"])
def test_a_path_that_can_be_read_is_left_as_it_is(path):
    with initialize_config_dir(str(command_line.CONF), version_base="1.3"):
        assert overrides.readable(f"dataset.path={path}") == f"dataset.path={path}"


@quick
@given(st.text(st.characters(exclude_characters="$,", exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_path_comes_through(path):
    with initialize_config_dir(str(command_line.CONF), version_base="1.3"):
        word = overrides.readable(f"dataset.path=/{path}/é")
        assert overrides.parse(word).value() == f"/{path}/é"
