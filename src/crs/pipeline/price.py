"""What the language model of a plan would cost (`dry_run=true`)."""

import importlib
from dataclasses import replace

from crs.config import Config
from crs.console import say
from crs.pipeline.make import context_of, find_or_make
from crs.pipeline.plan import Step, ancestors
from crs.store.artifact import Artifact
from crs.store.store import Store
from crs.tracking.run import Run

FREE_TO_MAKE = ("dataset", "samples")
"""Stages that a dry run makes to count the requests of those after them."""


FREE = "  price     0 USD: nothing here asks a paid service"


def quote(steps: list[Step], found: dict[str, Artifact], store: Store, config: Config) -> None:
    """Print what the language model would cost."""
    asking = asking_of(steps, found, config)
    if not asking:
        say(FREE)
    for step in asking:
        quote_step(step, step.name, found, store, config)


def asking_of(steps: list[Step], found: dict[str, Artifact], config: Config) -> list[Step]:
    """The steps that would ask a paid service."""
    return [s for s in steps if s.stage.calls_llm(config) and s.name not in found]


def quote_step(
    step: Step, label: str, found: dict[str, Artifact], store: Store, config: Config
) -> None:
    """Print what one step would cost.

    Its requests cannot be counted without the stages before it: where these are cheap they are
    made, else it is said which are missing.

    Args:
        label: what the step is called.
    """
    before, unforced = ancestors(step), replace(config, force=[])  # a plan remakes nothing
    if missing := [name for name in before if name not in found and name not in FREE_TO_MAKE]:
        say(f"  price     {label}: not known before {', '.join(missing)} is made")
        return
    for name, need in before.items():
        inputs = {n: found[n] for n in need.inputs}
        found[name] = found.get(name) or find_or_make(need, inputs, store, unforced, "", Run())
    context = context_of(step, config, Run())
    inputs = {need: found[need] for need in step.inputs}
    folder = store.partial(step.name, step.fingerprint)
    module = importlib.import_module(step.stage.module)
    for line in module.quote(step.settings, inputs, folder, context):
        say(f"  price     {label}: {line}")
