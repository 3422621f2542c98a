"""The plan: the stages that a command needs, the names of their results, and which exist."""

from contextlib import suppress
from dataclasses import dataclass

from crs.config import Config
from crs.console import say
from crs.data.sources import check_source
from crs.errors import DamageError, UserError
from crs.models.recipe import Model
from crs.pipeline.registry import datasets_with, models_that, stages_of
from crs.settings.base import Settings
from crs.stages.stage import Stage
from crs.store.artifact import Artifact, fingerprint
from crs.store.store import Store

OF_CONTROLS = ("controls", "embed_controls")
"""The stages that are about other texts of the test cases alone."""


@dataclass
class Step:
    """One stage of a plan."""

    name: str
    stage: Stage
    settings: Settings
    inputs: dict[str, "Step"]
    fingerprint: str


def needs(stage: Stage, config: Config) -> list[str]:
    """The stages that a stage reads.

    A dataset of dialogues needs no simulated ones; given weights are not compared with a training.
    """
    without = {"samples", "simulate"} if config.dataset.conversations else set()
    without |= {"direct", "alone"} if config.checkpoint else set()
    return [name for name in stage.reads(config) if name not in without]


def check_controls(config: Config) -> None:
    """Refuse other texts of the test cases where there are none, or nobody hears them.

    Raises:
        UserError: with what to type.
    """
    recipe, dataset = config.recipe, config.dataset
    if not config.controls.asked:
        if config.stage.name in OF_CONTROLS:
            raise UserError(
                f"stage={config.stage.name} makes other texts of the test cases, and none are "
                "asked for; type controls=words"
            )
        return
    if dataset.conversations or dataset.released_dialogues or "simulate" not in recipe.reads:
        heard = models_that(lambda model: hears_controls(model) and model.reads_words)
        raise UserError(
            f"controls are other words of a simulated user, and model={recipe.name} on dataset="
            f"{dataset.name} hears none; type controls=none, or {heard}, and dataset=ml100k"
        )
    if not hears_controls(recipe):
        raise UserError(
            f"controls: model={recipe.name} reads contexts, which are made of the user's own "
            "texts; type controls=none"
        )
    if config.simulator.kind != "rules":
        raise UserError(
            f"controls are other words of simulator=rules, and this is simulator="
            f"{config.simulator.kind}; type controls=none"
        )
    if config.controls.rephrased and dataset.phrases is None:
        raise UserError(
            f"controls.texts: dataset={dataset.name} has no table of held-out phrases; type "
            "dataset.phrases=FILE (docs/controls.md), or controls.texts=[]"
        )


def hears_controls(model: Model) -> bool:
    """Whether other texts of the test cases reach the scorers of a model."""
    return "simulate" in model.reads and "contexts" not in model.reads


def plan(config: Config) -> list[Step]:
    """`config.stage.name` and the stages that it depends on, in the order of making.

    Raises:
        UserError: if the model has no such stage, or the data lack what the model learns from.
    """
    steps: dict[str, Step] = {}
    stages = stages_of(config)

    def add(name: str) -> Step:
        if name not in steps:
            stage = stages[name]
            inputs = {need: add(need) for need in needs(stage, config)}
            settings = stage.settings(config)
            names = {need: step.fingerprint for need, step in inputs.items()}
            # A model's own stage is named after it: two models may have the same settings.
            owner = f"{name}/{config.model.name}" if stage in config.recipe.stages else name
            key = fingerprint(owner, stage.version, settings.identity(), names)
            steps[name] = Step(name, stage, settings, inputs, key)
        return steps[name]

    goal = config.stage.name
    if goal not in stages:
        raise UserError(
            f"stage={goal}: model={config.model.name} has no such stage; type stage=pretrain or "
            "stage=evaluate"
        )
    if config.dataset.conversations and not config.recipe.runs_on_dialogues:
        others = models_that(lambda model: model.runs_on_dialogues)
        raise UserError(
            f"model={config.model.name} learns from users' histories, and dataset="
            f"{config.dataset.name} has dialogues; type {others}"
        )
    if config.dataset.conversations and goal == "multi_turn":
        raise UserError(
            f"stage=multi_turn simulates users from their histories, and dataset="
            f"{config.dataset.name} has dialogues; type stage=evaluate"
        )
    if goal == "converse" and not config.dataset.conversations:
        raise UserError(
            f"stage=converse: dataset={config.dataset.name} has requests and no responses to learn "
            f"from. Datasets that have them: {', '.join(datasets_with('responses'))}"
        )
    if goal == "evaluate" and config.dataset.released_dialogues and config.recipe.reads_words:
        others = models_that(lambda model: model.reads_attribute_dialogues)
        raise UserError(
            f"model={config.model.name} reads what was said, and the cases of dataset="
            f"{config.dataset.name} dataset.source={config.dataset.source} are released turns of "
            f"attributes without words; type dataset.source=scpr, or {others}"
        )
    if goal in ("evaluate", *OF_CONTROLS):
        check_controls(config)
    add(goal)
    if "simulate" in steps and config.simulator.kind == "processed" and not config.simulator.path:
        raise UserError(
            "simulator=processed reads texts that you have; type simulator.path=FOLDER, the "
            "processed_data of LatentCRS' authors"
        )
    return list(steps.values())


