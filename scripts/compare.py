"""Two scorers on the same cases, over seeds: is the difference more than the cases' luck?

python scripts/compare.py --of "latentcrs mixture" --against direct RESULT [RESULT ...]
python scripts/compare.py --of iclrec --against sasrec ICLREC [...] --with SASREC [...]

A RESULT is a folder of the stage `evaluate`, or the table in it that a command's last line names;
give one for each seed. A case's figure is its mean over the seeds. Results of other protocols,
data, texts or cases are refused: they answer other questions.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from crs.console import complain
from crs.data.cases import ALL
from crs.errors import UserError
from crs.evaluation import stats
from crs.evaluation.metrics import RANK_METRICS, per_case
from crs.evaluation.results import MARKDOWN, PARQUET, markdown
from crs.places import home
from crs.store.artifact import Artifact

CASE = ["user", "cut", "cluster", "target"]
LEVEL, RESAMPLES, SEED = 0.95, 10_000, 0
PROTOCOL = ("protocol", "seen", "padding")
"""Settings of an evaluation that say among what a target is ranked."""
RANKS = "ranks.parquet"
DATA = ("dataset", "samples", "simulate", "dialogues")
"""Inputs of an evaluation that say what is asked; others are a model's own."""


def result_at(place: str) -> Artifact:
    """The result whose folder, or whose table, is at a place; its files are as they were written.

    Raises:
        UserError: if there is none, or it is damaged.
    """
    path = Path(home(place))
    found = Artifact(path.parent if path.name in (PARQUET, MARKDOWN) else path)
    if found.identity is None or not (found.path / RANKS).is_file():
        raise UserError(
            f"{place} is no result of the stage evaluate; give the folder that a command's last "
            "line names, artifacts/evaluate/FINGERPRINT"
        )
    found.verify()
    return found


def check_alike(results: list[Artifact]) -> None:
    """Refuse results that do not answer the same question.

    Raises:
        UserError: with what differs.
    """
    first = results[0]
    for other in results[1:]:
        one, two = (r.manifest["settings"]["evaluation"] for r in (first, other))
        if [one[key] for key in PROTOCOL] != [two[key] for key in PROTOCOL]:
            raise UserError(
                f"the results have protocols {one['protocol']} and {two['protocol']} "
                f"(evaluation.seen={one['seen']} and {two['seen']}); compare results of one"
            )
        mine, theirs = first.manifest["inputs"], other.manifest["inputs"]
        for stage in DATA:
            both = [inputs[stage] for inputs in (mine, theirs) if stage in inputs]
            if len({made["digest"] for made in both}) > 1:
                names = " and ".join(f"{stage}/{made['fingerprint']}" for made in both)
                raise UserError(f"the results are of other data, {names}; compare results of one")


def cases(results: list[Artifact], scorer: str, part: str) -> list[pd.DataFrame]:
    """A scorer's test cases in each result, in one order.

    Raises:
        UserError: if a result has no such scorer.
    """
    found = []
    for result in results:
        frame = result.load(RANKS)
        protocol = result.manifest["settings"]["evaluation"]["protocol"]
        frame = frame[(frame["split"] == "test") & (frame["slice"] == part)]
        frame = frame[frame["protocol"] == protocol]
        one = frame[frame["scorer"] == scorer].sort_values(CASE, ignore_index=True)
        if one.empty:
            names = ", ".join(frame["scorer"].unique())
            raise UserError(f"{result.path}: no scorer {scorer!r}; there are {names}")
        found.append(one.dropna(axis=1, how="all"))  # slices of other sets
    return found


def compare(of: list[pd.DataFrame], against: list[pd.DataFrame], ks: list[int]) -> pd.DataFrame:
    """Both means, their difference with its interval and p over clusters, and that of each seed.

    Raises:
        UserError: if the results are not about the same cases.
    """
    first = of[0]
    if any(not first[CASE].equals(other[CASE]) for other in [*of, *against]):
        raise UserError(
            "the results are not about the same cases; give results of one data set and cut"
        )
    one, two = (
        [per_case(frame["rank"].to_numpy(), ks) for frame in side] for side in (of, against)
    )
    masks = {ALL: np.ones(len(first), dtype=bool)}
    masks |= {name: first[name].to_numpy(bool) for name in first if first[name].dtype == "boolean"}
    rows = []
    for part, mask in masks.items():
        cluster = first["cluster"].to_numpy()[mask]
        for key in one[0]:
            a, b = (np.stack([seed[key][mask] for seed in side]) for side in (one, two))
            paired = (a.mean(0) - b.mean(0))[:, None]
            low, high = stats.bootstrap_intervals(paired, cluster, RESAMPLES, LEVEL, SEED)
            p = stats.paired_tests(paired, cluster, RESAMPLES - 1, SEED)
            difference = f"{paired.mean():+.4f} [{low[0]:+.4f}, {high[0]:+.4f}]"
            rows.append(
                {
                    "cases": f"{part} ({mask.sum():,})",
                    "metric": RANK_METRICS[key[0]].at(key[1]),
                    "of": f"{a.mean():.4f}",
                    "against": f"{b.mean():.4f}",
                    "difference [clusters]": difference,
                    "p": f"{p[0]:.4f}",
                    "by seed": " ".join(f"{d:+.4f}" for d in a.mean(1) - b.mean(1)),
                }
            )
    return pd.DataFrame(rows)


def main(arguments: list[str]) -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("results", nargs="+", metavar="RESULT")
    parser.add_argument("--of", required=True, metavar="SCORER")
    parser.add_argument("--against", required=True, metavar="SCORER")
    parser.add_argument(
        "--with",
        nargs="+",
        metavar="RESULT",
        dest="others",
        help="results that hold the other scorer; default: the same",
    )
    parser.add_argument("--ks", type=int, nargs="+", default=[10])
    parser.add_argument("--part", default=ALL, help="cases: all, or a set that the results name")
    args = parser.parse_args(arguments)
    mine = [result_at(place) for place in args.results]
    theirs = [result_at(place) for place in args.others or args.results]
    if len(mine) != len(theirs):
        parser.error("give as many results behind --with, in the order of their seeds")
    check_alike([*mine, *theirs])
    of, against = cases(mine, args.of, args.part), cases(theirs, args.against, args.part)
    print(markdown(compare(of, against, args.ks)))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as mistake:
        complain(mistake)
        sys.exit(2)
