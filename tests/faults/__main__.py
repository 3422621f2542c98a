"""Try what can go wrong and print what held.

    python -m tests.faults                 # all of it
    python -m tests.faults --share 0.05    # a twentieth, drawn by --seed

The last line is `wrong N`; the exit code is 1 if N is not 0.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# Imported before the first fork, so that no attempt has to.
import faiss
import lightning_fabric
import matplotlib.pyplot
import torch

import crs.models.latentcrs
import crs.models.latentcrs.direct
import crs.models.latentcrs.train
import data_generator.rules
import data_generator.samples
import data_generator.simulate
import pre_rec_model.intents
import pre_rec_model.pretrain
import text2embedding.embed
import text2embedding.hashed
from crs.data import build, generated
from crs.stages import evaluate
from tests.contracts.tiny import config
from tests.faults import damage, kills

IMPORTED = (faiss, lightning_fabric, matplotlib, crs, data_generator, pre_rec_model,
            text2embedding, build, generated, evaluate)  # fmt: skip
QUICK = ("debug=fast", "embedder=hashed", "trainer=cpu", "trainer.threads=1")
HALF_MADE = ["pretrain/.*/last.ckpt", "train/.*/em/last.ckpt", "direct/.*/last.ckpt",
             "embed/.*/embedded.json"]  # fmt: skip
"""Files after whose first writing runs of LatentCRS are killed."""

Trial = Callable[[Path, float, int], tuple[str, list[str]]]


def killed(folder: Path, share: float, seed: int) -> tuple[str, list[str]]:
    """Kills at every rename and fsync of SASRec on tiny."""
    step = max(1, round(1 / share))
    found = kills.at_every_write(config("model=sasrec", *QUICK), folder, step=step)
    return f"{found.tried} of {found.writes} writes killed at", found.wrong


def finished(folder: Path, share: float, seed: int) -> tuple[str, list[str]]:
    """Flips, zeroed blocks, cuts and deletions of every file of a finished LatentCRS on tiny."""
    found = damage.to_finished(config("model=latentcrs", *QUICK), folder, seed, share)
    return told(found), found.wrong


def half_made(folder: Path, share: float, seed: int) -> tuple[str, list[str]]:
    """The same of what is half made: in training of three kinds, and in embedding."""
    signs = HALF_MADE[: max(1, round(2 * share))] if share < 1 else HALF_MADE
    found = damage.to_half_made(config("model=latentcrs", *QUICK), folder, signs, seed, share)
    return told(found), found.wrong


def told(found: damage.Damaged) -> str:
    """The counts in words."""
    counts = ", ".join(f"{count} {what}" for what, count in sorted(found.counts.items()))
    return f"{sum(found.counts.values())} tried: {counts}"


TRIALS: dict[str, Trial] = {"kills": killed, "finished": finished, "half_made": half_made}


def main(arguments: list[str]) -> int:
    """Run the trials that are asked for; returns how many things were wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--share", type=float, default=1.0, help="of all trials; default all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=TRIALS, default=list(TRIALS))
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    wrong: list[str] = []
    for name in args.only:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            text, problems = TRIALS[name](Path(folder), args.share, args.seed)
        about = (TRIALS[name].__doc__ or "").strip()
        print(f"{name:<10} {about}\n{'':<10} {text}; wrong {len(problems)}; "
              f"{time.monotonic() - began:.0f} s", flush=True)  # fmt: skip
        for problem in problems:
            print(f"{'':<10} {problem}", flush=True)
        wrong += problems
    print(f"wrong {len(wrong)}")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
