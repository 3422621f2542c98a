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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from crs import config as c
from crs import extras, places, tracking
from crs.closure import code_digest, source_of
from crs.console import Context, say, stage_line
from crs.errors import DamageError, HalfMadeError, NotFiniteError, UserError
from crs.handed import ENCODER, USER, reach
from crs.store import Artifact, Store, fingerprint

LIBRARIES = (
    "torch lightning-fabric faiss-cpu numpy pandas sentence-transformers transformers openai "
    "google-genai wandb"
).split()
CHEAP = ("dataset", "samples")
"""Stages that a dry run makes to count the requests of those after them."""
WITH = {
    "attributes": (
        "ml100k", "ml1m", "lastfm", "cds", "video_games", "tiny",
        *(f"{name} with dataset.items=FILE" for name in (
            "beauty", "sports", "toys", "yelp", "custom", "recbole")),
    ),
    "responses": ("inspired", "redial", "tgredial"),
}  # fmt: skip
"""Datasets that have a view which others lack."""


@dataclass(frozen=True)
class Stage:
    """How one kind of result is made."""

    target: str
    """`package.module` whose `run` makes it; `{model}` stands for the model's name."""
    version: int
    """Raised when the same settings begin to give another result."""
    settings: Callable[[c.Config], c.Settings]
    needs: Callable[[c.Config], list[str]]
    about: str
    handed: dict[str, str] = field(default_factory=dict)
    """Functions of other stages' packages that it is handed, by name (crs.handed)."""
    asks: Callable[[c.Config], bool] = lambda x: False
    """Whether it asks a language model; then its module has `quote`, for `dry_run=true`."""


MODEL_SETTINGS: dict[tuple[str, str], Callable[[c.Config], c.Settings]] = {
    ("latentcrs", "train"): lambda x: c.Latent(x.train, x.em),
    ("c2crs", "warmup"): lambda x: c.Aligned(x.warmup, x.c2crs),
    ("c2crs", "train"): lambda x: c.Recommending(x.train, x.c2crs, x.model.views, x.checkpoint),
    ("c2crs", "direct"): lambda x: c.Recommending(x.train, x.c2crs, x.model.views),
    ("c2crs", "converse"): lambda x: c.Conversing(x.converse, x.c2crs, x.model.fill_items),
    ("latentcrs", "direct"): lambda x: c.Fused(
        x.train, x.em.dropout, x.em.text_hidden, x.em.hidden
    ),
    ("mip_sad", "warmup"): lambda x: c.WarmedUp(x.warmup, x.towers, x.tasks),
    ("mip_sad", "train"): lambda x: c.Tuned(x.train, x.towers, x.tuning, x.checkpoint),
    ("mip_sad", "alone"): lambda x: c.Tuned(x.train, x.towers, x.tuning),
}
"""Settings of a model's own stages, by model and stage."""


def own_dialogues(config: c.Config) -> bool:
    """Whether the data set brings attribute dialogues: their turns are the cases then."""
    return any(source.dialogues for source in config.dataset.editions())


def needs_of_evaluation(config: c.Config) -> list[str]:
    """What the scorers read; a dataset with dialogues of its own needs no simulated texts."""
    texts = {"samples", "simulate"} if own_dialogues(config) else set()
    return [name for name in config.model.needs.evaluate if name not in texts]


