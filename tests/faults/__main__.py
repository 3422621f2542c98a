"""Try what can go wrong and print what held.

    python -m tests.faults                       # all of it, on two processes
    python -m tests.faults --share 0.05          # a twentieth, drawn by --seed
    python -m tests.faults --only kills_sasrec   # one trial

The last line counts what was wrong by kind; the exit code is 1 if a count is not 0.
"""

import argparse
import importlib
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch

from crs.pipeline.registry import MODEL_SETTINGS, STAGES
from tests.faults.trials import TRIALS
from tests.faults.tried import KINDS, OTHER, Tried

LIBRARIES = "faiss lightning_fabric matplotlib.pyplot openai tenacity scipy.stats".split()


def import_all() -> None:
    """Import what the stages do, so that no attempt has to."""
    shared = [stage.target for stage in STAGES.values() if "{model}" not in stage.target]
    own = [STAGES[stage].target.format(model=model) for model, stage in MODEL_SETTINGS]
    for name in (*LIBRARIES, *shared, *own):
        importlib.import_module(name)


def run(name: str, share: float, seed: int) -> tuple[Tried, float]:
    """Run one trial; what breaks it is wrong too."""
    torch.set_num_threads(1)
    tried, began = Tried(share, seed), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            TRIALS[name](Path(folder).resolve(), tried)
        except Exception as error:
            tried.fail(OTHER, f"the trial broke: {type(error).__name__}: {error}")
    return tried, time.monotonic() - began


def main(arguments: list[str]) -> int:
    """Run the trials that are asked for; returns how many things were wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--share", type=float, default=1.0, help="of all attempts; default all")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn; default 0")
    parser.add_argument("--workers", type=int, default=2, help="trials at once; default 2")
    parser.add_argument("--only", nargs="+", choices=TRIALS, default=list(TRIALS), metavar="TRIAL",
                        help=f"of {', '.join(TRIALS)}")  # fmt: skip
    args = parser.parse_args(arguments)
    import_all()
    wrong: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
    forked = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(args.workers, mp_context=forked) as pool:
        for name, (tried, seconds) in zip(args.only, pool.map(
            run, args.only, [args.share] * len(args.only), [args.seed] * len(args.only)
        ), strict=True):  # fmt: skip
            print(f"{name:<20} {tried}; {seconds:,.0f} s", flush=True)
            for kind, what in tried.wrong:
                print(f"{'':<20} {kind}: {what}", flush=True)
                wrong[kind] += 1
    print(", ".join(f"{kind} {count}" for kind, count in wrong.items()))
    return wrong.total()


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
