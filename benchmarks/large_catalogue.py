"""A training step over a catalogue of millions, and its memory: `pretrain.table=dense`, `rowwise`.

    python benchmarks/large_catalogue.py --items 5000000

The step is that of `model=sasrec dataset=beauty` as `fit` makes it, with the targets of the batch
and 4,096 uniform items as negatives (`pretrain.sampler=mixed`), over generated users. Each kind of
table runs in a process of its own; memory is the peak of the steps beside imports and users. The
last line is the dense step over the row-wise one in bfloat16. A dense table takes 1.3 GB for each
million of items: `--only rowwise` leaves it out, and the ratio with it.
"""

import json
import statistics
import subprocess
import sys
import time
from dataclasses import replace

from data import context, encoder, sequences, settings
from measure import options, parsed, peak_memory, reset_peak_memory

TABLES = {
    "dense": {},
    "rowwise float32": {"table": "rowwise"},
    "rowwise bfloat16": {"table": "rowwise", "table_precision": "bfloat16"},
}
WARM = 2
"""Steps before the clock starts; the first makes the state of the optimiser."""


def measure(table: str, items: int, steps: int) -> dict[str, float]:
    """Seconds of a step, the median, and MB at the peak."""
    import torch

    from crs.training import devices
    from crs.training.loop import update
    from pre_rec_model.iclrec import ICLRec

    words = ("loss=sampled_softmax", "sampler=mixed", "negatives=4096")
    base = settings("model=sasrec", "dataset=beauty", *(f"pretrain.{word}" for word in words))
    own = replace(base.pretrain, **TABLES[table])
    users = sequences(own.batch_size * (WARM + steps), items, 20.0, 0.8)
    reset_peak_memory()
    before = peak_memory()
    task = ICLRec(encoder(own, items), own, users)
    task.settings = own
    fabric = devices.fabric(context(1).trainer, own.precision)
    optimiser = fabric.setup(task, task.optimiser())[1]
    task.train()
    seconds = []
    for index, batch in enumerate(torch.randperm(task.cases()).split(own.batch_size)):
        began = time.perf_counter()
        update(fabric, task, task, optimiser, batch, index)
        seconds.append(time.perf_counter() - began)
        if index + 1 == WARM:
            reset_peak_memory()
    return {"seconds": statistics.median(seconds[WARM:]), "mb": peak_memory() - before}


def main() -> None:
    parser = options(__doc__, runs=3)
    parser.add_argument("--items", type=int, default=200_000, help="default 200,000")
    parser.add_argument("--only", choices=["dense", "rowwise"], help="default: both")
    parser.add_argument("--work", choices=[*TABLES], help="one table; prints JSON")
    args = parsed(parser)
    items, steps = (2_000, 2) if args.quick else (args.items, 10)
    if args.work:
        print(json.dumps(measure(args.work, items, steps)))
        return
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(args.runs):
        for table in TABLES:
            if args.only in (None, table.split()[0]):
                command = [sys.executable, __file__, "--work", table, "--items", str(items)]
                command += ["--threads", str(args.threads)] + ["--quick"] * args.quick
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                found.setdefault(table, []).append(json.loads(done.stdout.splitlines()[-1]))
    print(f"{items:,} items; a step, the least of {args.runs} medians, and the peak of memory:")
    step = {table: min(one["seconds"] for one in runs) for table, runs in found.items()}
    for table, runs in found.items():
        print(f"{table:<18}{step[table]:>9.4f} s{min(one['mb'] for one in runs):>9,.0f} MB")
    print(f"{args.threads} threads")
    if args.only is None:
        print(f"ratio {step['dense'] / step['rowwise bfloat16']:.3f}")


if __name__ == "__main__":
    main()
