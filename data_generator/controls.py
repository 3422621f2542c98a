"""Stage `controls`: other texts of the test cases (docs/controls.md)."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from crs.console import Context
from crs.errors import UserError
from crs.stages.controls import (
    HELDOUT,
    NOISE,
    PLOT,
    REFUSALS,
    SLICES,
    ControlTexts,
    phrases_file,
)
from crs.store.artifact import Artifact
from data_generator.heldout import HeldOutUser, Phrases
from data_generator.items import User, item_table
from data_generator.plot import PlotUser
from data_generator.rules import RuleUser
from data_generator.simulate import listened

CASE = ["split", "kind", "user", "cut", "target"]


def users(
    settings: ControlTexts, dataset: Artifact, context: Context
) -> Iterator[tuple[str, User]]:
    """The name of each slice, and who says its texts."""
    simulator = settings.simulator
    if settings.phrases is not None:
        phrases = Phrases.read(phrases_file(settings.phrases))
    for name in settings.controls.texts:
        if name in (HELDOUT, REFUSALS):
            user: User = HeldOutUser(simulator, dataset, context, phrases, name == REFUSALS)
        else:
            user = PlotUser(simulator, dataset, context)
        yield SLICES[name], user
    for level in settings.controls.noise:
        yield f"{NOISE}{level:g}", RuleUser(replace(simulator, noise=level), dataset, context)


def run(
    settings: ControlTexts, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `utterances.parquet`: the test cases of `simulate`, once for each control, with
    control, target, text, attributes, refused, leak and dropped.

    Raises:
        UserError: if words of descriptions are asked for and the data have none, or if no case has
            a text of some sort.
    """
    dataset = inputs["dataset"]
    items = item_table(dataset)
    if PLOT in settings.controls.texts and not any(item.description for item in items):
        raise UserError(
            f"controls.texts: plot needs descriptions of items and {dataset.summary['label']} has "
            "none; type controls=words"
        )
    said = inputs["simulate"].load("utterances.parquet")
    cases = said.loc[(said["split"] == "test") & ~said["dropped"], CASE]
    on_leak = settings.simulator.on_leak
    tables = {
        name: listened(user, cases, items, on_leak, name, may_be_silent=name == SLICES[PLOT])[0]
        for name, user in users(settings, dataset, context)
    }
    for name, part in tables.items():
        if part["dropped"].all():
            raise UserError(f"controls: no test case has a text for {name!r}; leave this out")
    frame = pd.concat([part.assign(control=name) for name, part in tables.items()])
    frame.to_parquet(folder / "utterances.parquet", index=False)
    context.note(f"{len(cases):,} cases, {len(tables)} other texts of each")
    return {
        name: {
            "texts": int((~part["dropped"]).sum()),
            "different": int(part["text"].nunique()),
            "leaks": int(part["leak"].notna().sum()),
        }
        for name, part in tables.items()
    }
