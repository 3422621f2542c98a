"""One EM epoch of LatentCRS with everything, over the bare forward and backward of its tensors.

    python benchmarks/em_epoch.py

Everything: a whole epoch of the phase `em` as `fit` makes it, an E and an M pass over all training
cases, recording, the optimiser, validation of all scorers, the checkpoint. Bare: losses and
gradients of the same two passes over batches that are there already. The other lines are what the
epoch has beside that, each run alone. Generated users, items and cases as many as MovieLens-1M's,
K = 256, settings of `experiment=latentcrs_encoder dataset=ml1m`; with `--dataset ml100k` as many as
MovieLens-100K's, and its settings.
"""

import copy
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from data import context, sequences, settings
from measure import Times, interleaved, options, parsed, report
from torch.nn.functional import normalize

from crs.config import Config
from crs.data.cases import Cases
from crs.data.sequences import Sequences
from crs.models.latentcrs.networks import LatentCRS
from crs.models.latentcrs.training import EMTraining, Prepared
from crs.training.loop import fit
from data_generator import samples

DIM = 64
SIZES = {"ml1m": (6_034, 3_533, 95.3), "ml100k": (938, 1_447, 59.0)}
"""Users, items and interactions of a user."""


class Clocked(EMTraining):
    """Epochs, each timed from its start to that of the next, and between them the passes bare."""

    times: Times
    began = 0.0

    def start_epoch(self, epoch: int) -> None:
        """Stop the clock of the epoch before, run bare, start it again."""
        if epoch:
            self.times["epoch"].append(time.perf_counter() - self.began)
            self.bare()
            self.beside()
        self.began = time.perf_counter()

    def bare(self) -> None:
        """Forward and backward of both passes over batches made before the clock starts."""
        numbers = torch.randperm(self.cases()).split(self.settings.batch_size)
        batches = [self.batch(number) for number in numbers]
        began = time.perf_counter()
        for kind, step in zip(self.passes(), (self.e_step, self.m_step), strict=True):
            self.begin_pass(kind)
            for h, x, y in batches:
                self.zero_grad()
                step(h, x, y).backward()
        self.times["bare"].append(time.perf_counter() - began)

    def beside(self) -> None:
        """Validation, the steps of the optimiser and the batches of an epoch."""
        optimiser, state = self.optimiser(), copy.deepcopy(self.state_dict())
        numbers = torch.randperm(self.cases()).split(self.settings.batch_size) * len(self.passes())
        once = interleaved(
            1,
            validation=self.validate_epoch,
            optimiser=lambda: [optimiser.step() for _ in numbers],
            batches=lambda: [self.batch(number) for number in numbers],
        )
        for name, seconds in once.items():
            self.times.setdefault(name, []).extend(seconds)
        self.zero_grad()
        self.load_state_dict(state)
        self.train()


def prepared(data: Sequences, user: torch.Tensor, cut: torch.Tensor, text_dim: int) -> Prepared:
    """Cases with random states and texts: what is in them changes no time."""
    text = normalize(torch.randn(len(user), text_dim), dim=1)
    return Prepared.of(Cases(data, user, cut, text), torch.randn(len(user), DIM))


def made(
    config: Config, dataset: str, quick: bool, kind: type[EMTraining] = EMTraining
) -> EMTraining:
    """The phase `em` over random states, texts and items."""
    users, items, length = SIZES[dataset]
    users, items = (200, 100) if quick else (users, items)
    torch.manual_seed(0)
    data = sequences(users, items, length, 1.0)
    frame = samples.cases(data, config.samples)
    em, text_dim = config.em, config.embedder.dim
    assert text_dim is not None

    def of(split: str) -> Prepared:
        part = frame[frame["split"] == split]
        user, cut = (torch.from_numpy(part[c].to_numpy(copy=True)) for c in ("user", "cut"))
        return prepared(data, user, cut, text_dim)

    train, valid = of("train"), of("valid")
    table = torch.cat([torch.zeros(1, DIM), torch.randn(items, DIM) / 8])
    model = LatentCRS(
        table, torch.randn(config.intents.k, DIM), text_dim, em.text_hidden, em.hidden, em.dropout,
    )  # fmt: skip
    return kind(model, em, "em", train, valid)


def main() -> None:
    parser = options(__doc__, runs=7)
    parser.add_argument("--dataset", choices=SIZES, default="ml1m")
    args = parsed(parser)
    quick = ["intents.k=16"] if args.quick else []
    config = settings("experiment=latentcrs_encoder", f"dataset={args.dataset}", *quick)
    module = made(config, args.dataset, args.quick, Clocked)
    assert isinstance(module, Clocked)
    module.times = {"epoch": [], "bare": []}
    optimisation = replace(config.train, epochs=args.runs + 1, patience=args.runs)
    with tempfile.TemporaryDirectory() as folder:
        fit(module, "em", optimisation, Path(folder), context(args.threads))
    train, valid = module.cases(), len(module.valid_cases.y)
    print(f"{train:,} training, {valid:,} validation cases, K = {config.intents.k}")
    report(module.times, args.threads)


if __name__ == "__main__":
    main()