def ancestors(step: Step) -> dict[str, Step]:
    """All steps whose results a step needs, directly or not, in the order of making."""
    found: dict[str, Step] = {}
    for name, need in step.inputs.items():
        found |= ancestors(need) | {name: need}
    return found


def check_views(dataset: Artifact, config: Config) -> None:
    """Refuse a dataset that lacks what the command reads, before anything costly runs.

    Raises:
        UserError: with the missing view and the datasets that have it.
    """
    needed = dict.fromkeys(config.recipe.requires, f"model={config.model.name}")
    if config.stage.name == "multi_turn":  # what the users ask for
        needed.setdefault("attributes", "stage=multi_turn")
    for view, who in needed.items():
        if not dataset.summary[view]:
            raise UserError(
                f"{who} needs item {view} and dataset={config.dataset.name} "
                f"has none. Datasets that have them: {', '.join(datasets_with(view))}"
            )


def state_of(step: Step, store: Store, found: dict[str, Artifact]) -> str:
    """`found`, `partial` or `to make`.

    Raises:
        DamageError: if the result is not as it was written.
    """
    if all(need in found for need in step.inputs):
        inputs = {need: found[need] for need in step.inputs}
        if artifact := store.find(step.name, step.fingerprint, inputs):
            found[step.name] = artifact
            return "found"
    return "partial" if store.partial(step.name, step.fingerprint).exists() else "to make"


@dataclass
class Survey:
    """Which results of a plan exist.

    Attributes:
        states: of each step: `found`, `partial`, `to make`, `forced` or `damaged`.
        found: the results that exist.
        damaged: what is wrong with those that are not whole.
    """

    states: dict[str, str]
    found: dict[str, Artifact]
    damaged: list[DamageError]


def survey(steps: list[Step], store: Store, config: Config) -> Survey:
    """Look for the results of a plan."""
    seen = Survey({}, {}, [])
    for step in steps:
        try:
            forced = step.name in config.force
            seen.states[step.name] = "forced" if forced else state_of(step, store, seen.found)
            if config.verify and step.name in seen.found:
                seen.found[step.name].verify()
        except DamageError as damage:
            seen.states[step.name] = "damaged"
            seen.damaged.append(damage)
            with suppress(DamageError):  # the stages that depend on it are shown too
                store.at(step.name, step.fingerprint).check_manifest()
                seen.found[step.name] = store.at(step.name, step.fingerprint)
    return seen


def show_plan(steps: list[Step], store: Store, config: Config) -> Survey:
    """Print which results exist and which will be made."""
    say(f"plan      {config.model.name} on {config.dataset.name}, store {store.root}")
    seen = survey(steps, store, config)
    for step in steps:
        say(line(step, seen.states[step.name]))
    return seen


def line(step: Step, state: str) -> str:
    """A step as a plan shows it."""
    return f"  {step.name:<11} {state:<11}{step.fingerprint}  {step.stage.about}"


def refuse_without_data(seen: Survey, config: Config) -> None:
    """Refuse to make a data set whose files are not named.

    Raises:
        UserError: with what to type.
    """
    if seen.states.get("dataset", "found") != "found":
        check_source(config.dataset)


def refuse_damaged(damaged: list[DamageError]) -> None:
    """Refuse to go on with damaged results.

    Raises:
        UserError: if there are any: what is wrong with each, and what to type.
    """
    if damaged:
        whole = "; ".join(damage.what for damage in damaged)
        stages = ",".join(dict.fromkeys(damage.stage for damage in damaged))
        raise UserError(f"{whole}; type force=[{stages}] to make this again")
