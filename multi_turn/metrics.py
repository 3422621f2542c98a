"""Metrics of the dialogues with intervals, and paired tests."""

from typing import Any

import numpy as np
import pandas as pd

from crs.dialogue.questions import NOTHING
from crs.evaluation import stats
from crs.evaluation.charts import SUCCESS, TURN
from crs.evaluation.metrics import per_case
from crs.recommender import own_scorers
from crs.stages.multi_turn import MultiTurn

BEFORE = " before re-ranking"
SUCCESSES = "successes"
FLIPS = 9999
"""Sign flips of the paired tests."""


def rows_of(
    label: str,
    part: str,
    metrics: dict[tuple[str, int], np.ndarray],
    cluster: np.ndarray,
    settings: MultiTurn,
) -> list[dict[str, Any]]:
    """Means of metrics, each [n], with intervals that resample users, in the long form."""
    if not len(cluster):
        return []
    rows = stats.mean_rows(metrics, cluster, settings.resamples, settings.level, settings.seed)
    return [{"scorer": label, "slice": part, **row} for row in rows]


def success_turn(log: pd.DataFrame, cases: int) -> np.ndarray:
    """The turn in which each case of one arm succeeds, infinite if it never does, [cases]."""
    won, hits = np.full(cases, np.inf), log[log["success"]]
    won[hits["case"]] = hits["turn"]
    return won


def arm_rows(
    label: str, log: pd.DataFrame, users: np.ndarray, settings: MultiTurn
) -> list[dict[str, Any]]:
    """All metrics of one arm, from its part of the log.

    `success` and `avg_turns` are over all dialogues; those of a turn are over the dialogues that
    are still open in it.
    """
    k, turns = settings.shown, settings.turns
    won = success_turn(log, len(users))
    taken = {("avg_turns", k): np.minimum(won, turns)}
    rows = rows_of(label, "all", {(SUCCESS, k): won <= turns} | taken, users, settings)
    over = won <= turns
    rows += rows_of(label, SUCCESSES, {("avg_turns", k): won[over]}, users[over], settings)
    for turn in range(1, turns + 1):
        by_then = {(SUCCESS, k): won <= turn}
        rows += rows_of(label, f"{TURN}{turn}", by_then, users, settings)
        now = log[log["turn"] == turn]
        before, after = (now[name].to_numpy() for name in ("before", "after"))
        cluster = users[now["case"]]
        rows += rows_of(
            label, f"{TURN}{turn}{BEFORE}", per_case(before, settings.ks), cluster, settings
        )
        rows += rows_of(label, f"{TURN}{turn}", per_case(after, settings.ks), cluster, settings)
        listed = np.ones(len(now), bool)
        if settings.questions == "instead":  # a turn that asks shows nothing
            listed = now["question"].to_numpy() == NOTHING
        shown = {
            ("won", k): (after <= k) & (before > k),
            ("lost", k): (after > k) & (before <= k),
            ("relaxed", k): now["broken"].to_numpy() > 0,
        }
        rows += rows_of(
            label,
            f"{TURN}{turn}",
            {name: values[listed] for name, values in shown.items()},
            cluster[listed],
            settings,
        )
        read = now[now["embedded"]]
        rows += rows_of(
            label,
            f"{TURN}{turn}",
            {("nearest_text", k): read["nearest"].to_numpy()},
            users[read["case"]],
            settings,
        )
    return rows


def comparisons(
    log: pd.DataFrame,
    labels_by_reranker: list[list[str]],
    own: list[str],
    users: np.ndarray,
    settings: MultiTurn,
) -> pd.DataFrame:
    """The model's own arm against each other arm with the same re-ranker.

    Paired sign flips over users, two-sided, of turns (a failure counts as the last) and of success
    in the last turn; p by Holm over the arms compared with that re-ranker.

    Args:
        own: names of the model's own scorers.
        labels_by_reranker: the labels of the arms of each re-ranker.
    Returns:
        scorer, against, metric, k, difference, p, p_holm.
    """
    rows = []
    for labels in labels_by_reranker:
        reference = own_scorers(own, labels)[-1]
        others = [label for label in labels if label != reference]
        won = {one: success_turn(log[log["scorer"] == one], len(users)) for one in labels}
        for metric in ("avg_turns", SUCCESS):
            value = {
                one: np.minimum(won[one], settings.turns)
                if metric == "avg_turns"
                else (won[one] <= settings.turns).astype(float)
                for one in labels
            }
            if others:
                differences = np.stack([value[reference] - value[one] for one in others], axis=1)
                p = stats.paired_tests(differences, users, FLIPS, settings.seed)
                rows += [
                    {
                        "scorer": reference,
                        "against": one,
                        "metric": metric,
                        "k": settings.shown,
                        "difference": mean,
                        "p": raw,
                        "p_holm": holm,
                    }
                    for one, mean, raw, holm in zip(
                        others, differences.mean(0), p, stats.holm(p.tolist()), strict=True
                    )
                ]
    names = ["scorer", "against", "metric", "k", "difference", "p", "p_holm"]
    return pd.DataFrame(rows, columns=names)
