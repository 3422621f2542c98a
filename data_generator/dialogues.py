"""Stage `dialogues`: what a simulated user accepts and refuses, attribute by attribute.

Many dialogues at once: what is left of the catalogue is a set of bits a dialogue, and counting an
attribute is a bitwise and (docs/mip_sad.md, section 2).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from crs.console import Context
from crs.data.attribute_dialogues import (
    ATTRIBUTE,
    COLUMNS,
    REFUSED,
    TABLE,
    bit_sets,
    id_lists,
    members_of,
)
from crs.data.attributes import attribute_matrix
from crs.data.popularity import popularity_counts
from crs.data.sequences import Sequences, leave_one_out
from crs.errors import UserError
from crs.stages.dialogues import Dialogues
from crs.store.artifact import Artifact

CHUNK_WORDS = 1 << 22
"""Words of 64 candidates that are compared at once (32 MB)."""
SPLITS = ("train", "valid", "test")


@dataclass
class World:
    """What the simulator knows of the catalogue.

    Attributes:
        lists: attributes of each item, ascending, 0 behind, [N + 1, W].
        owners: the items that have each attribute, sets of bits [attributes + 1, N / 64].
        weight: how likely an item is recommended, as a logarithm, [N + 1].
    """

    lists: np.ndarray
    owners: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, dataset: Artifact) -> "World":
        """Items are recommended in proportion to their training count plus one."""
        matrix = attribute_matrix(dataset)
        counts = popularity_counts(Sequences.of(dataset))
        return cls(
            id_lists(matrix).numpy(),
            bit_sets(matrix.numpy().T > 0),
            np.log1p(counts.numpy()),
        )


def converse(
    target: np.ndarray, world: World, settings: Dialogues, rng: np.random.Generator
) -> pd.DataFrame:
    """One dialogue about each target, turn by turn for all of them together.

    The first attribute is any of the target's. Each further one is, in a share `halving` of the
    turns, the one whose owners come nearest to half of the remaining candidates, else any that is
    left. With probability `refuse` a turn shows `shown` candidates instead, never the target, which
    are refused. A dialogue ends when no more than `shown` candidates remain, the target's
    attributes have all been accepted, or `limit` of them.

    Args:
        target: item ids, [n], of which at least one has an attribute.
    Returns:
        dialogue (row of `target`), turn, kind, attribute, items, remaining; ordered.
    """
    n, items = len(target), len(world.weight) - 1
    owned = world.lists[target]
    left = owned > 0
    candidates = np.repeat(bit_sets(np.arange(items + 1)[None] > 0), n, axis=0)
    remaining, accepted = np.full(n, items), np.zeros(n, dtype=int)
    going, turn, rows = left.any(1), 0, []
    while going.any():
        who, turn = np.flatnonzero(going), turn + 1
        refuses = (turn > 1) & (rng.random(len(who)) < settings.refuse)
        refuses &= remaining[who] > settings.shown
        ask, show = who[~refuses], who[refuses]

        have = np.bitwise_count(candidates[ask, None] & world.owners[owned[ask]]).sum(2, dtype=int)
        off_half = np.abs(2 * have - remaining[ask, None])
        nearest = np.where(left[ask], off_half, 2 * items + 1).argmin(1)
        anyone = np.where(left[ask], rng.random(have.shape), 2.0).argmin(1)
        halves = (turn > 1) & (rng.random(len(ask)) < settings.halving)
        place = np.where(halves, nearest, anyone)
        attribute = owned[ask, place]
        left[ask, place] = False
        candidates[ask] &= world.owners[attribute]
        remaining[ask] = have[np.arange(len(ask)), place]
        accepted[ask] += 1

        # The largest keys of log weight + Gumbel noise are a draw without replacement.
        keys = world.weight + rng.gumbel(size=(len(show), items + 1))
        open_to = members_of(candidates[show], items + 1)
        open_to[np.arange(len(show)), target[show]] = False
        keys[~open_to] = -np.inf
        refused = np.argpartition(-keys, settings.shown - 1, axis=1)[:, : settings.shown]
        gone = np.zeros((len(show), items + 1), dtype=bool)
        np.put_along_axis(gone, refused, True, axis=1)
        candidates[show] &= ~bit_sets(gone)
        remaining[show] -= settings.shown

        for part, kind, what, lists in (
            (ask, ATTRIBUTE, attribute, [[]] * len(ask)),
            (show, REFUSED, 0, refused.tolist()),
        ):
            rows.append(
                pd.DataFrame(
                    {
                        "dialogue": part,
                        "turn": turn,
                        "kind": kind,
                        "attribute": what,
                        "items": pd.Series(lists, dtype=object),
                        "remaining": remaining[part],
                    }
                )
            )
        going[who] = (remaining[who] > settings.shown) & left[who].any(1)
        going &= accepted < settings.limit
    return pd.concat(rows).sort_values(["dialogue", "turn"], ignore_index=True)


def targets_of(sequences: Sequences, split: str, positions: int) -> tuple[np.ndarray, np.ndarray]:
    """The (user, cut) that get a dialogue: in training the last `positions` of each user.

    Every cut is at most that of the split (`leave_one_out`), so no held-out item is a target of
    training, and a training history has at least one item.
    """
    user, cut = (part.numpy() for part in leave_one_out(sequences, split))
    if split != "train":
        return user, cut
    back = np.arange(positions)
    grid = cut[:, None] - back
    kept = grid >= 1
    return np.broadcast_to(user[:, None], grid.shape)[kept], grid[kept]


def before_held_out(user: pd.Series, cut: pd.Series, own: pd.DataFrame) -> pd.Series:
    """Which (user, cut) are before all that a source's own dialogues hold out of that user, so that
    neither target nor history gives one of them away."""
    first = own[own["split"] != "train"].groupby("user")["cut"].min()
    return cut < user.map(first).fillna(np.inf)


def simulated(
    sequences: Sequences,
    split: str,
    world: World,
    settings: Dialogues,
    context: Context,
    own: pd.DataFrame,
) -> Iterator[pd.DataFrame]:
    """The dialogues of a split in parts; each split has random numbers of its own, so that more
    training dialogues leave those of validation and test as they are."""
    user, cut = targets_of(sequences, split, settings.positions)
    if split == "train":
        early = before_held_out(pd.Series(user), pd.Series(cut), own).to_numpy()
        user, cut = user[early], cut[early]
    target = sequences.at(torch.from_numpy(user), torch.from_numpy(cut)).numpy()
    speaks = world.lists[target].any(1)
    user, cut, target = user[speaks], cut[speaks], target[speaks]
    rng = np.random.default_rng([settings.seed, SPLITS.index(split)])
    step = max(1, CHUNK_WORDS // (world.lists.shape[1] * world.owners.shape[1]))
    with context.bar(len(target), label=f"dialogues {split}", unit="dialogue") as bar:
        for first in range(0, len(target), step):
            part = slice(first, first + step)
            turns = converse(target[part], world, settings, rng)
            row = turns["dialogue"].to_numpy() + first
            turns["dialogue"], turns["user"], turns["cut"] = row, user[row], cut[row]
            bar.update(len(target[part]))
            yield turns


def run(
    settings: Dialogues, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `attribute_dialogues.parquet`; a dataset's own dialogues are in it unchanged.

    What the dataset has no dialogues for (always training, for the released LastFM) is simulated.
    """
    dataset = inputs["dataset"]
    sequences, world = Sequences.of(dataset), World.of(dataset)
    own = dataset.load(TABLE) if dataset.summary["dialogues"] else pd.DataFrame(columns=COLUMNS)
    early = before_held_out(own["user"], own["cut"], own) | (own["split"] != "train")
    late, own = own[~early]["dialogue"].nunique(), own[early]
    parts, total = [], 0
    for split in SPLITS:
        given = own[own["split"] == split]
        made = [given] if len(given) else simulated(sequences, split, world, settings, context, own)
        frame = pd.concat([pd.DataFrame(), *made], ignore_index=True)
        if frame.empty:
            raise UserError(
                f"dialogues: no {split} target of dataset={dataset.summary['label']} has an "
                "attribute; use a dataset whose items have some"
            )
        number = frame["dialogue"].factorize()[0]
        parts.append(frame.assign(split=split, dialogue=number + total))
        total += number[-1] + 1
    table = pd.concat(parts, ignore_index=True)[COLUMNS]
    table.to_parquet(folder / TABLE, index=False)
    found = statistics(table) | {
        "own": sorted(own["split"].unique()),
        "late": late,
        "items_without_attributes": int((world.lists[1:] == 0).all(1).sum()),
        "items_beyond_limit": int(((world.lists > 0).sum(1) > settings.limit).sum()),
    }
    context.note(
        f"{total:,} dialogues ({', '.join(f'{found[split]:,} {split}' for split in SPLITS)}), "
        f"{found['attributes']:.1f} attributes and {found['candidates']:.0f} candidates at the "
        f"end; {found['items_without_attributes']:,} items without attributes are no targets, "
        f"{found['items_beyond_limit']:,} have more than dialogues.limit={settings.limit}"
        + f"; {late:,} training dialogues are not before what is held out: left out"
        * bool(late)
    )
    return found


def statistics(table: pd.DataFrame) -> dict[str, Any]:
    """Counts of the table, and what a dialogue has come to at its end."""
    by_dialogue = table.groupby("dialogue")
    last = table.drop_duplicates("dialogue", keep="last")
    asks = table["kind"] == ATTRIBUTE
    return {
        **{str(name): int(count) for name, count in last["split"].value_counts().items()},
        "turns": len(table),
        "refusals": int((~asks).sum()),
        "attributes": float(asks.groupby(table["dialogue"]).sum().mean()),
        "turns_each": float(by_dialogue.size().mean()),
        "candidates": float(last["remaining"].mean()),
    }
