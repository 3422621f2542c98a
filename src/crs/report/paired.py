"""Scorers against one other on the same cases: is the difference more than the cases' luck?

A case's figure is its mean over the seeds that both have. Intervals and tests are over clusters
(users or dialogues); p is adjusted by Holm over all that is compared in one metric and part of the
cases.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crs.errors import UserError
from crs.evaluation import stats
from crs.evaluation.metrics import DEFAULT, RANK_METRICS, per_case
from crs.evaluation.results import PARQUET
from crs.report.collect import Record
from crs.report.table import ALL, LEVEL, Table

CASE = ["user", "cut", "cluster", "target"]
RESAMPLES, SEED = 10_000, 0
RANKS, DIALOGUES = "ranks.parquet", "dialogues.parquet"
FEWER = "average turns"


@dataclass
class Side:
    """What one scorer did, over seeds.

    Attributes:
        label: the row of the table.
        cases: who is asked about what, a row a case.
        parts: which cases a part has, by its name.
        values: by metric, the figure of each case, [cases], of each seed.
    """

    label: str
    cases: pd.DataFrame
    parts: dict[str, np.ndarray]
    values: dict[str, dict[int, np.ndarray]]

    @property
    def seeds(self) -> set[int]:
        """Those that it has."""
        return set(next(iter(self.values.values())))

    def mean(self, metric: str, seeds: set[int]) -> np.ndarray:
        """Each case's mean over some seeds."""
        return np.mean([self.values[metric][seed] for seed in sorted(seeds)], axis=0)

    def of(self, cases: pd.MultiIndex) -> "Side":
        """The same of some of its cases."""
        kept = names_of(self.cases).isin(cases)
        values = {
            metric: {seed: value[kept] for seed, value in by_seed.items()}
            for metric, by_seed in self.values.items()
        }
        parts = {name: mask[kept] for name, mask in self.parts.items()}
        return Side(self.label, self.cases[kept].reset_index(drop=True), parts, values)


def ranked(record: Record, scorer: str, part: str, ks: list[int]) -> tuple[pd.DataFrame, dict]:
    """The test cases of a result of `evaluate` in one order, and their figures by metric.

    Args:
        ks: cut-offs of every metric; empty: each metric at that of the report's table.
    """
    frame = record.artifact.load(RANKS)
    protocol = record.artifact.manifest["settings"]["evaluation"]["protocol"]
    asked = (frame["split"] == "test") & (frame["slice"] == part) & (frame["scorer"] == scorer)
    one = frame[asked & (frame["protocol"] == protocol)].sort_values(CASE, ignore_index=True)
    shown = [(name, metric.k) for name, metric in RANK_METRICS.items()]
    pairs = [(name, k) for k in ks for name in RANK_METRICS] or shown
    found = per_case(one["rank"].to_numpy(), sorted({k for _, k in pairs}))
    ordered = sorted(pairs, key=lambda which: which[0] != DEFAULT[0])
    return one, {RANK_METRICS[name].at(k): found[name, k] for name, k in ordered}


def talked(record: Record, scorer: str, part: str, ks: list[int]) -> tuple[pd.DataFrame, dict]:
    """The dialogues of a result of `multi_turn` in one order, and their figures by metric.

    A dialogue whose user left at once has no row in the log, and is a failure: nothing but its
    number is known of it.
    """
    log, long = record.artifact.load(DIALOGUES), record.artifact.load(PARQUET)
    most = record.artifact.manifest["settings"]["multi_turn"]["turns"]
    mine = log[(log["scorer"] == scorer) & (part == ALL)]
    ends = mine.groupby("case").agg(
        user=("user", "first"),
        cut=("cut", "first"),
        cluster=("user", "first"),
        target=("target", "first"),
        turn=("turn", "max"),
        success=("success", "max"),
    )
    whole = long[(long["scorer"] == scorer) & (long["slice"] == ALL) & (part == ALL)]
    silent = sorted(set(range(int(whole["cases"].max() if len(whole) else 0))) - {*ends.index})
    unknown = {"user": -1, "cut": silent, "cluster": [-1 - case for case in silent], "target": 0}
    left = pd.DataFrame({**unknown, "turn": most, "success": False}, index=silent)
    ends = pd.concat([ends, left]).sort_values(CASE, ignore_index=True)
    won = ends["success"].to_numpy(bool)
    turns = np.where(won, ends["turn"], most).astype(float)
    return ends, {"success": won.astype(float), FEWER: turns}


def sets_of(record: Record, scorer: str) -> list[str]:
    """The sets of test cases that a scorer of a result has; dialogues are one set."""
    if record.artifact.stage == "multi_turn":
        return [ALL]
    frame = record.artifact.load(RANKS)
    mine = frame[(frame["split"] == "test") & (frame["scorer"] == scorer)]
    return [str(name) for name in mine["slice"].unique()]


LOADERS = {"evaluate": ranked, "multi_turn": talked}


def side(label: str, records: list[Record], scorer: str, part: str, ks: list[int]) -> Side:
    """What a scorer did in some results, one a seed.

    Raises:
        UserError: if a result has no such cases, or the results are about other ones.
    """
    first: pd.DataFrame | None = None
    values: dict[str, dict[int, np.ndarray]] = {}
    for record in records:
        frame, figures = LOADERS[record.artifact.stage](record, scorer, part, ks)
        if frame.empty:
            there = ", ".join(sets_of(record, scorer))
            raise UserError(
                f"--cases: {record.artifact.path}: {scorer!r} has no cases {part!r}; "
                f"there are {there}"
            )
        if first is None:
            first = frame
        check_cases(first, frame)
        for metric, value in figures.items():
            values.setdefault(metric, {})[record.seed] = value
    assert first is not None
    parts = {part: np.ones(len(first), dtype=bool)}
    for name in map(str, first):
        if first[name].dtype == "boolean" and first[name].notna().all():
            parts[name] = first[name].to_numpy(bool)
    return Side(label, first[CASE], parts, values)


