"""A step of training with `compile=true` over the same without.

    python benchmarks/compiled.py

A step is the forward and the backward pass over a batch: of the encoder (settings of `model=sasrec
dataset=ml100k`), of both passes of EM (sizes and settings of `em_epoch.py`) and of MIP-SAD's
warm-up (of `mip_sad.py`). Everything is generated. The first step, which makes the programs, is
timed apart.
"""

import time
from argparse import Namespace
from collections.abc import Callable
from itertools import cycle

import em_epoch
import mip_sad
import torch
from data import encoder, sequences, settings
from measure import interleaved, options, parsed, report

from crs.training.compiled import compiled
from crs.training.loop import TrainingTask
from pre_rec_model.iclrec import ICLRec

Step = tuple[TrainingTask, Callable[[], object]]


def iclrec(args: Namespace) -> Step:
    """The next-item loss over a quarter of the users."""
    users, items, parts = (100, 200, 50) if args.quick else (938, 1_447, 4)
    pretrain = settings("model=sasrec", "dataset=ml100k").pretrain
    module = ICLRec(encoder(pretrain, items), pretrain, sequences(users, items, 59.0, 1.0))
    numbers = torch.randperm(users).split(-(-users // parts))
    batches = cycle([module.tensors(part)[:2] for part in numbers])
    return module, lambda: module.next_item_loss(*next(batches)).backward()


def em(args: Namespace) -> Step:
    """An E and an M step."""
    quick = ["intents.k=16"] if args.quick else []
    config = settings("experiment=latentcrs_encoder", "dataset=ml1m", *quick)
    module = em_epoch.made(config, "ml1m", args.quick)
    batch = module.batch(torch.arange(min(config.train.batch_size, module.cases())))

    def step() -> None:
        for kind, loss in zip(module.passes(), (module.e_step, module.m_step), strict=True):
            module.begin_pass(kind)
            loss(*batch).backward()

    return module, step


def warm_up(args: Namespace) -> Step:
    """Masked items and substituted attributes of a batch of dialogues."""
    users, items = (32, 300) if args.quick else (256, 1_921)
    config = settings("model=mip_sad", "dataset=lastfm")
    module = mip_sad.training(config, users, items)
    number = torch.arange(module.cases())
    slots = module.draw(module.batch(number), module.taken(number))
    return module, lambda: module.loss(slots).backward()


def ready(make: Callable[[Namespace], Step], args: Namespace) -> Step:
    """The same step at each call."""
    torch.manual_seed(0)
    module, backward = make(args)
    module.train()

    def step() -> None:
        module.zero_grad()
        backward()

    return module, step


def main() -> None:
    args = parsed(options(__doc__, runs=30))
    for make in (iclrec, em, warm_up):
        (module, fast), (_, plain) = ready(make, args), ready(make, args)
        with compiled(module, "train"):
            began = time.perf_counter()
            fast()
            seconds = time.perf_counter() - began
            print(f"\n{make.__name__}: {seconds:.1f} s for the first compiled step")
            report(interleaved(args.runs, compiled=fast, plain=plain), args.threads)


if __name__ == "__main__":
    main()
