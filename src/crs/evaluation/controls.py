"""The same test cases with other texts: by how much each scorer falls, and its curve over noise."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from crs.data.cases import ALL, Cases
from crs.escape import terminal
from crs.evaluation import stats, style
from crs.evaluation.metrics import DEFAULT, RANK_METRICS, per_case
from crs.evaluation.results import markdown
from crs.evaluation.scoring import Ranked
from crs.stages.controls import NOISE
from crs.stages.evaluation import Evaluation

SHOWN = RANK_METRICS[DEFAULT[0]].at(DEFAULT[1])


def fallen(found: list[Ranked], parts: Collection[str], settings: Evaluation) -> pd.DataFrame:
    """What each scorer has with the texts of its own cases less what it has with other texts.

    Args:
        found: of test, in one protocol.
        parts: slices with other texts. A case without such a text counts in neither mean.
    Returns:
        scorer, slice, metric, k, own, other, fall with low and high, cases.
    """
    own = {one.scorer: one for one in found if one.part == ALL}
    rows = []
    for one in (one for one in found if one.part in parts):
        before = own[one.scorer]
        place = {case: number for number, case in enumerate(keys(before.cases))}
        same = [place[case] for case in keys(one.cases)]
        values = per_case(before.ranks[same], settings.ks), per_case(one.ranks, settings.ks)
        first, then = (np.stack(list(part.values()), axis=1) for part in values)
        low, high = stats.bootstrap_intervals(
            first - then,
            one.cases.clusters.numpy(),
            settings.resamples,
            settings.level,
            settings.seed,
        )
        rows += [
            (one.scorer, one.part, metric, k, a, b, a - b, *interval, len(same))
            for (metric, k), a, b, *interval in zip(
                values[0], first.mean(0), then.mean(0), low, high, strict=True
            )
        ]
    columns = ["scorer", "slice", "metric", "k", "own", "other", "fall", "low", "high", "cases"]
    return pd.DataFrame(rows, columns=columns)


def keys(cases: Cases) -> list[tuple[int, int]]:
    """The row and the cut of each case."""
    return list(zip(cases.row.tolist(), cases.cut.tolist(), strict=True))


def about_controls(falls: pd.DataFrame) -> list[str]:
    """The tables of the default metric with other texts, a row a scorer, in lines.

    Args:
        falls: what `fallen` returns.
    """
    part = falls[(falls["metric"] == DEFAULT[0]) & (falls["k"] == DEFAULT[1])]
    noisy = part["slice"].str.startswith(NOISE)
    lines: list[str] = []
    for name, one in part[~noisy].groupby("slice", sort=False):
        shown = pd.DataFrame(
            {
                f"{SHOWN}, {name}": one["scorer"],
                "own text": one["own"].map("{:.4f}".format),
                "this text": one["other"].map("{:.4f}".format),
                "fall": [
                    f"{fall:+.4f} [{low:+.4f}, {high:+.4f}]"
                    for fall, low, high in one[["fall", "low", "high"]].itertuples(index=False)
                ],
                "cases": one["cases"],
            }
        )
        lines += ["", markdown(shown)]
    if noisy.any():
        curve = part[noisy].pivot_table("other", "scorer", "slice", sort=False)
        table = curve.map("{:.4f}".format).reset_index(names=f"{SHOWN}, by noise")
        lines += ["", markdown(table.rename(columns=lambda name: name.removeprefix(NOISE)))]
    return [
        *lines,
        "",
        "The same test cases with other texts (docs/controls.md); nothing was trained or chosen on "
        "them. Intervals are those of the paired difference. Noise is the share of texts of which "
        "one condition may not hold.",
    ]


def by_noise(long: pd.DataFrame, path: Path, title: str) -> None:
    """The default metric over noise, a line with its interval a scorer; nothing below two levels.

    Args:
        long: a table of results in one protocol.
    """
    rows = long[(long["metric"] == DEFAULT[0]) & (long["k"] == DEFAULT[1])]
    rows = rows[rows["slice"].str.startswith(NOISE)]
    rows = rows.assign(noise=rows["slice"].str.removeprefix(NOISE).astype(float))
    if rows["noise"].nunique() < 2:
        return
    with style.pyplot() as plt:
        figure, axes = plt.subplots(figsize=(9, 4.5), layout="constrained")
        for number, scorer in enumerate(rows["scorer"].unique()):
            line = rows[rows["scorer"] == scorer].sort_values("noise")
            axes.plot(line["noise"], line["value"], label=scorer, **style.line(number))
            axes.fill_between(line["noise"], line["low"], line["high"], alpha=0.12,
                              color=style.colour(number))  # fmt: skip
        axes.set_xlabel("share of test texts with a false condition")
        axes.set_ylabel(f"{SHOWN} (test)")
        axes.set_ylim(bottom=0)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        axes.set_title(terminal(title), parse_math=False)
        figure.savefig(path)
        plt.close(figure)
