"""Runs are named as a person would name them."""

import pytest

from crs.tracking import names


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ([], "sasrec tiny s3"),
        (["model=sasrec", "dataset=tiny", "seed=3", "store=x", "trainer=cpu"], "sasrec tiny s3"),
        (["pretrain.k=64", "tracker.group=g", "+debug=fast"], "sasrec tiny debug=fast k=64 s3"),
        (["pretrain.lr=1", "train.lr=2"], "sasrec tiny pretrain.lr=1 train.lr=2 s3"),
    ],
)
def test_the_name_says_what_differs(words, name, configure):
    config = configure("model=sasrec", "dataset=tiny", "seed=3")
    assert names.name_of(config, words) == name


def test_the_run_of_a_trial_begins_with_its_number_and_has_short_numbers(configure):
    words = ["pretrain.lr=0.00123456789", "pretrain.k=12345", "pretrain.dropout=0.50"]
    name = names.name_of(configure("model=sasrec", "dataset=tiny"), words, "trial 7")
    assert name == "trial 7 sasrec tiny dropout=0.50 k=12345 lr=0.001235 s1"


def test_a_stage_that_is_asked_for_is_named(configure):
    config = configure("model=sasrec", "dataset=tiny", "stage=pretrain")
    assert names.name_of(config, ["stage=pretrain"]) == "sasrec tiny pretrain s1"


def test_the_command_can_be_typed_and_holds_no_secret(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "plainword")
    command = names.command_of(["model=sasrec", "a=plainword", "b=c d"])
    assert command == ("python src/train.py model=sasrec a=<OPENAI_API_KEY> 'b=c d'")


def test_how_to_run_makes_no_other_command():
    words = ["store=a", "seed=2", "pretrain.k=3", "trainer.threads=1", "~debug", "tracker=none"]
    assert names.what_differs(words) == ["pretrain.k=3", "~debug"]


def test_a_long_name_is_cut_between_words_and_keeps_the_seed(configure):
    words = [f"pretrain.dropout_{n}=0.1" for n in range(9)]
    name = names.name_of(configure("model=sasrec", "dataset=tiny"), words, "trial 7")
    assert len(name) <= names.LONGEST
    assert name.startswith("trial 7 sasrec tiny dropout_0=0.1 ") and name.endswith("=0.1 … s1")


def test_a_space_of_conf_is_in_no_name(configure):
    assert names.name_of(configure("model=sasrec", "dataset=tiny"), ["search=sasrec"]) == (
        "sasrec tiny s1"
    )
