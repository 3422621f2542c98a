"""A step of training with torch.compile over the same without.

    python benchmarks/compiled.py                 # the position-wise half of each layer, compiled
    python benchmarks/compiled.py --whole         # the whole encoder, compiled
    python benchmarks/compiled.py --em            # the E and the M step of LatentCRS, compiled

A step of the encoder is the forward and the backward pass of the next-item loss over a batch,
settings of `model=sasrec dataset=ml100k`, generated users. The encoder packs real positions into
blocks of rows, other ones in each batch, so the whole of it is compiled anew for each batch. Beside
it stands the plain step in bfloat16. The steps of LatentCRS have the sizes and settings of
`em_epoch.py`. What compiling costs is printed apart.
"""

import time
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from itertools import cycle

import torch
import torch.nn.functional as F
from data import encoder, sequences, settings
from em_epoch import made
from measure import interleaved, options, parsed, report
from torch import Tensor

from crs.nn.packed import Packed
from crs.nn.transformer import Layer
from pre_rec_model.iclrec import ICLRec


@torch.compile(dynamic=True)
def position_wise(x: Tensor, layer: Layer) -> Tensor:
    """norm(x + dropout(W_2 gelu(W_1 x))), [n, d] -> [n, d]: what reads one position at a time."""
    return layer.norm(x + layer.dropout(layer.outer(F.gelu(layer.inner(x)))))


class CompiledLayer(Layer):
    """A layer (layer norm behind) whose position-wise half is compiled."""

    def forward(self, x: Tensor, packed: Packed) -> Tensor:
        """[n, d] -> [n, d]."""
        return position_wise(self.mixed(x, packed), self)


def timed(compiled: Callable[[], None]) -> None:
    """Print how long a step takes the first time."""
    began = time.perf_counter()
    compiled()
    print(f"{time.perf_counter() - began:.2f} s for the first time")


def em_steps(args: Namespace) -> None:
    """The E and the M step of a batch, each compiled and plain."""
    quick = ["intents.k=16"] if args.quick else []
    config = settings("experiment=latentcrs_encoder", "dataset=ml1m", *quick)
    module = made(config, "ml1m", args.quick).train()
    h, x, y = module.batch(torch.arange(config.train.batch_size))
    for kind, step in zip(module.passes(), (module.e_step, module.m_step), strict=True):
        module.begin_pass(kind)

        def one(run: Callable[..., Tensor]) -> None:
            module.zero_grad()
            run(h, x, y).backward()

        whole = torch.compile(step)
        print(f"{kind} step, compiled:", end=" ")
        timed(partial(one, whole))
        times = interleaved(args.runs, compiled=partial(one, whole), plain=partial(one, step))
        report(times, args.threads)


def main() -> None:
    parser = options(__doc__, runs=30)
    parser.add_argument("--whole", action="store_true", help="compile the whole encoder")
    parser.add_argument("--em", action="store_true", help="compile the steps of LatentCRS")
    args = parsed(parser)
    if args.em:
        return em_steps(args)
    users, items, most = (100, 200, 2) if args.quick else (938, 1_447, 4)
    pretrain = settings("model=sasrec", "dataset=ml100k").pretrain
    torch.manual_seed(0)
    module = ICLRec(encoder(pretrain, items), pretrain, sequences(users, items, 59.0, 1.0)).train()
    layers = module.encoder.layers
    batches = [module.tensors(part)[:2] for part in torch.randperm(users).split(-(-users // most))]

    def step(kind: type[Layer], precision: torch.dtype | None) -> Callable[[], None]:
        order = cycle(batches)

        def one() -> None:
            for layer in layers:
                layer.__class__ = kind
            module.zero_grad()
            with torch.autocast("cpu", precision, enabled=precision is not None):
                loss = module.next_item_loss(*next(order))
            loss.backward()

        return one

    compiled = step(Layer if args.whole else CompiledLayer, None)
    if args.whole:
        module.encoder.compile(dynamic=True)
    for number, _ in enumerate(batches, 1):
        print(f"batch {number}:", end=" ")
        timed(compiled)
    if args.whole:
        return
    times = interleaved(
        args.runs, compiled=compiled, plain=step(Layer, None), bfloat16=step(Layer, torch.bfloat16)
    )
    report(times, args.threads)


if __name__ == "__main__":
    main()