def check_cases(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Refuse results about other cases.

    Raises:
        UserError: if they are.
    """
    if not one[CASE].equals(other[CASE]):
        raise UserError(
            "the results are not about the same cases; give results of one data set and cut"
        )


def names_of(cases: pd.DataFrame) -> pd.MultiIndex:
    """A name for each case; of cases that are alike their number too."""
    number = cases.groupby(CASE, sort=False).cumcount()
    return pd.MultiIndex.from_frame(cases[CASE].assign(number=number))


def in_common(pairs: list[tuple[Side, Side]]) -> list[tuple[Side, Side]]:
    """The pairs over the cases that all of them have. A scorer that hears nothing has cases whose
    text was dropped, too.

    Raises:
        UserError: if the fewest cases are not among all others.
    """
    fewest = min((names_of(one.cases) for pair in pairs for one in pair), key=len)
    kept = [(one.of(fewest), other.of(fewest)) for one, other in pairs]
    for one in (side for pair in kept for side in pair):
        check_cases(kept[0][0].cases, one.cases)
    return kept


def seeds_of(one: Side, other: Side) -> tuple[set[int], set[int]]:
    """The seeds of each that are compared: those that both have, for another seed's luck is no
    difference between them; all, where they share none (then `by seed` is empty)."""
    shared = one.seeds & other.seeds
    return (shared, shared) if shared else (one.seeds, other.seeds)


def compare(pairs: list[tuple[Side, Side]]) -> pd.DataFrame:
    """Each first against its second: means, difference with its interval, p, p by Holm.

    Raises:
        UserError: if two are not about the same cases.
    """
    pairs = in_common(pairs)
    first = pairs[0][0]
    cluster, rows = first.cases["cluster"].to_numpy(), []
    shared = [part for part in first.parts if all(part in one.parts for one, _ in pairs)]
    compared = [(pair, seeds_of(*pair)) for pair in pairs]
    for part, mask in ((name, first.parts[name]) for name in shared):
        for metric in first.values:
            of, against = (
                np.stack([pair[i].mean(metric, seeds[i])[mask] for pair, seeds in compared], axis=1)
                for i in (0, 1)
            )
            paired = of - against
            low, high = stats.bootstrap_intervals(paired, cluster[mask], RESAMPLES, LEVEL, SEED)
            p = stats.paired_tests(paired, cluster[mask], RESAMPLES - 1, SEED)
            for i, (pair, adjusted) in enumerate(zip(pairs, stats.holm(p.tolist()), strict=True)):
                rows.append(
                    {
                        "cases": f"{part} ({mask.sum():,})",
                        "metric": metric,
                        "scorer": pair[0].label,
                        "against": pair[1].label,
                        "mean": of[:, i].mean(),
                        "mean against": against[:, i].mean(),
                        "difference": paired[:, i].mean(),
                        "low": low[i],
                        "high": high[i],
                        "p": p[i],
                        "p (Holm)": adjusted,
                        "by seed": by_seed(*pair, metric, mask),
                    }
                )
    return pd.DataFrame(rows)


def by_seed(one: Side, other: Side, metric: str, mask: np.ndarray) -> str:
    """The difference of each seed that both have."""
    a, b = one.values[metric], other.values[metric]
    return " ".join(f"{a[s][mask].mean() - b[s][mask].mean():+.4f}" for s in a if s in b)


def texts(found: pd.DataFrame) -> pd.DataFrame:
    """The comparisons as people read them."""
    intervals = [
        f"{d:+.4f} [{low:+.4f}, {high:+.4f}]"
        for d, low, high in found[["difference", "low", "high"]].itertuples(index=False)
    ]
    four = "{:.4f}".format
    return pd.DataFrame(
        {
            "scorer": found["scorer"],
            "against": found["against"],
            "cases": found["cases"],
            "metric": found["metric"],
            "mean": found["mean"].map(four),
            "mean against": found["mean against"].map(four),
            "difference [95 %]": intervals,
            "p": found["p"].map(four),
            "p (Holm)": found["p (Holm)"].map(four),
            "by seed": found["by seed"],
        }
    )


def against(
    rows: Table, records: dict[tuple[str, ...], list[Record]], scorer: str, part: str, ks: list[int]
) -> pd.DataFrame | None:
    """Every row of a table against a scorer; None if there is no other row.

    The scorer is that of the same results; where these do not have it, that of the row with the
    best figure on validation. With that row the scorer's other rows are compared, too.

    Args:
        rows: the table, the best on validation first.
        records: the results that a row is the mean of, by `Table.groups`.
    Raises:
        UserError: if no row has the scorer, or the cases differ.
    """
    references = [row for row in rows.rows if row["scorer"] == scorer]
    if not references:
        names = ", ".join(dict.fromkeys(row["scorer"] for row in rows.rows))
        raise UserError(f"--against: there is no scorer {scorer!r}; there are {names}")
    sides: dict[str, Side] = {}
    for row in rows.rows:
        made = [record for group in rows.groups(row) for record in records[group]]
        sides[rows.label(row)] = side(rows.label(row), made, row["scorer"], part, ks)
    pairs = []
    for row in rows.rows:
        own = [r for r in references if set(rows.groups(r)) & set(rows.groups(row))]
        reference = references[0] if row["scorer"] == scorer else (own or references)[0]
        if row is not reference:
            pairs.append((sides[rows.label(row)], sides[rows.label(reference)]))
    return compare(pairs) if pairs else None
