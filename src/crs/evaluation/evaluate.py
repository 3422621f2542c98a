"""Stage `evaluate`: every scorer of a model on the same cases, with intervals and tests."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crs.console import Context
from crs.data.cases import ALL
from crs.data.popularity import training_counts
from crs.evaluation import stats
from crs.evaluation.controls import by_noise, fallen
from crs.evaluation.list_metrics import Catalogue, per_list
from crs.evaluation.metrics import DEFAULT, key, per_case
from crs.evaluation.report import chart, finding, report
from crs.evaluation.results import (
    COLUMNS,
    MARKDOWN,
    PARQUET,
)
from crs.evaluation.scoring import Ranked
from crs.evaluation.shards import Scoring, ranked
from crs.recommender import Recommender, own_scorers, reads_text
from crs.stages.evaluation import Evaluate, Evaluation
from crs.store.artifact import Artifact


def table(found: list[Ranked], settings: Evaluation) -> pd.DataFrame:
    """Means and intervals of each scorer in each slice, in the long form."""
    rows = []
    for one in found:
        cluster = one.cases.clusters.numpy()
        for part, mask in one.slices():
            means = stats.mean_rows(
                per_case(one.ranks[mask], settings.ks),
                cluster[mask],
                settings.resamples,
                settings.level,
                settings.seed,
            )
            label = {"scorer": one.scorer, "slice": part}
            rows += [{**label, **row, "protocol": one.protocol} for row in means]
    return pd.DataFrame(rows)


def list_table(found: list[Ranked], catalogue: Catalogue, settings: Evaluation) -> pd.DataFrame:
    """Metrics of the lists of each scorer in each slice, in the long form.

    A metric of each list is a mean over the cases that define it, with its interval; one of all
    lists together has no interval. What no case defines has no row.
    """
    rows = []
    for one in found:
        if one.lists is None:
            continue
        for part, mask in one.slices():
            values = per_list(one.lists[mask], catalogue, settings.ks)
            alone = {name: value.item() for name, value in values.items() if not value.ndim}
            each = {name: value for name, value in values.items() if value.ndim}
            summaries = {name: (value, np.nan, np.nan, mask.sum()) for name, value in alone.items()}
            summaries |= summarised(each, one.cases.clusters.numpy()[mask], settings)
            rows += [
                {
                    "scorer": one.scorer,
                    "slice": part,
                    "metric": metric,
                    "k": k,
                    "value": mean,
                    "low": low,
                    "high": high,
                    "cases": int(cases),
                    "protocol": one.protocol,
                }
                for (metric, k), (mean, low, high, cases) in summaries.items()
            ]
    return pd.DataFrame(rows)


def summarised(
    values: dict[tuple[str, int], np.ndarray], cluster: np.ndarray, settings: Evaluation
) -> dict[tuple[str, int], tuple[float, float, float, int]]:
    """Mean, low, high and number of the cases that are not NaN; nothing where all are."""
    names, out = list(values), {}
    stacked = np.stack(list(values.values()), axis=1)
    patterns, group = np.unique(~np.isnan(stacked), axis=1, return_inverse=True)
    for number, defined in enumerate(patterns.T):
        columns = np.flatnonzero(group.ravel() == number)
        if not defined.any():
            continue
        some = stacked[defined][:, columns]
        low, high = stats.bootstrap_intervals(
            some, cluster[defined], settings.resamples, settings.level, settings.seed
        )
        for place, column in enumerate(columns):
            mean = some[:, place].mean()
            out[names[column]] = mean, low[place], high[place], len(some)
    return out


TESTS = ["scorer", "against", "slice", "metric", "k", "difference", "low", "high", "p"]


def comparisons(found: list[Ranked], reference: str, settings: Evaluation) -> pd.DataFrame:
    """The reference against each other scorer on the same cases, in each slice.

    Returns:
        mean difference with its interval, p, and p by Holm within slice and metric.
    """
    by_case = {one.scorer: per_case(one.ranks, settings.ks) for one in found}
    rows = []
    for one in found:
        if one.scorer == reference:
            continue
        keys, cluster = list(by_case[reference]), one.cases.clusters.numpy()
        values = [by_case[reference][which] - by_case[one.scorer][which] for which in keys]
        for part, mask in one.slices():
            paired = np.stack(values, axis=1)[mask], cluster[mask]
            low, high = stats.bootstrap_intervals(
                *paired, settings.resamples, settings.level, settings.seed
            )
            p = stats.paired_tests(*paired, settings.permutations, settings.seed)
            means = paired[0].mean(0)
            for (metric, k), *figure in zip(keys, means, low, high, p, strict=True):
                rows.append((reference, one.scorer, part, metric, k, *figure))
    frame = pd.DataFrame(rows, columns=TESTS)
    frame["p_holm"] = frame.groupby(["slice", "metric", "k"])["p"].transform(
        lambda column: stats.holm(column.tolist())
    )
    return frame


def run(
    settings: Evaluate, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `results.parquet` (long), `results.md`, `ranks.parquet`, `topk.parquet`,
    `tests.parquet`, a chart.

    The tests compare `default_scorer` with each of the others.
    """
    evaluation, scoring = settings.evaluation, Scoring(settings, inputs)
    scorers, sets, sequences = scoring.scorers, scoring.sets, scoring.sequences
    controls = scoring.controls
    tables, case_tables, lists = [], [], []
    catalogue = Catalogue.of(
        training_counts(inputs["dataset"]).numpy(),
        inputs["dataset"].load("items.parquet")["attributes"],
    )
    for split, found in ranked(scoring, settings, inputs, context).items():  # test last
        tables.append(table(found, evaluation).assign(split=split))
        tables.append(list_table(found, catalogue, evaluation).assign(split=split))
        case_tables += [
            pd.DataFrame(
                {
                    "split": split,
                    "scorer": one.scorer,
                    "slice": one.part,
                    "protocol": one.protocol,
                    "user": one.cases.row,
                    "cut": one.cases.cut,
                    "cluster": one.cases.clusters,
                    "target": one.cases.target,
                    "rank": one.ranks,
                    **{name: pd.array(mask.numpy()) for name, mask in one.cases.slices.items()},
                }
            )
            for one in found
        ]
        lists += [
            pd.DataFrame(
                {
                    "split": split,
                    "scorer": one.scorer,
                    "slice": one.part,
                    "user": one.cases.row,
                    "cut": one.cases.cut,
                    "items": list(one.lists),
                }
            )
            for one in found
            if one.lists is not None
        ]
    long = pd.concat(tables, ignore_index=True)
    long["dataset"], long["model"] = inputs["dataset"].summary["label"], settings.model
    long["sees"] = long["scorer"].map({name: scorer.sees for name, scorer in scorers.items()})
    long["seed"] = settings.seed
    long["fingerprint"] = context.fingerprint
    long = long[COLUMNS]
    main = long[long["protocol"] == evaluation.protocol]
    reference = default_scorer(main, settings.own_scorers, scorers)
    cases = sets["test"][ALL]
    tests = pd.concat(
        [
            comparisons(
                [x for x in found if (x.part, x.protocol) == (part, evaluation.protocol)],
                reference,
                evaluation,
            )
            for part in sets["test"]
        ]
    )
    long.to_parquet(folder / PARQUET, index=False)
    pd.concat(case_tables, ignore_index=True).to_parquet(folder / "ranks.parquet", index=False)
    pd.concat(lists, ignore_index=True).to_parquet(folder / "topk.parquet", index=False)
    tests.to_parquet(folder / "tests.parquet", index=False)
    falls = pd.DataFrame()
    if controls:
        falls = fallen(
            [x for x in found if x.protocol == evaluation.protocol], controls, evaluation
        )
        falls.to_parquet(folder / "falls.parquet", index=False)
        by_noise(main, folder / "noise.png", f"{settings.model} on {long['dataset'].iloc[0]}")
    told = ("simulate", "dialogues", "fusion")
    facts = (inputs[name].summary if name in inputs else {} for name in told)
    (folder / MARKDOWN).write_text(report(long, tests, falls, settings, sequences, *facts))
    about = f"{settings.model} on {long['dataset'].iloc[0]}"
    chart(main, folder / "ndcg.png", finding(tests, evaluation.level), about)
    context.note(f"{len(cases):,} cases, {len(scorers)} scorers")
    best = main[(main["split"] == "test") & (main["scorer"] == reference) & (main["slice"] == ALL)]
    return {"default_scorer": reference} | {
        key(m, k): v for m, k, v in best[["metric", "k", "value"]].itertuples(index=False)
    }


def default_scorer(long: pd.DataFrame, own: list[str], scorers: dict[str, Recommender]) -> str:
    """The model's own scorer: of its own, and with text if it has such, the one with the best
    NDCG@10 on validation."""
    own = own_scorers(own, scorers)
    own = [name for name in own if reads_text(scorers[name])] or own
    metric, k = DEFAULT
    part = long[(long["metric"] == metric) & (long["k"] == k) & (long["slice"] == ALL)]
    part = part[(part["split"] == "valid") & part["scorer"].isin(own)]
    return str(part.nlargest(1, "value")["scorer"].item())