STAGES: dict[str, Stage] = {
    "dataset": Stage(
        "crs.data.build_dataset", 1, lambda x: x.dataset, lambda x: [],
        "raw data to canonical tables",
    ),
    "pretrain": Stage(
        "pre_rec_model.pretrain", 1, lambda x: x.pretrain, lambda x: ["dataset"],
        "the sequence encoder",
    ),
    "intents": Stage(
        "pre_rec_model.intents", 1, lambda x: x.intents, lambda x: ["pretrain"],
        "k-means over user states",
    ),
    "samples": Stage(
        "data_generator.samples", 1, lambda x: x.samples, lambda x: ["dataset"],
        "the cases that get a text",
    ),
    "simulate": Stage(
        "data_generator.simulate", 1, lambda x: c.Simulate(x.simulator, x.llm),
        lambda x: ["dataset", "samples"], "what the simulated users say",
        asks=lambda x: x.simulator.kind == "llm",
    ),
    "embed": Stage(
        "text2embedding.embed", 1, lambda x: x.embedder, lambda x: ["simulate"],
        "texts to vectors",
    ),
    "graph": Stage(
        "data_generator.graph", 1, lambda x: x.graph, lambda x: ["dataset"],
        "the knowledge graph as typed edges",
    ),
    "contexts": Stage(
        "data_generator.contexts", 2, lambda x: x.contexts,
        lambda x: ["dataset", "graph", "samples", "simulate"],
        "what was said before each response, as tensors",
    ),
    "dialogues": Stage(
        "data_generator.dialogues", 1, lambda x: x.dialogues, lambda x: ["dataset"],
        "what users accept, attribute by attribute",
    ),
    "warmup": Stage(
        "crs.models.{model}.warmup", 2, lambda x: MODEL_SETTINGS[x.model.name, "warmup"](x),
        lambda x: list(x.model.needs.warmup), "the model's own pre-training",
    ),
    "train": Stage(
        "crs.models.{model}.train", 1, lambda x: MODEL_SETTINGS[x.model.name, "train"](x),
        lambda x: list(x.model.needs.restore if x.checkpoint else x.model.needs.train),
        "the model itself",
    ),
    "alone": Stage(
        "crs.models.{model}.alone", 1, lambda x: MODEL_SETTINGS[x.model.name, "alone"](x),
        lambda x: list(x.model.needs.alone), "each tower by itself",
    ),
    "direct": Stage(
        "crs.models.{model}.direct", 1, lambda x: MODEL_SETTINGS[x.model.name, "direct"](x),
        lambda x: list(x.model.needs.direct), "the same network without what the model is about",
    ),
    "converse": Stage(
        "crs.models.{model}.converse", 1, lambda x: MODEL_SETTINGS[x.model.name, "converse"](x),
        lambda x: list(x.model.needs.converse), "responses, and their scores below the ranking's",
    ),
    "evaluate": Stage(
        "crs.evaluation.evaluate", 2, lambda x: c.Evaluate(x.model.name, x.seed, x.evaluation),
        needs_of_evaluation, "ranks, metrics and their intervals",
    ),
    "multi_turn": Stage(
        "multi_turn.dialogues", 1,
        lambda x: c.Talks(x.model.name, x.seed, x.multi_turn, c.Simulate(x.simulator, x.llm),
                          x.llm if x.multi_turn.understanding == "llm" else None,
                          x.embedder if "embed" in x.model.needs.evaluate else None),
        lambda x: list(dict.fromkeys(["dataset", "samples", "simulate", *x.model.needs.evaluate])),
        "dialogues with the simulated user", {"encoder": ENCODER, "user": USER},
        lambda x: "llm" in (x.simulator.kind, x.multi_turn.understanding),
    ),
}  # fmt: skip


@dataclass
class Step:
    """One stage of a plan."""

    name: str
    stage: Stage
    target: str
    settings: c.Settings
    inputs: dict[str, "Step"]
    fingerprint: str


def needs(stage: Stage, config: c.Config) -> list[str]:
    """The stages that a stage reads.

    Dialogues that people had need none that are simulated; weights that are given are not compared
    with a training of ours.
    """
    without = {"samples", "simulate"} if config.dataset.conversations else set()
    without |= {"direct", "alone"} if config.checkpoint else set()
    return [name for name in stage.needs(config) if name not in without]


def plan(config: c.Config) -> list[Step]:
    """The stages that `config.stage.name` stands on, in the order in which they are made.

    Raises:
        UserError: if the model has no such stage, or the data have not what it learns from.
    """
    steps: dict[str, Step] = {}

    def add(name: str) -> Step:
        if name not in steps:
            stage = STAGES[name]
            inputs = {need: add(need) for need in needs(stage, config)}
            settings = stage.settings(config)
            target = stage.target.format(model=config.model.name)
            names = {need: step.fingerprint for need, step in inputs.items()}
            # A stage that is a model's own is named after it: two models may have like settings.
            owner = f"{name}/{config.model.name}" if target != stage.target else name
            mark = fingerprint(owner, stage.version, settings.identity(), names)
            steps[name] = Step(name, stage, target, settings, inputs, mark)
        return steps[name]

    goal = config.stage.name
    if "{model}" in STAGES[goal].target and (config.model.name, goal) not in MODEL_SETTINGS:
        raise UserError(
            f"stage={goal}: model={config.model.name} has no such stage; type stage=pretrain or "
            "stage=evaluate"
        )
    read = config.model.needs.evaluate
    able = goal != "multi_turn" and ("contexts" in read or read == ["dataset"])
    if config.dataset.conversations and not able:
        raise UserError(
            f"model={config.model.name} stage={goal} learns from users' histories, and dataset="
            f"{config.dataset.name} has dialogues; type model=c2crs or model=popularity"
        )
    if goal == "converse" and not config.dataset.conversations:
        raise UserError(
            f"stage=converse: dataset={config.dataset.name} has requests and no responses to learn "
            f"from. Datasets that have them: {', '.join(WITH['responses'])}"
        )
    if goal == "evaluate" and own_dialogues(config) and {"embed", "contexts"} & set(read):
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


