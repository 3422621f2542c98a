"""What a trial is judged by, and where it stops."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

from crs.errors import UserError
from crs.pipeline.registry import stages_of
from crs.search.objective import scorer_of, searched_stage, stop_at, success, value_of

HISTORY = [{"epoch": 0, "ndcg@10": 0.1, "hr@10": 0.4}, {"epoch": 1, "ndcg@10": 0.2, "hr@10": 0.3}]


def result(folder, summary, history=HISTORY, phase="pretrain"):
    (folder / f"{phase}.json").write_text(json.dumps(history))
    return SimpleNamespace(path=folder, summary=summary)


@pytest.mark.parametrize(("objective", "value"), [("ndcg@10", 0.2), ("hr@10", 0.3)])
def test_the_value_is_a_figure_of_the_epoch_that_is_kept(tmp_path, objective, value):
    found = result(tmp_path, {"best": 0.2, "best_epoch": 1})
    assert value_of(found, "pretrain", "pretrain", objective, "sasrec") == value


def test_of_a_stage_of_several_phases_the_last_one_counts(tmp_path):
    found = result(tmp_path, {"em_best": 0.1, "em_best_epoch": 0, "e_best": 0.9}, phase="em")
    assert value_of(found, "train", "em", "ndcg@10", "latentcrs") == 0.1


def test_initial_weights_that_stay_best_have_the_usual_figure(tmp_path):
    found = result(tmp_path, {"best": 0.3, "best_epoch": -1})
    assert value_of(found, "pretrain", "pretrain", "ndcg@10", "sasrec") == 0.3
    with pytest.raises(UserError, match="no epoch was better than the initial weights"):
        value_of(found, "pretrain", "pretrain", "hr@10", "sasrec")


def test_a_figure_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    found = result(tmp_path, {"best": 0.2, "best_epoch": 1})
    with pytest.raises(UserError, match=r"hydra.sweeper.objective=x: .* There are hr@10, ndcg@10"):
        value_of(found, "pretrain", "pretrain", "x", "sasrec")
    with pytest.raises(UserError, match="phase train trained nothing"):
        value_of(found, "train", "train", "ndcg@10", "mip_sad")


def test_the_success_of_the_models_own_scorer_counts_or_that_of_another():
    rows = [("popularity", 0.1), ("mip sad", 0.5), ("mip sad + requirements", 0.9)]
    long = pd.DataFrame(rows, columns=["scorer", "value"]).assign(metric="success", slice="all")
    found = SimpleNamespace(load=lambda name: long)
    assert success(found, "success", "mip_sad") == 0.5
    assert success(found, "mip sad + requirements", "mip_sad") == 0.9
    with pytest.raises(UserError, match=r"no such scorer\. There are popularity, mip sad"):
        success(found, "x", "mip_sad")


def test_the_models_own_scorer_is_that_of_its_tables():
    """Its name need not begin with that of the model."""
    names = ["text match", "encoder", "encoder + attributes + text match"]
    assert scorer_of(names, "text_match") == names[-1]
    assert scorer_of([*names, f"{names[-1]} + requirements"], "text_match") == names[-1]


@pytest.mark.parametrize(
    ("words", "phase"),
    [
        (["model=mip_sad"], "generator"),
        (["model=mip_sad", "tasks.generator=none"], "random again"),
        (["model=c2crs"], "fine"),
        (["model=c2crs", "c2crs.fine_epochs=0"], "coarse"),
    ],
)
def test_the_last_phase_of_a_warm_up_is_the_one_that_is_trained(configure, words, phase):
    made = configure("dataset=tiny", *words)
    assert stages_of(made)["warmup"].last_phase(made) == phase


@pytest.mark.parametrize(
    ("words", "stage"),
    [
        (["model=sasrec"], "pretrain"),
        (["model=latentcrs"], "train"),
        (["model=mip_sad"], "train"),
        (["model=mip_sad", "stage=warmup"], "warmup"),
        (["model=c2crs", "stage=multi_turn"], "multi_turn"),
    ],
)
def test_trials_stop_at_the_last_stage_that_trains_or_at_the_one_that_is_asked_for(
    configure, words, stage
):
    config = configure("dataset=tiny", *words)
    assert searched_stage(config) == stage
    stopped = stop_at(config, stage)
    assert stopped.stage.name == stage
    assert stopped.multi_turn.split == ("valid" if stage == "multi_turn" else "test")


def test_a_model_that_trains_nothing_is_refused(configure):
    with pytest.raises(UserError, match="there is nothing to search"):
        searched_stage(configure("dataset=tiny", "model=popularity"))
