"""Print how simulated users rank the same scorers, and Kendall's tau between their rankings.

python scripts/user_rankings.py artifacts/multi_turn/RULES artifacts/multi_turn/AGENDA …
python scripts/user_rankings.py --metric "average turns" artifacts/sweeps/SWEEP

A place is a result of `multi_turn` or `evaluate`, or a sweep of them; all must be about the same
cases. Several results of a user (models, seeds) are put together. --metric names a figure:
`success` (default) or `average turns` of dialogues, `NDCG@10` (default), `HR@10` or `MRR@20` of
`evaluate`. Scorers of dialogues are ranked among those with the same re-ranker. The interval of tau
draws whole users of the data set with replacement.
"""

import argparse
import sys
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import kendalltau, rankdata

from crs.console import complain
from crs.errors import UserError
from crs.evaluation.results import markdown
from crs.recommender import RERANKED, scorer_and_reranker
from crs.report.alike import protocol
from crs.report.collect import Record, collect
from crs.report.paired import CASE, FEWER, LOADERS, check_cases
from crs.report.table import ALL

RESAMPLES, LEVEL = 1000, 0.95


@dataclass
class Ranking:
    """What the scorers did with one simulated user.

    Attributes:
        values: the figure of each case, a column a scorer, larger is better; cases in one order.
        cases: who is asked about what, a row a case.
    """

    values: pd.DataFrame
    cases: pd.DataFrame


def user_of(record: Record) -> str:
    """Who talks, and whose texts the model was trained on where these are another's."""
    texts = record.stages["simulate"].manifest["settings"]["kind"]
    talks = (protocol(record).get("user") or {}).get("kind", texts)
    return talks if talks == texts else f"{talks} (texts: {texts})"


def settings_of(record: Record) -> tuple[Any, Any]:
    """The settings of who talks, and of who wrote the texts."""
    return protocol(record).get("user"), record.stages["simulate"].manifest["settings"]


def check(records: list[Record]) -> None:
    """Refuse results that differ in more than the user.

    Raises:
        UserError: if they do, if there is one user alone, or if two users have one name.
    """
    users: dict[str, tuple[Any, Any]] = {}
    for record in records:
        if record.artifact.stage not in LOADERS or "simulate" not in record.stages:
            raise UserError(
                f"{record.artifact.path}: give results of models that read what users say"
            )
        others = [{k: v for k, v in protocol(one).items() if k != "user"} for one in
                  (records[0], record)]  # fmt: skip
        if records[0].artifact.stage != record.artifact.stage or others[0] != others[1]:
            raise UserError(
                f"{record.artifact.path} was evaluated otherwise than {records[0].artifact.path}; "
                "give results that differ in the user alone"
            )
        if users.setdefault(user_of(record), settings_of(record)) != settings_of(record):
            raise UserError(
                f"{record.artifact.path}: this {user_of(record)} has other settings than that of "
                "an earlier result; give results of one of them"
            )
    if len(users) < 2:
        raise UserError("there is one user alone; give results of two, e.g. multi_turn.user=agenda")


def rankings(records: list[Record], metric: str) -> dict[str, Ranking]:
    """The figures of all cases, by user; those of several seeds are averaged.

    Raises:
        UserError: if a metric is unknown, or the cases differ.
    """
    first: pd.DataFrame | None = None
    columns: dict[str, dict[tuple[str, str], list[np.ndarray]]] = {}
    for record in records:
        table = record.artifact.load("results.parquet")
        for scorer in table["scorer"].unique():
            cases, figures = LOADERS[record.artifact.stage](record, scorer, ALL, [])
            first = cases if first is None else first
            check_cases(first, cases)
            name = metric or next(iter(figures))
            if name not in figures:
                raise UserError(f"--metric={name}: there are {', '.join(figures)}")
            value = -figures[name] if name == FEWER else figures[name]
            mine = columns.setdefault(user_of(record), {})
            mine.setdefault((record.model, scorer), []).append(value)
    assert first is not None
    return {
        user: Ranking(
            pd.DataFrame(named({key: np.mean(many, axis=0) for key, many in mine.items()})),
            first[CASE],
        )
        for user, mine in columns.items()
    }


