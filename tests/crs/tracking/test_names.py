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
