"""The plan: which stages a command needs, the names of their results, and what is there."""

from contextlib import suppress
from dataclasses import dataclass

from crs.config import Config
from crs.console import say
from crs.errors import DamageError, UserError
from crs.pipeline.registry import datasets_with, stages_of
from crs.settings.base import Settings
from crs.stages.stage import Stage
from crs.store.artifact import Artifact, fingerprint
from crs.store.store import Store


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

    Dialogues that people had need none that are simulated; weights that are given are not compared
    with a training of ours.
    """
    without = {"samples", "simulate"} if config.dataset.conversations else set()
    without |= {"direct", "alone"} if config.checkpoint else set()
    return [name for name in stage.reads(config) if name not in without]


def plan(config: Config) -> list[Step]:
    """The stages that `config.stage.name` stands on, in the order in which they are made.

    Raises:
        UserError: if the model has no such stage, or the data have not what it learns from.
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
    read = list(config.recipe.reads)
    able = goal != "multi_turn" and ("contexts" in read or read == ["dataset"])
    if config.dataset.conversations and not able:
        raise UserError(
            f"model={config.model.name} stage={goal} learns from users' histories, and dataset="
            f"{config.dataset.name} has dialogues; type model=c2crs or model=popularity"
        )
    if goal == "converse" and not config.dataset.conversations:
        raise UserError(
            f"stage=converse: dataset={config.dataset.name} has requests and no responses to learn "
            f"from. Datasets that have them: {', '.join(datasets_with('responses'))}"
        )
    reads_words = not {"embed", "contexts"}.isdisjoint(read)
    if goal == "evaluate" and config.dataset.released_dialogues and reads_words:
        raise UserError(
            f"model={config.model.name} reads what was said, and the cases of dataset="
            f"{config.dataset.name} dataset.source={config.dataset.source} are released turns of "
            "attributes without words; type dataset.source=scpr, or model=mip_sad"
        )
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
    """Refuse a dataset that lacks what is looked at, before anything costly runs.

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
        DamageError: if what is there is not as it was written.
    """
    if all(need in found for need in step.inputs):
        inputs = {need: found[need] for need in step.inputs}
        if artifact := store.find(step.name, step.fingerprint, inputs):
            found[step.name] = artifact
            return "found"
    return "partial" if store.partial(step.name, step.fingerprint).exists() else "to make"


def show_plan(
    steps: list[Step], store: Store, config: Config
) -> tuple[dict[str, Artifact], list[DamageError]]:
    """Print what is there and what will be made.

    Returns:
        what is there, and what is damaged.
    """
    found: dict[str, Artifact] = {}
    damaged: list[DamageError] = []
    say(f"plan      {config.model.name} on {config.dataset.name}, store {store.root}")
    for step in steps:
        try:
            state = "forced" if step.name in config.force else state_of(step, store, found)
            if config.verify and step.name in found:
                found[step.name].verify()
        except DamageError as damage:
            state = "damaged"
            damaged.append(damage)
            with suppress(DamageError):  # what stands on it is looked at all the same
                store.at(step.name, step.fingerprint).check_manifest()
                found[step.name] = store.at(step.name, step.fingerprint)
        say(f"  {step.name:<12}{state:<11}{step.fingerprint}  {step.stage.about}")
    return found, damaged
