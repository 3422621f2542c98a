"""An EM epoch with OpenMP's own spin over one with the short spin of `crs`, on a busy machine.

    python benchmarks/busy.py

A thread of OpenMP that waits for the others spins, by libgomp's default some 3 ms; beside other
processes it takes the processor from those it waits for. Each run is a process of its own: epochs
of LatentCRS as large as MovieLens-100K's, alone on the machine and beside `--busy` processes of one
thread each that never rest. The last ratio is that of the busy machine.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import Times, options, report

from crs import SPIN

EPOCH = Path(__file__).with_name("em_epoch.py")
LIBGOMP = "300000"
"""What libgomp spins where it is told nothing."""


def epoch(spin: str, quick: bool) -> float:
    """Seconds of the median of five epochs in a process of its own."""
    words = ["--quick"] if quick else ["--dataset", "ml100k", "--runs", "5"]
    done = subprocess.run(
        [sys.executable, str(EPOCH), *words], env={**os.environ, "GOMP_SPINCOUNT": spin},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    line = next(line for line in done.stdout.splitlines() if line.startswith("epoch"))
    return float(line.split()[1])


@contextmanager
def beside(count: int) -> Iterator[None]:
    """As many processes of one thread that never rest."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def measured(runs: int, quick: bool, spins: dict[str, str]) -> Times:
    """Seconds of each spin, one after the other and again."""
    times: Times = {name: [] for name in spins}
    for _ in range(runs):
        for name, spin in spins.items():
            times[name].append(epoch(spin, quick))
    return times


def main() -> None:
    parser = options(__doc__, runs=5)
    parser.add_argument("--busy", type=int, default=2, help="default 2")
    parser.add_argument("--spin", default=SPIN, help=f"default {SPIN}")
    args = parser.parse_args()
    runs = 1 if args.quick else args.runs
    spins = {"libgomp": LIBGOMP, f"spin {args.spin}": args.spin}
    for label, count in (("alone", 0), (f"beside {args.busy} busy processes", args.busy)):
        print(label)
        with beside(count):
            report(measured(runs, args.quick, spins), args.threads)


if __name__ == "__main__":
    main()
