"""Stage `simulate`: what the simulated user of each case says first, and the leak audit."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crs.config import Simulator
from crs.console import Context
from crs.data.sequences import Sequences
from crs.store import Artifact
from data_generator.leaks import leak
from data_generator.rules import Item, Utterance, speak

ATTEMPTS = 5
EXAMPLES = 20


def item_table(dataset: Artifact) -> list[Item]:
    """Items by id; 0 is an empty one."""
    frame = dataset.load("items.parquet")
    columns = (frame[c] for c in ("title", "year", "attributes", "description"))
    return [Item("", None, [])] + [
        Item(title, None if pd.isna(year) else int(year), [int(a) for a in attributes], text)
        for title, year, attributes, text in zip(*columns, strict=True)
    ]


def run(
    settings: Simulator, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `utterances.parquet`: the cases with target, text, attributes, leak and dropped.

    Leaks are counted on what was said first; `on_leak=redo` then asks again, up to five times,
    and drops the case if that does not help. `leaks.parquet` has examples.
    """
    dataset = inputs["dataset"]
    cases = inputs["samples"].load("cases.parquet")
    items, noun = item_table(dataset), dataset.summary["noun"]
    names = ["", *dataset.load("attributes.parquet")["name"]]
    # Attribute names are said as people say them.
    spoken = [name.lower() for name in names]
    sequences = Sequences.of(dataset)
    cases["target"] = sequences.items.numpy()[
        sequences.offsets.numpy()[cases["user"]] + cases["cut"]
    ]
    said: list[Utterance] = []
    first_leaks: list[str | None] = []
    dropped: list[bool] = []
    examples: list[dict[str, Any]] = []
    with context.bar(len(cases), label="simulate", unit="text") as bar:
        columns = cases[["kind", "user", "cut", "target"]]
        for kind, user, cut, target in columns.itertuples(index=False):
            # Two seeded cuts that fall on the same item are two users who word it differently.
            draw = 0 if kind == "raw" else int(kind)
            item, found = items[target], None
            for attempt in range(ATTEMPTS):
                rng = np.random.default_rng([settings.seed, user, cut, draw, attempt])
                utterance = speak(rng, item, spoken, noun, settings.noise)
                found = leak(item.title, utterance.text)
                if attempt == 0:
                    first_leaks.append(found)
                    if found and len(examples) < EXAMPLES:
                        examples.append(
                            {"kind": found, "title": item.title, "text": utterance.text}
                        )
                if found is None or settings.on_leak != "redo":
                    break
            said.append(utterance)
            dropped.append(found is not None and settings.on_leak != "keep")
            bar.update()
    cases["text"] = [utterance.text for utterance in said]
    cases["attributes"] = [utterance.attributes for utterance in said]
    cases["leak"] = pd.array(first_leaks, dtype="string")
    cases["dropped"] = dropped
    cases.to_parquet(folder / "utterances.parquet", index=False)
    table = pd.DataFrame(examples, columns=["kind", "title", "text"])
    table.to_parquet(folder / "leaks.parquet", index=False)
    context.tracker.table("simulate/leaks", table)
    context.tracker.table("simulate/examples", cases[["split", "user", "text"]].head(EXAMPLES))
    shares = {
        f"leak_{kind}": float((cases["leak"] == kind).fillna(False).mean())
        for kind in ("exact", "fuzzy")
    }
    different = int(cases["text"].nunique())
    context.note(
        f"{len(cases):,} texts, {different:,} different; leaks: {shares['leak_exact']:.2%} exact, "
        f"{shares['leak_fuzzy']:.2%} fuzzy, on_leak={settings.on_leak}, {sum(dropped):,} dropped"
    )
    return {
        "texts": len(cases),
        "different": different,
        "mean_words": float(cases["text"].str.split().map(len).mean()),
        **shares,
        "dropped": sum(dropped),
    }
