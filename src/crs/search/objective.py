"""What a trial is judged by: a validation figure of the stage at which it stops."""

import json
from pathlib import Path

from crs.config import Config
from crs.errors import ObjectiveError, UserError
from crs.models import recipes
from crs.pipeline.plan import plan
from crs.pipeline.registry import stages_of
from crs.store.artifact import Artifact

DIALOGUES, SUCCESS = "multi_turn", "success"
USUAL = "ndcg@10"
"""The figure by which most stages choose their best epoch."""


def searched_stage(config: Config) -> str:
    """The stage at which trials stop: the one that is asked for if it trains or talks, else the
    last one that trains the model.

    Raises:
        UserError: if nothing of the model is trained.
    """
    goal, stages = config.stage.name, stages_of(config)
    if goal == DIALOGUES or (goal in stages and stages[goal].phase):
        return goal
    made = {step.name for step in plan(config)}
    for name in ("train", "pretrain"):
        if name in made:
            if not stages[name].phase:
                raise UserError(
                    f"model={config.model.name}: its Stage {name!r} does not say by which phase of "
                    "its training it is judged; give it phase=NAME, the name that `fit` is called "
                    "with (docs/add_a_model.md)"
                )
            return name
    raise UserError(
        f"model={config.model.name} stage={goal} trains nothing, so there is nothing to search; "
        "type search=sasrec, or stage=multi_turn"
    )


def stop_at(config: Config, stage: str) -> Config:
    """The configuration of a trial: it ends with the searched stage, and sees no test case."""
    config.stage.name = stage
    if stage == DIALOGUES:
        config.multi_turn.split = "valid"
    return config


def value_of(result: Artifact, stage: str, phase: str, objective: str, model: str) -> float:
    """The figure that a search makes better.

    Args:
        phase: the last phase of the stage's training.
    Raises:
        ObjectiveError: if results of the stage have no such figure.
        UserError: if this result has none.
    """
    if stage == DIALOGUES:
        return success(result, objective, model)
    summary = result.summary
    file: Path = result.path / f"{phase}.json"
    if not file.is_file():
        raise UserError(f"{stage}: phase {phase} trained nothing, so there is no figure")
    history = json.loads(file.read_text())
    known = sorted(history[0]) if history else []
    if known and objective not in known:
        raise ObjectiveError(
            f"hydra.sweeper.objective={objective}: no such figure of {stage}. There are "
            f"{', '.join(name for name in known if name != 'epoch')}"
        )
    of = "" if "best" in summary else f"{phase}_"
    best, epoch = summary[f"{of}best"], summary[f"{of}best_epoch"]
    if epoch >= 0:
        return float(history[epoch][objective])
    if objective == USUAL:  # the initial weights were best, and have this figure alone
        return float(best)
    raise UserError(f"{stage}: no epoch was better than the initial weights")


def success(result: Artifact, scorer: str, model: str) -> float:
    """The share of validation dialogues that succeed with a scorer; `success`: the model's own."""
    long = result.load("results.parquet")
    rows = long[(long["metric"] == SUCCESS) & (long["slice"] == "all")]
    names = list(rows["scorer"])
    chosen = scorer_of(names, model) if scorer == SUCCESS else scorer
    if chosen not in names:
        raise ObjectiveError(
            f"hydra.sweeper.objective={chosen}: no such scorer. There are {', '.join(names)}"
        )
    return float(rows["value"].iloc[names.index(chosen)])


def scorer_of(names: list[str], model: str) -> str:
    """The model's own scorer of dialogues, without a re-ranker where there is one."""
    from crs.recommender import own_scorers, scorer_and_reranker  # torch

    own = own_scorers(recipes()[model].own_scorers, names)
    plain = [name for name in own if not scorer_and_reranker(name)[1]]
    return (plain or own)[-1]
