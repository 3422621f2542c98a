"""Settings that act on nothing are told, with those that act."""

import pytest

from crs.idle import groups_read, idle


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (["model=sasrec"], ["pretrain.lr", "evaluation.level", "dataset.min_user"]),
        (["model=latentcrs"], ["train.lr", "em.dropout", "intents.k", "embedder.batch_size"]),
        (["model=sasrec"], ["trainer.threads", "tracker.kind", "seed", "hydra.x.y", "store"]),
    ],
)
def test_what_a_stage_reads_or_says_how_to_run_is_not_idle(configure, words, keys):
    assert idle(keys, [configure("dataset=tiny", *words)], "") == {}


def test_what_no_stage_reads_is_told_with_the_setting_of_that_name_that_is_read(configure):
    job = configure("dataset=tiny", "model=sasrec")
    assert idle(["train.lr", "intents.restarts"], [job], "model=sasrec") == {
        "train.lr": "train.lr acts on nothing that model=sasrec makes; it reads pretrain.lr",
        "intents.restarts": "intents.restarts acts on nothing that model=sasrec makes; leave it "
        "out",
    }


def test_one_job_that_reads_it_is_enough(configure):
    jobs = [configure("dataset=tiny", f"model={model}") for model in ("sasrec", "latentcrs")]
    assert idle(["train.lr"], jobs, "") == {}


def test_a_stage_that_is_not_reached_reads_nothing(configure):
    read = groups_read(configure("dataset=tiny", "model=mip_sad", "stage=pretrain"))
    assert "pretrain" in read
    assert not {"train", "evaluation", "towers"} & read


def test_what_the_command_itself_reads_is_not_idle(configure):
    job = configure("dataset=tiny", "model=attribute_filter")
    assert set(idle(["multi_turn.shown"], [job], "")) == {"multi_turn.shown"}
    assert idle(["multi_turn.shown"], [job], "", also=["multi_turn"]) == {}
