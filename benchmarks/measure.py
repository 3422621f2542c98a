"""What the speed programs share: their options, interleaved clocks, and the lines they print."""

import argparse
import ctypes
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from crs.threads import use_threads

Times = dict[str, list[float]]
"""Seconds of each run, by what was run."""


def options(about: str, runs: int) -> argparse.ArgumentParser:
    """The options that all programs have; `--quick` proves that a program runs, and no more."""
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="tiny sizes; the ratio means nothing")
    parser.add_argument("--runs", type=int, default=runs, help=f"default {runs}")
    parser.add_argument("--threads", type=int, default=0, help="default: all there are")
    return parser


def parsed(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The command line; sets the threads of torch and faiss."""
    args = parser.parse_args()
    args.runs = 2 if args.quick else args.runs
    args.threads = use_threads(args.threads)
    return args


def interleaved(runs: int, **work: Callable[[], object]) -> Times:
    """Seconds of each piece of work, one after the other and again, so that drift hits all."""
    times: Times = {name: [] for name in work}
    for _ in range(runs):
        for name, piece in work.items():
            start = time.perf_counter()
            piece()
            times[name].append(time.perf_counter() - start)
    return times


def report(times: Times, threads: int, unit: float = 1.0) -> None:
    """Median and range of each; last the ratio of the first median to the second.

    Args:
        unit: steps, or whatever one run holds: seconds are divided by it.
    """
    print(f"{'median':>29}{'least':>10}{'most':>10}   of {min(map(len, times.values()))} runs")
    for name, values in times.items():
        figures = statistics.median(values), min(values), max(values)
        print(f"{name:<18}" + "".join(f"{value / unit:>9.4f} s"[-11:] for value in figures))
    above, below = (statistics.median(values) for values in list(times.values())[:2])
    print(f"{threads} threads")
    print(f"ratio {above / below:.3f}")


def reset_peak_memory() -> None:
    """Begin a new peak of this process' memory, without what it has freed and kept (Linux)."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> float:
    """Largest resident memory since the last reset, in MB (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
