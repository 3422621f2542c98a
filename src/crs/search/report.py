"""What a search leaves behind: `trials.parquet`, `study.md` and pictures."""

import json
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crs.evaluation.results import markdown
from crs.search.study import About

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from optuna import Study

STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running"}
TRIALS, TABLE, EXPERIMENT = "trials.parquet", "study.md", "best.yaml"


def trials_of(study: "Study", about: About) -> "pd.DataFrame":
    """One row a trial: what came of it, and a column for each parameter."""
    import pandas as pd

    rows = [
        {
            "trial": one.number,
            "state": STATES.get(one.state.name, "running"),
            "value": one.value if one.state.name in ("COMPLETE", "PRUNED") else None,
            "seconds": one.user_attrs.get("seconds"),
            "error": one.user_attrs.get("error"),
            "results": json.dumps(one.user_attrs.get("results", [])),
            **{key: one.params.get(key) for key in about.space},
        }
        for one in study.get_trials(deepcopy=False)
    ]
    return pd.DataFrame(rows)


def ranked(trials: "pd.DataFrame", about: About) -> "pd.DataFrame":
    """The trials from the best to the worst, complete ones first, as a table shows them."""
    order = trials.assign(incomplete=trials["state"] != "complete").sort_values(
        ["incomplete", "value"], ascending=[True, about.direction == "minimize"], kind="stable"
    )
    shown = order[["trial", "state", "value", *about.space, "seconds"]].astype(object)
    return shown.map(cell)


def cell(value: Any) -> str:
    """A value as a table shows it."""
    if value is None or value != value:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def write(study: "Study", about: About, headline: str) -> "pd.DataFrame":
    """The files of a study; returns its trials."""
    trials = trials_of(study, about)
    stored = trials.copy()
    for key in about.space:  # a choice may have values of several types
        if stored[key].map(type).nunique() > 1:
            stored[key] = stored[key].astype(str)
    stored.to_parquet(about.folder / TRIALS, index=False)
    table = markdown(ranked(trials, about).rename(columns={"value": about.objective}))
    (about.folder / TABLE).write_text(f"{headline}\n\n{table}\n")
    draw(study, about)
    return trials


def draw(study: "Study", about: About) -> None:
    """Pictures of the complete trials, where there are two or more."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import optuna.visualization.matplotlib as plots
    from optuna.importance import PedAnovaImportanceEvaluator

    named = {"target_name": about.objective}
    wide = 2.9 * len(about.space) + 3
    drawn: dict[str, tuple[Callable[..., Any], dict[str, Any], float]] = {
        "history": (plots.plot_optimization_history, named, 8),
        "importances": (
            plots.plot_param_importances,
            {"evaluator": PedAnovaImportanceEvaluator()},
            8,
        ),
        "parallel": (plots.plot_parallel_coordinate, named, wide),
        "slices": (plots.plot_slice, named, wide),
    }
    if sum(trial.state.name == "COMPLETE" for trial in study.get_trials(deepcopy=False)) < 2:
        return
    for picture, (plot, options, width) in drawn.items():
        # Optuna sets a style of its own, which would stay.
        with matplotlib.rc_context(), warnings.catch_warnings(action="ignore"):
            plot(study, **options)
            figure = plt.gcf()
            figure.set_size_inches(width, 4.8)
            tidy(figure, about)
            figure.savefig(about.folder / f"{picture}.png", dpi=110, bbox_inches="tight")
            plt.close(figure)


def tidy(figure: "Figure", about: About) -> None:
    """Mend what Optuna draws: labels between powers of ten, which overlap, and white lines."""
    from matplotlib.collections import LineCollection
    from matplotlib.ticker import NullFormatter

    for axes in figure.axes:
        if axes.get_xscale() == "log":
            axes.xaxis.set_minor_formatter(NullFormatter())
        for lines in axes.collections:
            if isinstance(lines, LineCollection):  # a trial each, the best one dark
                lines.set_cmap("viridis" if about.direction == "minimize" else "viridis_r")