def named(values: dict[tuple[str, str], np.ndarray]) -> dict[str, np.ndarray]:
    """Figures by scorer; a scorer that several models have is told by its model, unless it is the
    same in all."""
    found: dict[str, np.ndarray] = {}
    for (model, scorer), value in values.items():
        twins = [other for (_, name), other in values.items() if name == scorer]
        same = all(np.array_equal(value, other) for other in twins)
        found[scorer if same else f"{model} {scorer}"] = value
    return found


def tau(one: np.ndarray, two: np.ndarray) -> tuple[float, float]:
    """Kendall's tau-b of two lists of figures, and its p."""
    found = kendalltau(one, two)
    return float(found.statistic), float(found.pvalue)


def interval(one: pd.DataFrame, two: pd.DataFrame, cluster: np.ndarray) -> tuple[float, float]:
    """The interval of tau over draws of clusters, the same draw for both rankings."""
    _, index = np.unique(cluster, return_inverse=True)
    rng, n, found = np.random.default_rng(0), index.max() + 1, []
    for _ in range(RESAMPLES):
        times = np.bincount(rng.integers(n, size=n), minlength=n)[index]
        found.append(tau(times @ one.to_numpy(), times @ two.to_numpy())[0])
    low, high = np.nanquantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def ordered(found: dict[str, Ranking], scorers: list[str]) -> pd.DataFrame:
    """One row a scorer, best first for the first user: its figure and its rank for each user."""
    means = {user: ranking.values[scorers].mean() for user, ranking in found.items()}
    best = next(iter(means.values())).sort_values(ascending=False, kind="stable").index
    columns = {"scorer": list(best)}
    for user, mean in means.items():
        ranks = pd.Series(rankdata(-mean), mean.index)
        columns[user] = [f"{abs(mean[name]):.3f} ({ranks[name]:g})" for name in best]
    return pd.DataFrame(columns)


def agreement(found: dict[str, Ranking], scorers: list[str]) -> pd.DataFrame:
    """One row a pair of users: tau with its interval, and p."""
    rows = []
    for (user, one), (other, two) in combinations(found.items(), 2):
        mine, theirs = one.values[scorers], two.values[scorers]
        value, p = tau(mine.mean().to_numpy(), theirs.mean().to_numpy())
        told = "–"
        if not np.isnan(value):  # else one of them finds all equally good
            low, high = interval(mine, theirs, one.cases["cluster"].to_numpy())
            told = f"{value:.2f} [{low:.2f}, {high:.2f}]"
        rows.append({"users": f"{user}, {other}", "scorers": len(scorers),
                     "Kendall's tau [95 %]": told, "p": f"{p:.2g}"})  # fmt: skip
    return pd.DataFrame(rows)


def report(records: list[Record], metric: str) -> str:
    """The tables as Markdown, of each re-ranker.

    Raises:
        UserError: if the results cannot be set side by side.
    """
    check(records)
    found, lines = rankings(records, metric), []
    shared = [str(name) for name in next(iter(found.values())).values
              if all(name in ranking.values for ranking in found.values())]  # fmt: skip
    for ending in RERANKED.values():
        scorers = [name for name in shared if scorer_and_reranker(name)[1] == ending]
        if len(scorers) > 1:
            lines += [
                markdown(ordered(found, scorers)),
                "",
                markdown(agreement(found, scorers)),
                "",
            ]
    return "\n".join(lines).rstrip()


def main(words: list[str]) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="How simulated users rank the same scorers.")
    parser.add_argument("places", nargs="+", metavar="RESULT")
    parser.add_argument("--metric", default="")
    given = parser.parse_args(words)
    records = [record for place in given.places for record in collect(place).records]
    sys.stdout.write(f"{report(records, given.metric)}\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as mistake:
        complain(mistake)
        sys.exit(2)
