"""One result of a plan: found, resumed or made."""

import resource
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from crs.config import Config
from crs.console import Context, Watch, ignore, say, stage_line
from crs.errors import DamageError, NotFiniteError, PartialResultError, UserError
from crs.pipeline.code_digest import code_digest, code_modules
from crs.pipeline.plan import Step
from crs.pipeline.provenance import git_state, versions
from crs.stages.stage import import_object
from crs.store.artifact import Artifact
from crs.store.store import Store
from crs.threads import use_threads
from crs.tracking.run import Run


def find_or_make(
    step: Step,
    inputs: dict[str, Artifact],
    store: Store,
    config: Config,
    command: str,
    tracker: Run,
    watch: Watch = ignore,
) -> Artifact:
    """The result if it exists (and is not forced), else a new one; prints which."""

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
        tracker.result(step.stage, artifact, found=True)
        return artifact

    def waiting(holder: str) -> None:
        say(stage_line(step.name, "waits", step.fingerprint, holder))

    tracker.begin(step.stage)
    if artifact := look():
        return artifact
    with store.lock(step.name, step.fingerprint, waiting):
        # Another process may have made it while this one waited.
        return look() or make(step, inputs, store, config, command, tracker, watch)


def make(
    step: Step,
    inputs: dict[str, Artifact],
    store: Store,
    config: Config,
    command: str,
    tracker: Run,
    watch: Watch = ignore,
) -> Artifact:
    """Make one result, or resume an earlier attempt. The caller holds the lock.

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
        why = "the partial result is of other code or inputs, or damaged: set aside"
        say(stage_line(step.name, "restarted", step.fingerprint, why))
    attempt = partial(complete, step, inputs, origin, store, config, command, tracker, watch)
    if not resumed:
        return attempt(folder, False)
    try:
        return attempt(folder, True)
    except PartialResultError as damage:
        why = f"{damage}: the partial result is set aside"
        say(stage_line(step.name, "restarted", step.fingerprint, why))
        store.set_aside(folder)
        return attempt(begun()[0], False)


def context_of(step: Step, config: Config, tracker: Run, watch: Watch = ignore) -> Context:
    """How the stage of a step runs, with the functions that it is handed."""
    handed = {name: import_object(path) for name, path in step.stage.handed.items()}
    return Context(
        config.trainer, tracker, step.fingerprint, handed=handed, watch=watch, engine=config.engine
    )


def complete(
    step: Step,
    inputs: dict[str, Artifact],
    origin: dict[str, Any],
    store: Store,
    config: Config,
    command: str,
    tracker: Run,
    watch: Watch,
    folder: Path,
    resumed: bool,
) -> Artifact:
    """Run a stage in its folder and finish the result.

    Args:
        origin: inputs and code, as `Store.begin` knows them.
        resumed: the folder has what an earlier attempt left.
    Raises:
        PartialResultError: if a resume file in the folder is not as it was written.
    """
    from crs.training.devices import check

    identity = step.settings.identity()
    context = context_of(step, config, tracker, watch)
    started = time.monotonic()
    try:
        check(config.trainer)
        threads = use_threads(config.trainer.threads)
        summary = import_object(step.stage.run)(step.settings, inputs, folder, context)
        seconds = round(time.monotonic() - started, 3)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
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
            "threads": threads,
            "devices": config.trainer.devices,
            "nodes": config.trainer.nodes,
            "engine": config.engine.name,
            "processes": config.engine.processes,
            "seconds": seconds,
            "peak_memory_mb": round(peak / (2**20 if sys.platform == "darwin" else 2**10)),
            "cost_usd": (summary or {}).get("llm", {}).get("cost_usd", 0.0),
        }
        artifact = store.finish(step.name, step.fingerprint, manifest)
    except NotFiniteError as error:
        raise NotFiniteError(f"{step.name}: {error}") from error
    finally:
        context.close()
    tracker.result(step.stage, artifact, found=False)
    state = "resumed" if resumed else "made"
    note = "; ".join(context.notes) or str(artifact.path)
    say(stage_line(step.name, state, step.fingerprint, note, seconds))
    return artifact


def check_code(step: Step, artifact: Artifact, config: Config) -> None:
    """Say (or, with `strict=true`, refuse) that a found result was made by other code."""
    if artifact.manifest["code"] == code_digest(*code_modules(step, config)):
        return
    text = f"{step.name} {step.fingerprint} was made by other code than today's"
    if config.strict:
        raise UserError(f"strict: {text}; type force=[{step.name}] to make it again")
    say(f"note      {text} (force=[{step.name}] makes it again)")
