"""Resident memory after each epoch of the encoder's training, for as long as it runs.

    python benchmarks/training_memory.py

Generated users and items as many as MovieLens-100K's, settings of `model=sasrec dataset=ml100k`
without early stopping; evaluation after each epoch, as always. `--keep` leaves what an epoch freed
to the heap, as before `crs.training.memory`. Prints every fifth epoch, seconds of an epoch
(median), and last the memory of the last epoch over that of the fifth.
"""

import itertools
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from data import context, encoder, sequences, settings
from measure import options, parsed

from crs.training import loop
from pre_rec_model.iclrec import ICLRec

USERS, ITEMS, MEAN, SPREAD = 938, 1_447, 59.0, 0.9


def resident() -> float:
    """Memory of this process that is in use now, in MB (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


class Watched(ICLRec):
    """Notes the clock and the memory at the start of each epoch."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.found: list[tuple[float, float]] = []

    def start_epoch(self, epoch: int) -> None:
        """Note both."""
        super().start_epoch(epoch)
        self.found.append((time.perf_counter(), resident()))


def main() -> None:
    parser = options(__doc__, runs=1)
    parser.add_argument("--epochs", type=int, default=60, help="default 60")
    parser.add_argument("--keep", action="store_true", help="give nothing back")
    args = parsed(parser)
    if args.keep:
        loop.give_back = lambda: None
    epochs = 7 if args.quick else args.epochs
    configured = settings("model=sasrec", "dataset=ml100k").pretrain
    configured = replace(configured, epochs=epochs, patience=epochs)
    torch.manual_seed(0)
    users = 60 if args.quick else USERS
    task = Watched(encoder(configured, ITEMS), configured, sequences(users, ITEMS, MEAN, SPREAD))
    with tempfile.TemporaryDirectory() as folder:
        loop.fit(task, "pretrain", configured, Path(folder), context(args.threads))
    clock, memory = zip(*task.found, strict=True)
    for epoch in range(5, len(memory), 5):
        print(f"after {epoch:>3} epochs   {memory[epoch]:.0f} MB")
    took = [after - before for before, after in itertools.pairwise(clock)]
    print(f"an epoch takes {statistics.median(took):.2f} s; {args.threads} threads")
    print(f"ratio {memory[-1] / memory[5]:.3f}")


if __name__ == "__main__":
    main()
