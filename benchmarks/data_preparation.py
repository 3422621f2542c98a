"""The stage `dataset` over a generated file, beside DuckDB's own scan and sort of the same file.

    pip install duckdb
    python benchmarks/data_preparation.py
    python benchmarks/data_preparation.py --rows 20000000 --items 2000000 --users 1000000 --runs 1

The stage reads a CSV file of interactions (`dataset=custom`), takes out what a user had before and
what is not in the 5-core, numbers, sorts and writes, and takes the file's sha256. DuckDB reads the
same file into a table in memory, sorted by user and time. Each runs in a process of its own; of
several runs the best counts. The last line is the ratio of the processor's seconds, which other
work on the machine changes less than those of the clock. 20 million rows need 1 GB of disk.
"""

import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measure import options

BLOCK = 1_000_000
"""Rows that are generated at once."""
STATEMENT = 'CREATE TABLE sorted AS SELECT * FROM read_csv(?) ORDER BY "user", "timestamp"'


def generate(file: Path, rows: int, items: int, users: int) -> None:
    """A CSV file of interactions in no order; a few users and items have most."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv

    rng = np.random.default_rng(0)
    with csv.CSVWriter(
        file, pa.schema(dict.fromkeys(["user", "item", "timestamp"], pa.int64()))
    ) as out:
        for start in range(0, rows, BLOCK):
            n = min(BLOCK, rows - start)
            drawn = np.where(rng.random(n) < 0.5, rng.random(n), rng.random(n) ** 3)
            columns = {
                "user": (users * rng.random(n) ** 1.5).astype(int) + 1,
                "item": (items * drawn).astype(int) + 1,
                "timestamp": rng.integers(1_500_000_000, 1_700_000_000, n),
            }
            out.write_table(pa.table(columns))


def stage(file: Path, threads: int) -> Callable[[], str]:
    """The stage `dataset` of a file; says what it left."""
    import pyarrow as pa
    from data import context, settings

    from crs.data import build_dataset
    from crs.threads import use_threads

    use_threads(threads)
    pa.set_cpu_count(threads)
    filters = ("dataset.min_user=5", "dataset.min_item=5", "dataset.duplicates=drop")
    words = ("model=popularity", "dataset=custom", f"dataset.path={file}")
    configured = settings(*words, *filters).dataset
    out = file.parent / "store" / "dataset" / "x"
    out.mkdir(parents=True, exist_ok=True)

    def run() -> str:
        found = build_dataset.run(configured, {}, out, context(threads))
        return ", ".join(f"{found[key]:,} {key}" for key in ("users", "items", "interactions"))

    return run


def duckdb(file: Path, threads: int) -> Callable[[], str]:
    """DuckDB's scan and sort of a file; says how many rows it has."""
    import duckdb

    database = duckdb.connect(config={"threads": threads})

    def run() -> str:
        database.execute(STATEMENT, [str(file)])
        return f"{database.execute('SELECT count(*) FROM sorted').fetchall()[0][0]:,} rows"

    return run


WORK = {"stage": stage, "duckdb": duckdb}


def measure(work: str, file: Path, threads: int) -> None:
    """Print what one run takes, as JSON."""
    run = WORK[work](file, threads)
    clock, processor = time.perf_counter(), time.process_time()
    left = run()
    found = {
        "processor": time.process_time() - processor,
        "clock": time.perf_counter() - clock,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "left": left,
    }
    print(json.dumps(found))


def main() -> None:
    parser = options(__doc__, runs=3)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=50_000)
    parser.add_argument("--work", nargs=2, metavar=("NAME", "FILE"), help="a single run")
    args = parser.parse_args()
    threads = args.threads or 1
    if args.work:
        measure(args.work[0], Path(args.work[1]), threads)
        return
    if args.quick:
        args.rows, args.items, args.users, args.runs = 20_000, 1_000, 1_000, 1
    work = list(WORK) if importlib.util.find_spec("duckdb") else ["stage"]
    best: dict[str, dict] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "interactions.csv"
        generate(file, args.rows, args.items, args.users)
        print(f"{args.rows:,} rows, {file.stat().st_size / 1e6:,.0f} MB, {threads} threads")
        for name in work * args.runs:
            command = [
                sys.executable,
                __file__,
                "--threads",
                str(threads),
                "--work",
                name,
                str(file),
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found = json.loads(done.stdout.splitlines()[-1])
            best[name] = min(best.get(name, found), found, key=lambda one: one["processor"])
    for name, found in best.items():
        print(
            f"{name:<8}{found['processor']:7.2f} s of the processor, {found['clock']:7.2f} s, "
            f"{found['mb']:6,.0f} MB   {found['left']}"
        )
    if "duckdb" in best:
        print(f"ratio {best['stage']['processor'] / best['duckdb']['processor']:.3f}")
    else:
        print("duckdb is not there to compare with: pip install duckdb")


if __name__ == "__main__":
    main()
