"""One training step of ICLRec with everything, over the bare forward and backward of its tensors.

    python benchmarks/iclrec_step.py

Everything: batches, windows, augmentation, recording, the optimiser. Bare: losses and
gradients of the same batches, whose windows and views are there already. Generated users and
items as many as Beauty's, settings of `model=iclrec dataset=beauty`.
"""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from data import context, encoder, sequences, settings
from measure import Times, options, parsed, report
from torch import Tensor

from crs.training.loop import fit
from pre_rec_model.iclrec import ICLRec


class Clocked(ICLRec):
    """Epochs of a few steps, each timed, and then the same number of steps bare."""

    steps: int
    times: Times

    def cases(self) -> int:
        """As many as make the steps."""
        return self.steps * self.options.batch_size

    def start_epoch(self, epoch: int) -> None:
        """Fit the clusters, which is no part of a step; then start the clock."""
        super().start_epoch(epoch)
        self.began = time.perf_counter()

    def validate_epoch(self) -> dict[str, float]:
        """Stop it, and run the bare steps; called once before the first epoch, too."""
        if len(self.centres):
            self.times["step"].append(time.perf_counter() - self.began)
            self.bare()
        return {"ndcg@10": 0.0}

    def bare(self) -> None:
        """Forward and backward of batches that are made before the clock starts."""
        self.train()
        numbers = torch.randperm(self.cases()).split(self.options.batch_size)
        batches = [self.prepared(number) for number in numbers]
        began = time.perf_counter()
        for ids, targets, views, newest, batch in batches:
            self.zero_grad()
            loss = self.next_item_loss(ids, targets)
            (loss + self.contrastive_loss(views, newest, batch)).backward()
        self.times["bare"].append(time.perf_counter() - began)

    def prepared(self, batch: Tensor) -> tuple[Tensor, ...]:
        """What a step makes of a batch of case numbers before it computes."""
        ids, targets, newest = self.tensors(batch)
        return ids, targets, self.pair_of_views(ids), newest, batch


def main() -> None:
    args = parsed(options(__doc__, runs=7))
    users, items, steps = (600, 300, 2) if args.quick else (22_363, 12_101, 20)
    pretrain = settings("model=iclrec", "dataset=beauty").pretrain
    pretrain = replace(pretrain, epochs=args.runs, patience=args.runs)
    module = Clocked(encoder(pretrain, items), pretrain, sequences(users, items, 8.88, 0.8))
    module.steps, module.times = steps, {"step": [], "bare": []}
    with tempfile.TemporaryDirectory() as folder:
        fit(module, "pretrain", pretrain, Path(folder), context(args.threads))
    report(module.times, args.threads, unit=steps)


if __name__ == "__main__":
    main()
