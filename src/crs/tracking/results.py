"""What a result shows in a run: the epochs of its phases, its summary, its tables and pictures.

All is read from the result's files, so that a result that was found shows what a new one does.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crs.evaluation.charts import SUCCESS, TURN
from crs.evaluation.results import PARQUET
from crs.stages.stage import Stage
from crs.store.artifact import Artifact
from crs.store.epochs import counted

if TYPE_CHECKING:
    import pandas as pd

DIALOGUES = "dialogues.parquet"
ROWS, EXAMPLES, CASES = 5_000, 200, 20
"""As many rows of the results are recorded, and of another table; of dialogues the first cases.
A row costs W&B 0.2 ms."""


def summary(artifact: Artifact) -> dict[str, Any]:
    """Its figures under the stage's name, and those of the model's own scorer by split."""
    stage, manifest = artifact.stage, artifact.manifest
    found = {f"{stage}/{name}": value for name, value in counted(artifact.summary).items()}
    found[f"{stage}/seconds"] = manifest["seconds"]
    if answers := artifact.summary.get("answers"):
        leaks = artifact.summary["leak_exact"] + artifact.summary["leak_fuzzy"]
        found[f"{stage}/leak_rate"] = leaks / answers
    if scorer := artifact.summary.get("default_scorer"):
        long = main_rows(artifact)
        own = long[(long["scorer"] == scorer) & (long["slice"] == "all")]
        for split, metric, k, value in own[["split", "metric", "k", "value"]].itertuples(
            index=False
        ):
            found[f"{split}/{metric}@{k}"] = value
    return found


def main_rows(artifact: Artifact) -> "pd.DataFrame":
    """A result's long table, less a second protocol's rows."""
    long = artifact.load(PARQUET)
    return long[long["protocol"] == long["protocol"].iloc[0]]


def turns(artifact: Artifact) -> Iterator[dict[str, float]]:
    """Of dialogues: the share that succeeded by each turn, by scorer, and of texts that leak."""
    if not {DIALOGUES, PARQUET} <= set(artifact.manifest["files"]):  # a dataset has dialogues alone
        return
    long, log = artifact.load(PARQUET), artifact.load(DIALOGUES)
    leaks = log["leak"].notna().groupby(log["turn"]).mean()
    rows = long[(long["metric"] == SUCCESS) & long["slice"].str.startswith(TURN)]
    for part, one in rows.groupby("slice", sort=False):
        shares = {
            f"{SUCCESS}/{name}": v for name, v in zip(one["scorer"], one["value"], strict=True)
        }
        turn = int(str(part).removeprefix(TURN))
        yield {"turn": turn, **shares} | ({"leak_rate": leaks[turn]} if turn in leaks else {})


def wide(long: "pd.DataFrame") -> "pd.DataFrame":
    """One row a scorer and split over all cases, a column a figure; numbers, no texts."""
    part = long[long["slice"] == "all"]
    keys = ["split", "scorer", "sees"]
    # A metric of lists may be defined for some of the cases alone.
    cases = part.groupby(keys)["cases"].transform("max")
    part = part.assign(figure=part["metric"] + "@" + part["k"].astype(str), cases=cases)
    return part.pivot_table("value", [*keys, "cases"], "figure", sort=False).reset_index()


def media(stage: Stage, artifact: Artifact) -> dict[str, Any]:
    """Tables, charts and pictures, by name."""
    import numpy as np
    import wandb

    shown: dict[str, Any] = {}
    files = artifact.manifest["files"]
    if PARQUET in files:
        long = artifact.load(PARQUET)
        shown["results"] = wandb.Table(dataframe=long.head(ROWS))
        shown["scorers"] = wandb.Table(dataframe=wide(main_rows(artifact)))
    for name, columns in stage.tables.items():
        if name in files and name.endswith(".npy"):
            counts = Counter(np.asarray(artifact.load(name)).tolist())
            value, count = columns
            rows: list[Any] = [[str(number), times] for number, times in sorted(counts.items())]
            table = wandb.Table(columns=[value, count], data=rows)
            shown[value] = wandb.plot.bar(table, value, count, title=f"{count} by {value}")
        elif name in files:
            frame = artifact.load(name)[list(columns)]
            some = frame[frame["case"] < CASES] if name == DIALOGUES else frame.head(EXAMPLES)
            if len(some):
                shown[name.removesuffix(".parquet")] = wandb.Table(dataframe=some)
    for name in files:
        if name.endswith(".png"):
            shown[name.removesuffix(".png")] = wandb.Image(str(artifact.path / name))
    return shown
