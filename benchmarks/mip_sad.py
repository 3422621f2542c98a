"""One MIP + SAD step with everything, over the bare forward and backward of its tensors.

    python benchmarks/mip_sad.py

Everything: windows, masks, attributes, substitutes, negatives of the generator, recording, the
optimiser. Bare: losses and gradients of the same batches, for which all of that was
drawn before. Histories of 50 items, a catalogue of LastFM's size, settings of `model=mip_sad`.
Before that: the seconds of a batch of 256, and attribute dialogues a second on a catalogue of
MovieLens-1M's size.
"""

import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from data import context, encoder, sequences, settings
from measure import Times, options, parsed, report
from torch import Tensor

from crs.config import Config
from crs.data.attribute_dialogues import Turns, bit_sets, id_lists
from crs.data.cases import ASKED, Cases
from crs.models.mip_sad.networks import MIPSAD
from crs.models.mip_sad.training import WarmUp
from crs.training.loop import fit
from data_generator.dialogues import World, converse

ATTRIBUTES = 71
GENRES = 18


def owners(items: int, attributes: int, mean: float) -> Tensor:
    """Which item has which attribute, at least one each, popular ones first."""
    share = (1 / torch.arange(1.0, attributes + 1)).clamp_max(mean / 4)
    matrix = (torch.rand(items + 1, attributes + 1) < torch.cat([torch.zeros(1), share])).float()
    matrix[1:, 1] = torch.where(matrix[1:].sum(1) == 0, 1.0, matrix[1:, 1])
    matrix[0] = 0.0
    return matrix


class Clocked(WarmUp):
    """Epochs of a few steps, each timed, and then the same number of steps bare."""

    batch_size: int
    times: Times

    def start_epoch(self, epoch: int) -> None:
        """Start the clock."""
        super().start_epoch(epoch)
        self.began = time.perf_counter()

    def validate_epoch(self) -> dict[str, float]:
        """Stop it, and run the bare steps; called once before the first epoch, too."""
        if self.recorded:
            self.times["step"].append(time.perf_counter() - self.began)
            self.bare()
        return {"ndcg@10": 0.0}

    def bare(self) -> None:
        """Forward and backward of what is drawn before the clock starts."""
        self.train()
        assert self.generator is not None
        self.generator.eval()
        numbers = torch.randperm(self.cases()).split(self.batch_size)
        batches = [self.draw(self.batch(number), self.taken(number)) for number in numbers]
        began = time.perf_counter()
        for slots in batches:
            self.zero_grad()
            self.loss(slots).backward()
        self.times["bare"].append(time.perf_counter() - began)


def training(config: Config, users: int, items: int) -> Clocked:
    """One window of 50 items for each user; nothing is validated."""
    data = sequences(users, items, 80.0, 0.2)
    user = data.users
    cut = data.lengths(user) - 3
    none = torch.zeros(users, 1, dtype=torch.long)
    turns = Turns(user, cut, user, none, none, torch.arange(users), none[:, 0], none[:, 0])
    towers = config.towers
    model = MIPSAD(items, ATTRIBUTES, **towers.identity())
    valid = Cases(data, user[:0], cut[:0], known=torch.zeros(0, 2), dialogue={ASKED: none[:0]})
    return Clocked(
        model, config.tasks, data, turns, valid, id_lists(owners(items, ATTRIBUTES, 4.6)),
        ATTRIBUTES, encoder(config.pretrain, items).requires_grad_(False),
    )  # fmt: skip


def dialogues_a_second(config: Config, items: int, count: int, runs: int) -> float:
    """Median over runs of simulated attribute dialogues a second."""
    matrix, rng = owners(items, GENRES, 1.7), np.random.default_rng(0)
    world = World(id_lists(matrix).numpy(), bit_sets(matrix.numpy().T > 0), np.zeros(items + 1))
    rates = []
    for _ in range(runs):
        target, began = rng.integers(1, items + 1, count), time.perf_counter()
        converse(target, world, config.dialogues, rng)
        rates.append(count / (time.perf_counter() - began))
    return statistics.median(rates)


def main() -> None:
    args = parsed(options(__doc__, runs=7))
    torch.manual_seed(0)
    config = settings("model=mip_sad", "dataset=lastfm")
    users, items, steps = (64, 300, 2) if args.quick else (1024, 1921, 4)
    batch = users // steps
    rate = dialogues_a_second(config, 3382, 200 if args.quick else 10_000, args.runs)
    warmup = replace(config.warmup, epochs=args.runs, patience=args.runs, batch_size=batch)
    module = training(config, users, items)
    module.batch_size, module.times = batch, {"step": [], "bare": []}
    with tempfile.TemporaryDirectory() as folder:
        fit(module, "warmup", warmup, Path(folder), context(args.threads))
    print(f"{rate:,.0f} attribute dialogues a second")
    print(f"batches of {batch} histories of {config.towers.max_len} items, seconds each")
    report(module.times, args.threads, unit=steps)


if __name__ == "__main__":
    main()