def code_modules(step: Step, config: c.Config) -> list[str]:
    """The modules whose code makes this step's result."""
    modules = [step.target, *(path.partition(":")[0] for path in step.stage.handed.values())]
    if step.name in ("evaluate", "multi_turn"):
        modules.append(f"crs.models.{config.model.name}")
    if step.name == "simulate":
        modules.append(f"data_generator.{config.simulator.kind}")
    if step.name == "embed" or (step.name == "multi_turn" and "embed" in step.inputs):
        modules.append(f"text2embedding.{config.embedder.kind}")
    if step.name == "dataset":
        readers = (source.reader.partition(":")[0] for source in config.dataset.sources)
        modules += [reader for reader in readers if source_of(reader)]
    if step.name == "graph" and config.graph.mirror:
        modules.append(config.graph.mirror.reader.partition(":")[0])
    return modules


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
    steps: list[Step], store: Store, config: c.Config
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


def quote(steps: list[Step], found: dict[str, Artifact], store: Store, config: c.Config) -> None:
    """Print what the language model would cost.

    Its requests cannot be counted without the stages before it: where these are cheap they are
    made, else it is said which are missing.
    """
    asking = [s for s in steps if s.stage.asks(config) and s.name not in found]
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
        module = importlib.import_module(step.target)
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
    step: Step, inputs: dict[str, Artifact], store: Store, config: c.Config, command: str
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
    config: c.Config,
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
    context.handed |= {name: reach(path) for name, path in step.stage.handed.items()}
    started = time.monotonic()
    try:
        summary = importlib.import_module(step.target).run(step.settings, inputs, folder, context)
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


def run(config: c.Config, command: str | None = None) -> Artifact | None:
    """Find or make what is asked for; None after a dry run.

    Args:
        command: which command this is a part of: the jobs of a sweep force a stage that they share
            once. None: a command of its own.
    Raises:
        UserError: on bad input, on a damaged result, on a store that takes no files, without a
            package that is needed, and with `strict=true` on a result that other code made.
    """
    if unknown := set(config.force) - set(STAGES):
        raise UserError(f"force: no stage {sorted(unknown)[0]!r}; stages are {', '.join(STAGES)}")
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
    step: Step, inputs: dict[str, Artifact], store: Store, config: c.Config, command: str
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


def check_views(dataset: Artifact, config: c.Config) -> None:
    """Refuse a dataset that lacks what is looked at, before anything costly runs.

    Raises:
        UserError: with the missing view and the datasets that have it.
    """
    needed = dict.fromkeys(config.model.requires, f"model={config.model.name}")
    if config.stage.name == "multi_turn":  # what the users ask for
        needed.setdefault("attributes", "stage=multi_turn")
    for view, who in needed.items():
        if not dataset.summary[view]:
            raise UserError(
                f"{who} needs item {view} and dataset={config.dataset.name} "
                f"has none. Datasets that have them: {', '.join(WITH[view])}"
            )


def check_code(step: Step, artifact: Artifact, config: c.Config) -> None:
    """Say (or, with `strict=true`, refuse) that a found result was made by other code."""
    if artifact.manifest["code"] == code_digest(*code_modules(step, config)):
        return
    text = f"{step.name} {step.fingerprint} was made by other code than today's"
    if config.strict:
        raise UserError(f"strict: {text}; type force=[{step.name}] to make it again")
    say(f"note      {text} (force=[{step.name}] makes it again)")
