"""Which stage needs which, the plan, and its execution.

A stage is a function `run(settings, inputs, folder, context) -> summary` named by its path, so
that this module imports no stage package and a run that finds everything imports no torch.
"""

import importlib
import platform
import resource
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from crs import extras, places, tracking
from crs.closure import code_digest
from crs.config import Config
from crs.console import Context, say, stage_line
from crs.errors import DamageError, HalfMadeError, NotFiniteError, UserError
from crs.models import recipes
from crs.settings.base import Settings
from crs.stages import pages
from crs.stages.stage import Stage, import_object
from crs.store import Artifact, Store, fingerprint

LIBRARIES = (
    "torch lightning-fabric faiss-cpu numpy pandas sentence-transformers transformers openai "
    "google-genai wandb"
).split()
CONF = Path(__file__).parents[2] / "conf"
CHEAP = ("dataset", "samples")
"""Stages that a dry run makes to count the requests of those after them."""


def stage_names() -> list[str]:
    """The names of all stages."""
    own = (stage.name for model in recipes().values() for stage in model.stages)
    return list(dict.fromkeys([*pages(), *own]))


def datasets_with(view: str) -> list[str]:
    """The choices of `dataset=` that have a view, as their files say."""
    files = sorted((CONF / "dataset").glob("*.yaml"))
    loaded = {file.stem: dict(OmegaConf.load(file)) for file in files}
    # A file with package _global_ has its dataset within a group.
    settings = {name: content.get("dataset", content) for name, content in loaded.items()}
    return [
        *(name for name, of in settings.items() if view in of.get("has", ())),
        *(
            f"{name} with dataset.items=FILE"
            for name, of in settings.items()
            if view in of.get("has_with_items", ())
        ),
    ]


def stages_of(config: Config) -> dict[str, Stage]:
    """The stages that the chosen model can have, by name: those of the pages, and its own."""
    return pages() | {stage.name: stage for stage in config.recipe.stages}


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
    if (
        goal == "evaluate"
        and config.dataset.released_dialogues
        and {"embed", "contexts"} & set(read)
    ):
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


def code_modules(step: Step, config: Config) -> list[str]:
    """The modules whose code makes this step's result."""
    handed = (path.partition(":")[0] for path in step.stage.handed.values())
    return [step.stage.module, *handed, *step.stage.code(config)]


def state_of(step: Step, store: Store, found: dict[str, Artifact]) -> str:
    """`found`, `half made` or `to make`.

    Raises:
        DamageError: if what is there is not as it was written.
    """
    if all(need in found for need in step.inputs):
        inputs = {need: found[need] for need in step.inputs}
        if artifact := store.find(step.name, step.fingerprint, inputs):
            found[step.name] = artifact
            return "found"
    return "half made" if store.partial(step.name, step.fingerprint).exists() else "to make"


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
        say(f"  {step.name:<11}{state:<11}{step.fingerprint}  {step.stage.about}")
    return found, damaged


def quote(steps: list[Step], found: dict[str, Artifact], store: Store, config: Config) -> None:
    """Print what the language model would cost.

    Its requests cannot be counted without the stages before it: where these are cheap they are
    made, else it is said which are missing.
    """
    asking = [s for s in steps if s.stage.calls_llm(config) and s.name not in found]
    if not asking:
        say("  price     0 USD: nothing here asks a paid service")
    for step in asking:
        before = reached(step)
        if missing := [name for name in before if name not in found and name not in CHEAP]:
            say(f"  price     {step.name}: not known before {', '.join(missing)} is made")
            continue
        for name, need in before.items():
            inputs = {n: found[n] for n in need.inputs}
            found[name] = found.get(name) or find_or_make(need, inputs, store, config, "")
        context = Context(config.trainer, tracking.Run(), step.fingerprint)
        inputs = {need: found[need] for need in step.inputs}
        folder = store.partial(step.name, step.fingerprint)
        module = importlib.import_module(step.stage.module)
        for line in module.quote(step.settings, inputs, folder, context):
            say(f"  price     {step.name}: {line}")


def reached(step: Step) -> dict[str, Step]:
    """All that a step stands on, in the order in which it is made."""
    found: dict[str, Step] = {}
    for name, need in step.inputs.items():
        found |= reached(need) | {name: need}
    return found


