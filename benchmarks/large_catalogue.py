"""A training step over a catalogue of millions, and its memory: `pretrain.table=dense`, `rowwise`.

    python benchmarks/large_catalogue.py --items 5000000
    python benchmarks/large_catalogue.py --only rowwise --devices 2

The step is that of `model=sasrec dataset=beauty` as `fit` makes it, with the targets of the batch
and 4,096 uniform items as negatives (`pretrain.sampler=mixed`), over generated users. Each kind of
table runs in a process of its own; memory is the peak of the steps beside imports and users, and
what the table and its state take on a device. With `--devices` a table is `sharded` over so many
processes as well; the memory of steps is that of the first. The last line is the dense step over
the row-wise one in bfloat16. A dense table takes 1.3 GB for each million of items:
`--only rowwise` leaves it out, and the ratio with it.
"""

import json
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

from data import context, encoder, sequences, settings
from measure import options, parsed, peak_memory, reset_peak_memory

TABLES: dict[str, dict[str, Any]] = {
    "dense": {},
    "rowwise float32": {"table": "rowwise"},
    "rowwise bfloat16": {"table": "rowwise", "table_precision": "bfloat16"},
}
SHARDED: dict[str, dict[str, Any]] = {
    "sharded float32": {"table": "sharded"},
    "sharded bfloat16": {"table": "sharded", "table_precision": "bfloat16"},
}
WARM = 2
"""Steps before the clock starts; the first makes the state of the optimiser."""


def stepped(task: Any, found: dict[str, float], run: Any) -> None:
    """The steps of a device; the first one writes down what was found."""
    import torch

    from crs.training import devices, sharded
    from crs.training.loop import update

    sharded.dealt(task, devices.OfFirst(None))
    fabric = devices.fabric(run.trainer, task.settings.precision)
    optimiser = fabric.setup(task, task.optimiser())[1]
    step = devices.replicated(task, sharded.table_of(task)[0])
    task.train()
    seconds = []
    order = devices.once(lambda: torch.randperm(task.cases()))
    for index, batch in enumerate(order.split(task.settings.batch_size)):
        began = time.perf_counter()
        update(fabric, task, step, optimiser, batch, index)
        seconds.append(time.perf_counter() - began)
        if index + 1 == WARM:
            reset_peak_memory()
    table = task.encoder.item_table.weight
    bytes_here = sum(x.nbytes for x in (table, *optimiser.state[table].values()))
    (on_each,) = devices.gathered(torch.tensor([bytes_here]))
    found["seconds"], found["peak"] = statistics.median(seconds[WARM:]), peak_memory()
    found["table"] = int(on_each.max())


def measure(table: str, items: int, steps: int, number: int) -> dict[str, float]:
    """Seconds of a step, the median, MB at the peak, and bytes of the table on a device."""
    from crs.training.team import together
    from pre_rec_model.iclrec import ICLRec

    words = ("loss=sampled_softmax", "sampler=mixed", "negatives=4096")
    base = settings("model=sasrec", "dataset=beauty", *(f"pretrain.{word}" for word in words))
    own = replace(base.pretrain, **(TABLES | SHARDED)[table])
    users = sequences(own.batch_size * (WARM + steps), items, 20.0, 0.8)
    reset_peak_memory()
    before = peak_memory()
    task = ICLRec(encoder(own, items), own, users)
    task.settings = own
    run = context(1)
    found: dict[str, float] = {}
    run.trainer = replace(run.trainer, devices=number)
    together(stepped, task, found, context=run)
    run.close()
    return found | {"mb": found["peak"] - before}


def main() -> None:
    parser = options(__doc__, runs=3)
    parser.add_argument("--items", type=int, default=200_000, help="default 200,000")
    parser.add_argument("--only", choices=["dense", "rowwise"], help="default: both")
    parser.add_argument("--devices", type=int, default=1, help="of a sharded table too; default 1")
    parser.add_argument("--work", choices=[*TABLES, *SHARDED], help="one table; prints JSON")
    args = parsed(parser)
    items, steps = (2_000, 2) if args.quick else (args.items, 10)
    if args.work:
        number = args.devices if args.work in SHARDED else 1
        print(json.dumps(measure(args.work, items, steps, number)))
        return
    tables = [table for table in TABLES if args.only in (None, table.split()[0])]
    tables += SHARDED if args.devices > 1 else []
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(args.runs):
        for table in tables:
            command = [sys.executable, __file__, "--work", table, "--items", str(items)]
            command += ["--threads", str(args.threads), "--devices", str(args.devices)]
            command += ["--quick"] * args.quick
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found.setdefault(table, []).append(json.loads(done.stdout.splitlines()[-1]))
    print(f"{items:,} items; a step, the least of {args.runs} medians, the peak of memory,")
    print("and the table with its state on a device:")
    step = {table: min(one["seconds"] for one in runs) for table, runs in found.items()}
    for table, runs in found.items():
        memory = f"{min(one['mb'] for one in runs):>9,.0f} MB{runs[0]['table']:>15,.0f} bytes"
        print(f"{table:<18}{step[table]:>9.4f} s{memory}")
    print(f"{args.threads} threads")
    if args.only is None:
        print(f"ratio {step['dense'] / step['rowwise bfloat16']:.3f}")


if __name__ == "__main__":
    main()
