"""How time and memory grow with users, items and interactions: the slope in log-log.

    python benchmarks/growth.py

One of the three grows from its smallest size to four times it, the others stay. Measured are the
stage `dataset` (a CSV file with generated numbers is read, filtered to the 5-core, sorted and
numbered, `dataset=custom`), an epoch of the encoder with sampled negatives, and the ranking of 500
cases. Each size runs in a process of its own; memory is its peak less that of the imports. A slope
of 1 is linear growth. The last line is the largest slope of a time.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

SIZES = {"users": 20_000, "items": 20_000, "interactions": 400_000}
"""The smallest; interactions are of all users."""
STEPS = (1, 2, 4)
CASES = 500
WORK = {"dataset": [*SIZES], "epoch": [*SIZES], "ranking": ["items"]}
"""What is measured, and with what it grows."""


def peak() -> float:
    """The largest resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def prepared(folder: Path, users: int, items: int, interactions: int) -> None:
    """A file of interactions, `interactions.csv`."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    user = np.arange(interactions) % users
    # Every item has some interactions, and a few items have most.
    item = np.where(
        rng.random(interactions) < 0.5,
        np.arange(interactions) % items,
        (items * rng.random(interactions) ** 3).astype(int),
    )
    frame = pd.DataFrame({"user": user, "item": item, "timestamp": rng.permutation(interactions)})
    frame.to_csv(folder / "interactions.csv", index=False)


def measure(work: str, folder: Path, users: int, items: int, interactions: int) -> None:
    """Print seconds and MB of one piece of work, as JSON."""
    from data import context, encoder, sequences, settings

    from crs.data import build_dataset
    from crs.evaluation.ranking import ranks
    from crs.threads import use_threads
    from crs.training.loop import fit
    from pre_rec_model.iclrec import ICLRec

    use_threads(1)
    import torch

    if work == "dataset":
        prepared(folder, users, items, interactions)
        own = (f"dataset.path={folder / 'interactions.csv'}", "dataset.duplicates=drop")
        configured = settings("model=popularity", "dataset=custom", *own).dataset
        out = folder / "store" / "dataset" / "x"
        out.mkdir(parents=True)

        def run() -> None:
            build_dataset.run(configured, {}, out, context(1))

    elif work == "epoch":
        words = ("pretrain.loss=sampled_softmax", "pretrain.epochs=1", "pretrain.max_len=20")
        options = settings("model=sasrec", "dataset=ml100k", *words).pretrain
        options = replace(options, dim=16, layers=1, heads=1, batch_size=256)
        data = sequences(users, items, max(6.0, interactions / users), 0.3)
        task = ICLRec(encoder(options, items), options, data)
        task.validate_epoch = lambda: {task.monitor: 0.0}  # type: ignore[method-assign]

        def run() -> None:
            fit(task, "pretrain", options, folder, context(1))

    else:
        table, queries = torch.randn(items + 1, 16), torch.randn(CASES, 16)
        targets = torch.randint(1, items + 1, (CASES,))

        def run() -> None:
            ranks(queries, (table, None), targets, n_items=items)

    before, began = peak(), time.perf_counter()
    run()
    print(json.dumps({"seconds": time.perf_counter() - began, "mb": peak() - before}))


def slope(sizes: list[int], values: list[float]) -> float:
    """Least squares of log value on log size."""
    import numpy as np

    return float(np.polyfit(np.log(sizes), np.log(np.maximum(values, 1e-9)), 1)[0])


def grow(work: str, what: str, quick: bool) -> float:
    """Print a line with the figures of all sizes; returns the slope of the time."""
    sizes, found = [], []
    for step in STEPS:
        shape = {k: v // 20 if quick else v for k, v in SIZES.items()}
        shape[what] *= step
        if what == "users":  # each has as many as before
            shape["interactions"] *= step
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, "--work", work, folder, json.dumps(shape)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        sizes.append(shape[what])
        found.append(json.loads(done.stdout.splitlines()[-1]))
    seconds, memory = ([one[key] for one in found] for key in ("seconds", "mb"))
    steep = slope(sizes, seconds)
    each = zip(sizes, seconds, memory, strict=True)
    line = " ".join(f"{size:>9,}: {took:6.2f} s {mb:5.0f} MB" for size, took, mb in each)
    slopes = f"slope {steep:5.2f} of time, {slope(sizes, memory):5.2f} of memory"
    print(f"{work:<8} {what:<13}{line}   {slopes}", flush=True)
    return steep


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="tiny sizes; slopes mean nothing")
    parser.add_argument("--threads", type=int, default=1, help="always 1")
    parser.add_argument("--work", nargs=3, metavar=("NAME", "FOLDER", "SHAPE"))
    args = parser.parse_args()
    if args.work:
        work, folder, shape = args.work
        measure(work, Path(folder), **json.loads(shape))
        return
    steepest = max(grow(work, what, args.quick) for work, grows in WORK.items() for what in grows)
    print(f"ratio {steepest:.3f}")


if __name__ == "__main__":
    main()
