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
from functools import partial
from pathlib import Path

import torch

from crs.models import recipes
from crs.pipeline.code_digest import code_digest
from crs.stages import declared_stages
from tests.faults.trials import TRIALS
from tests.faults.tried import KINDS, OTHER, Tried

LIBRARIES = "faiss lightning_fabric matplotlib.pyplot openai tenacity scipy.stats".split()


def prepare() -> None:
    """Import what the stages do, and read their code, so that no attempt has to."""
    own = [stage for model in recipes().values() for stage in model.stages]
    modules = [stage.module for stage in (*declared_stages().values(), *own)]
    for name in (*LIBRARIES, *modules):
        importlib.import_module(name)
    code_digest(*modules)


def run(name: str, share: float, seed: int, root: str) -> tuple[Tried, float]:
    """Run one trial in a folder below the root; what breaks it is wrong too."""
    torch.set_num_threads(1)
    tried, began = Tried(share, seed), time.monotonic()
    with tempfile.TemporaryDirectory(dir=root) as folder:
        try:
            TRIALS[name](Path(folder), tried)
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
    prepare()
    wrong: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
    forked = multiprocessing.get_context("fork")
    with (
        tempfile.TemporaryDirectory() as root,
        ProcessPoolExecutor(args.workers, mp_context=forked) as pool,
    ):
        one = partial(run, share=args.share, seed=args.seed, root=str(Path(root).resolve()))
        for name, (tried, seconds) in zip(args.only, pool.map(one, args.only), strict=True):
            print(f"{name:<20} {tried}; {seconds:,.0f} s", flush=True)
            for kind, what in tried.wrong:
                print(f"{'':<20} {kind}: {what}", flush=True)
                wrong[kind] += 1
    print(", ".join(f"{kind} {count}" for kind, count in wrong.items()))
    return wrong.total()


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