def git_state() -> dict[str, Any]:
    """Commit and dirty flag of the checkout that this file belongs to; empty outside of one."""

    def git(*words: str) -> str:
        here = Path(__file__).parent
        done = subprocess.run(["git", "-C", here, *words], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        commit = git("rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(git("status", "--porcelain"))} if commit else {}
    except OSError:  # no git on this machine
        return {}


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that can change a result."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def make(
    step: Step, inputs: dict[str, Artifact], store: Store, config: Config, command: str
) -> Artifact:
    """Make one result, or go on where an earlier attempt stopped. The caller holds the lock.

    Raises:
        DamageError: if an input is not as it was written.
    """
    for artifact in inputs.values():
        artifact.verify()
    origin = {
        "inputs": {
            name: {"fingerprint": found.fingerprint, "digest": found.digest}
            for name, found in inputs.items()
        },
        "code": code_digest(*code_modules(step, config)),
    }
    forced = step.name in config.force
    begun = partial(store.begin, step.name, step.fingerprint, origin, forced=forced)
    folder, resumed, aside = begun()
    if aside:
        why = "half made by other code or inputs, or damaged: set aside"
        say(stage_line(step.name, "anew", step.fingerprint, why))
    attempt = partial(complete, step, inputs, origin, store, config, command)
    if not resumed:
        return attempt(folder, False)
    try:
        return attempt(folder, True)
    except HalfMadeError as damage:
        why = f"{damage}: what was half made is set aside"
        say(stage_line(step.name, "anew", step.fingerprint, why))
        store.set_aside(folder)
        return attempt(begun()[0], False)


def complete(
    step: Step,
    inputs: dict[str, Artifact],
    origin: dict[str, Any],
    store: Store,
    config: Config,
    command: str,
    folder: Path,
    resumed: bool,
) -> Artifact:
    """Run a stage in its folder and finish the result.

    Args:
        origin: inputs and code, as `Store.begin` knows them.
        resumed: the folder has what an earlier attempt left.
    Raises:
        HalfMadeError: if a resume file in the folder is not as it was written.
    """
    identity = step.settings.identity()
    run = tracking.start(
        config.tracker, store.root, step.name, step.fingerprint,
        {"settings": identity, "inputs": origin["inputs"], "model": config.model.name,
         "dataset": config.dataset.name, "seed": config.seed},
    )  # fmt: skip
    context = Context(config.trainer, run, step.fingerprint)
    context.handed |= {name: import_object(path) for name, path in step.stage.handed.items()}
    started = time.monotonic()
    try:
        summary = import_object(step.stage.run)(step.settings, inputs, folder, context)
        seconds = round(time.monotonic() - started, 3)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        torch = sys.modules.get("torch")
        manifest = {
            "stage": step.name,
            "fingerprint": step.fingerprint,
            "version": step.stage.version,
            "settings": identity,
            **origin,
            "summary": summary or {},
            "command": command,
            "resumed": resumed,
            "git": git_state(),
            "versions": versions(),
            "threads": torch.get_num_threads() if torch else 1,
            "seconds": seconds,
            "peak_memory_mb": round(peak / (2**20 if sys.platform == "darwin" else 2**10)),
            "cost_usd": (summary or {}).get("llm", {}).get("cost_usd", 0.0),
        }
        artifact = store.finish(step.name, step.fingerprint, manifest)
        run.finish(artifact.manifest)
    except NotFiniteError as error:
        run.finish()
        raise NotFiniteError(f"{step.name}: {error}") from error
    except BaseException:
        run.finish()
        raise
    state = "resumed" if resumed else "made"
    note = "; ".join(context.notes) or str(artifact.path)
    say(stage_line(step.name, state, step.fingerprint, note, seconds))
    return artifact


def run(config: Config, command: str | None = None) -> Artifact | None:
    """Find or make what is asked for; None after a dry run.

    Args:
        command: which command this is a part of: the jobs of a sweep force a stage that they share
            once. None: a command of its own.
    Raises:
        UserError: on bad input, on a damaged result, on a store that takes no files, without a
            package that is needed, and with `strict=true` on a result that other code made.
    """
    if unknown := set(config.force) - set(stage_names()):
        raise UserError(
            f"force: no stage {sorted(unknown)[0]!r}; stages are {', '.join(stage_names())}"
        )
    command = command or uuid.uuid4().hex
    store, steps = Store(config.store), plan(config)
    there, damaged = show_plan(steps, store, config)
    if damaged:
        whole = "; ".join(damage.what for damage in damaged)
        stages = ",".join(damage.stage for damage in damaged)
        raise UserError(f"{whole}; type force=[{stages}] to make this again")
    found: dict[str, Artifact] = {}
    with in_a_sentence(store):
        if config.dry_run:
            quote(steps, there, store, config)
            return None
        for step in steps:
            inputs = {need: found[need] for need in step.inputs}
            found[step.name] = find_or_make(step, inputs, store, config, command)
            if step.name == "dataset" and any(s.name in ("simulate", "dialogues") for s in steps):
                check_views(found[step.name], config)
        asked = found[steps[-1].name]
        asked.verify()
        return asked


@contextmanager
def in_a_sentence(store: Store) -> Iterator[None]:
    """Within it a place that takes no files and a package that is not installed are one sentence.

    Raises:
        UserError: that sentence.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        sentence = extras.missing(error) if isinstance(error, ImportError) else None
        if sentence := sentence or places.told(error, store.root):
            raise sentence from error
        raise


def find_or_make(
    step: Step, inputs: dict[str, Artifact], store: Store, config: Config, command: str
) -> Artifact:
    """The result if it is there (and not forced), else a new one; says which."""

    def look() -> Artifact | None:
        forced = step.name in config.force
        try:
            artifact = store.find(step.name, step.fingerprint, inputs)
        except DamageError:
            if forced:
                return None
            raise
        if artifact is None or (forced and artifact.manifest.get("command") != command):
            return None
        say(stage_line(step.name, "found", step.fingerprint, str(artifact.path)))
        check_code(step, artifact, config)
        return artifact

    def waiting(holder: str) -> None:
        say(stage_line(step.name, "waits", step.fingerprint, holder))

    if artifact := look():
        return artifact
    with store.lock(step.name, step.fingerprint, waiting):
        # Another process may have made it while this one waited.
        return look() or make(step, inputs, store, config, command)


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


def check_code(step: Step, artifact: Artifact, config: Config) -> None:
    """Say (or, with `strict=true`, refuse) that a found result was made by other code."""
    if artifact.manifest["code"] == code_digest(*code_modules(step, config)):
        return
    text = f"{step.name} {step.fingerprint} was made by other code than today's"
    if config.strict:
        raise UserError(f"strict: {text}; type force=[{step.name}] to make it again")
    say(f"note      {text} (force=[{step.name}] makes it again)")
