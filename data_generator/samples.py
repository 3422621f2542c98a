"""Stage `samples`: the (user, cut) cases that get a text (LatentCRS, section 2.1)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crs.console import Context
from crs.data.sequences import Sequences, leave_one_out
from crs.errors import UserError
from crs.stages.samples import Samples
from crs.store.artifact import Artifact
from data_generator.processed_files import spoken

MARGIN = 4
"""A random cut leaves at least so many items on both sides."""


def random_cuts(lengths: np.ndarray, shown: int, seed: int) -> np.ndarray:
    """One cut per user into the training pool (all but the last two items).

    The sub-sequence ends before r, uniform in [4, m - 4] for a pool of m items, and its last item
    is the target: the cut is r - 1. Pools of fewer than `shown` / 3 items get none.

    Args:
        lengths: items of each user, [n].
    Returns:
        cuts, [n]; -1 for none.
    """
    pool = lengths - 2
    draw = np.random.default_rng(seed).random(len(lengths))
    end = MARGIN + np.floor(draw * (pool - 2 * MARGIN + 1)).astype(int)
    enough = (pool >= shown / 3) & (pool >= 2 * MARGIN)
    return np.where(enough, end - 1, -1)


def drawn(users: int, settings: Samples) -> np.ndarray:
    """Which of so many validation cases are kept, in their order: `settings.valid`, or all."""
    if settings.valid is None or settings.valid >= users:
        return np.arange(users)
    rng = np.random.default_rng(settings.valid_seed)
    return np.sort(rng.choice(users, settings.valid, replace=False))


def cases(sequences: Sequences, settings: Samples) -> pd.DataFrame:
    """Rows (split, kind, user, cut): training cases by kind, then validation, then test.

    The target is the item at the cut; the user is shown the last `settings.shown` - 1 before it.
    """
    parts = []

    def add(split: str, kind: str, user: np.ndarray, cut: np.ndarray) -> None:
        parts.append(pd.DataFrame({"split": split, "kind": kind, "user": user, "cut": cut}))

    def held_out(split: str) -> tuple[np.ndarray, np.ndarray]:
        user, cut = leave_one_out(sequences, split)
        return user.numpy(), cut.numpy()

    if settings.raw:
        add("train", "raw", *held_out("train"))
    users = sequences.users
    lengths = sequences.lengths(users).numpy()
    for seed in settings.seeds:
        cuts = random_cuts(lengths, settings.shown, seed)
        add("train", str(seed), users.numpy()[cuts >= 0], cuts[cuts >= 0])
    user, cut = held_out("valid")
    chosen = drawn(len(user), settings)
    add("valid", "raw", user[chosen], cut[chosen])
    add("test", "raw", *held_out("test"))
    return pd.concat(parts, ignore_index=True)


def spoken_of(
    dataset: Artifact, settings: Samples, context: Context
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows of `cases` that the files of `settings.path` have a text of, at the files' cuts.

    Returns:
        the rows, and what became of those of the files.
    Raises:
        UserError: as `spoken`, or if a split has no row.
    """
    assert settings.path is not None
    told, keys = spoken(settings.path, dataset, settings.shown), ["split", "kind", "user"]
    asked = cases(Sequences.of(dataset), replace(settings, valid=None))[keys]
    frame = asked.merge(told.cases[[*keys, "cut"]], on=keys)
    counts = told.counts | {
        "of cases that samples does not ask for": len(told.cases) - len(frame),
        "cases without a row": len(asked) - len(frame),
    }
    shown = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    context.note(f"files: {shown}")
    for split in ("train", "valid", "test"):
        if not (frame["split"] == split).any():
            raise UserError(
                f"simulator.path: no row is a {split} case; give a folder with the authors' files "
                "of training (DATASET_combination.jsonl), validation and test"
            )
    valid = np.flatnonzero(frame["split"] == "valid")
    left_out = np.delete(valid, drawn(len(valid), settings))
    return frame.drop(frame.index[left_out]).reset_index(drop=True), counts


def run(
    settings: Samples, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `cases.parquet` (split, kind, user, cut)."""
    dataset, extra = inputs["dataset"], {}
    if settings.path is None:
        frame = cases(Sequences.of(dataset), settings)
    else:
        frame, read = spoken_of(dataset, settings, context)
        extra = {"files": read}
    frame.to_parquet(folder / "cases.parquet", index=False)
    counts = {str(k): int(v) for k, v in frame["split"].value_counts(sort=False).items()}
    context.note(", ".join(f"{count:,} {split}" for split, count in counts.items()))
    return {"cases": len(frame), **counts, "shown": settings.shown, **extra}
