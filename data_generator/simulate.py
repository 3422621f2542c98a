"""Stage `simulate`: what the simulated user of each case says first, and the leak audit."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crs.console import Context
from crs.data.sequences import Sequences
from crs.errors import UserError
from crs.stages.simulate import Simulate
from crs.store.artifact import Artifact
from data_generator.items import Item, User, Utterance, item_table
from data_generator.leaks import leak

ATTEMPTS = 5
EXAMPLES = 20
MOST_SILENT = 0.05
"""A larger share of cases without an utterance is no result."""


def cases_of(inputs: dict[str, Artifact]) -> pd.DataFrame:
    """The cases with their targets: split, kind, user, cut, target."""
    cases, sequences = inputs["samples"].load("cases.parquet"), Sequences.of(inputs["dataset"])
    cases["target"] = sequences.items.numpy()[
        sequences.offsets.numpy()[cases["user"]] + cases["cut"]
    ]
    return cases


def user_of(
    settings: Simulate, inputs: dict[str, Artifact], folder: Path, context: Context
) -> User:
    """The user that `simulator.kind` names; its module is found by name, as a reader's is."""
    module = import_module(f"data_generator.{settings.simulator.kind}")
    return module.user(settings, inputs, folder, context)


def quote(
    settings: Simulate, inputs: dict[str, Artifact], folder: Path, context: Context
) -> list[str]:
    """What the stage would cost, for `dry_run=true`: nothing is asked."""
    return user_of(settings, inputs, folder, context).quote(cases_of(inputs))


def run(
    settings: Simulate, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `utterances.parquet`: the cases with target, text, attributes, leak and dropped.

    Leaks are counted on what was said first; `on_leak=redo` then asks again, up to five times,
    and drops the case if that does not help. `leaks.parquet` has examples. A case whose user said
    nothing is dropped.

    Raises:
        UserError: if more than a twentieth of the users said nothing.
    """
    on_leak = settings.simulator.on_leak
    user = user_of(settings, inputs, folder, context)
    cases, examples = listened(
        user, cases_of(inputs), item_table(inputs["dataset"]), on_leak, settings.simulator.kind
    )
    cases.drop(columns="refused").to_parquet(folder / "utterances.parquet", index=False)
    examples.to_parquet(folder / "leaks.parquet", index=False)
    shares = {
        f"leak_{kind}": float((cases["leak"] == kind).fillna(False).mean())
        for kind in ("exact", "fuzzy")
    }
    different, dropped = int(cases["text"].nunique()), int(cases["dropped"].sum())
    context.note(
        f"{len(cases):,} texts, {different:,} different; leaks: {shares['leak_exact']:.2%} exact, "
        f"{shares['leak_fuzzy']:.2%} fuzzy, on_leak={on_leak}, {dropped:,} dropped"
    )
    return {
        "texts": len(cases),
        "different": different,
        "mean_words": float(cases["text"].str.split().map(len).mean()),
        **shares,
        "dropped": dropped,
        **user.close(),
    }


def listened(
    user: User,
    cases: pd.DataFrame,
    items: list[Item],
    on_leak: str,
    kind: str,
    may_be_silent: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The cases with text, attributes, refused, leak and dropped, and examples of leaks.

    Args:
        kind: what the user is called where too many said nothing.
        may_be_silent: as many as there are may say nothing.
    """
    titles = [items[target].title for target in cases["target"]]
    said: dict[int, Utterance] = {}
    leaks: dict[int, str | None] = {}
    first_leaks: dict[int, str | None] = {}
    asked = list(range(len(cases)))
    for attempt in range(ATTEMPTS):
        said |= dict(zip(asked, user.say(cases.iloc[asked], attempt), strict=True))
        leaks |= {i: leak(titles[i], said[i].text) for i in asked}
        if attempt == 0:
            first_leaks = dict(leaks)
            examples = [
                {"kind": leaks[i], "title": titles[i], "text": said[i].text}
                for i in asked
                if leaks[i]
            ][:EXAMPLES]
            if not may_be_silent:
                refuse_silence(list(said.values()), kind, user.advice)
        asked = [i for i in asked if leaks[i]]
        if on_leak != "redo" or not asked:
            break
    order, cases = range(len(cases)), cases.copy()
    cases["text"] = [said[i].text for i in order]
    cases["attributes"] = [said[i].attributes for i in order]
    cases["refused"] = [said[i].refused for i in order]
    cases["leak"] = pd.array([first_leaks[i] for i in order], dtype="string")
    silent = np.array([said[i].text == "" for i in order])
    named = np.array([leaks[i] is not None for i in order])
    cases["dropped"] = silent | (named & (on_leak != "keep"))
    return cases, pd.DataFrame(examples, columns=["kind", "title", "text"])


def refuse_silence(said: list[Utterance], kind: str, advice: str) -> None:
    """Raises UserError if too many users said nothing, with the reason of the first."""
    silent = [utterance for utterance in said if not utterance.text]
    if len(silent) > MOST_SILENT * len(said):
        raise UserError(
            f"simulator={kind}: {len(silent):,} of {len(said):,} requests got no utterance (the "
            f"first: {silent[0].silence or 'an empty one'}); {advice}"
        )
