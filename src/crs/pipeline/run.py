"""A command: its plan, carried out."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from crs import extras, places
from crs.config import Config, stage_names
from crs.console import Watch, ignore
from crs.errors import UserError
from crs.pipeline.make import find_or_make
from crs.pipeline.plan import check_views, plan, refuse_damaged, refuse_without_data, show_plan
from crs.pipeline.price import quote
from crs.store.artifact import Artifact
from crs.store.store import Store
from crs.tracking.start import following


def run(
    config: Config,
    command: str | None = None,
    watch: Watch = ignore,
    overrides: list[str] | None = None,
    label: str = "",
) -> Artifact | None:
    """Find or make what is asked for; None after a dry run.

    Args:
        command: which command this is a part of: the jobs of a sweep force a stage that they share
            once. None: a command of its own.
        watch: `crs.console.Context.watch` of the stages that are made.
        overrides: what names the run of a tracker; None: the words of the command line.
        label: begins that name.
    Raises:
        UserError: on bad input, on a damaged result, on a store that takes no files, without a
            package that is needed, and with `strict=true` on a result that other code made.
    """
    check_forced(config)
    command = command or uuid.uuid4().hex
    store, steps = Store(config.store), plan(config)
    seen = show_plan(steps, store, config)
    refuse_damaged(seen.damaged)
    refuse_without_data(seen, config)
    found: dict[str, Artifact] = {}
    with in_a_sentence(store):
        if config.dry_run:
            quote(steps, seen.found, store, config)
            return None
        with following(config, store.root, steps, overrides, label) as tracker:
            for step in steps:
                inputs = {need: found[need] for need in step.inputs}
                found[step.name] = find_or_make(
                    step, inputs, store, config, command, tracker, watch
                )
                if step.name == "dataset" and any(
                    s.name in ("simulate", "dialogues") for s in steps
                ):
                    check_views(found[step.name], config)
            asked = found[steps[-1].name]
            asked.verify()
            return asked


def check_forced(config: Config) -> None:
    """Refuse `force=` of a stage that does not exist.

    Raises:
        UserError: with those that do.
    """
    known = stage_names()
    if unknown := sorted(set(config.force) - set(known)):
        raise UserError(f"force: no stage {unknown[0]!r}; stages are {', '.join(known)}")


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
