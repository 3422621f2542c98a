"""What a search leaves behind: `trials.parquet`, `study.md` and pictures."""

import json
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crs.evaluation import style
from crs.evaluation.results import markdown
from crs.search.study import About

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from optuna import Study
    from optuna.importance import PedAnovaImportanceEvaluator

STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running"}
TRIALS, TABLE, EXPERIMENT = "trials.parquet", "study.md", "best.yaml"


def trials_of(study: "Study", about: About) -> "pd.DataFrame":
    """One row a trial: what came of it, and a column for each parameter."""
    import pandas as pd

    parameters = about.parameters()
    rows = [
        {
            "trial": one.number,
            "state": STATES.get(one.state.name, "running"),
            "value": one.value if one.state.name in ("COMPLETE", "PRUNED") else None,
            "seconds": one.user_attrs.get("seconds"),
            "error": one.user_attrs.get("error"),
            "results": json.dumps(one.user_attrs.get("results", [])),
            **{key: parameters[key].exact(one.params.get(key)) for key in about.space},
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
    import optuna.visualization.matplotlib as plots
    from optuna.importance import PedAnovaImportanceEvaluator

    if sum(trial.state.name == "COMPLETE" for trial in study.get_trials(deepcopy=False)) < 2:
        return
    named = {"target_name": about.objective}
    evaluator = PedAnovaImportanceEvaluator()
    wide = 2.9 * len(about.space) + 3
    drawn: dict[str, tuple[Callable[..., Any], dict[str, Any], float]] = {
        "history": (plots.plot_optimization_history, named, 8),
        "importances": (plots.plot_param_importances, {"evaluator": evaluator}, 8),
        "parallel": (plots.plot_parallel_coordinate, named, wide),
        "slices": (plots.plot_slice, named, wide),
    }
    # Optuna sets a style of its own, which would stay without the context.
    with style.pyplot() as plt, warnings.catch_warnings(action="ignore"):
        titles = headings(study, about, evaluator)
        for picture, (plot, options, width) in drawn.items():
            plot(study, **options)
            plt.rcParams.update(style.STYLE)
            figure = plt.gcf()
            figure.set_size_inches(width, 4.8)
            tidy(figure, about)
            figure.suptitle(titles[picture], x=0.01, ha="left", fontsize=11)
            if picture in ("history", "importances"):
                figure.tight_layout()
            figure.savefig(about.folder / f"{picture}.png", dpi=110, bbox_inches="tight")
            plt.close(figure)


def headings(
    study: "Study", about: About, evaluator: "PedAnovaImportanceEvaluator"
) -> dict[str, str]:
    """What each picture shows, as its title."""
    from optuna.importance import get_param_importances

    best = study.best_trial
    reached = f"trial {best.number} is the best: {about.objective} {best.value:.4f}"
    weights = get_param_importances(study, evaluator=evaluator)
    first, weight = max(weights.items(), key=lambda one: one[1])
    return {
        "history": f"Of {len(study.trials)} trials, {reached} on validation",
        "importances": f"{first} matters most: {weight:.0%} of the variance that is explained",
        "parallel": f"All complete trials, dark where they are good; {reached}",
        "slices": f"{about.objective} by each parameter; {reached}",
    }


def tidy(figure: "Figure", about: About) -> None:
    """Give what Optuna draws the suite's look; mend labels that overlap and lines in white."""
    from matplotlib.collections import LineCollection
    from matplotlib.ticker import NullFormatter

    for axes in figure.axes:
        axes.set_title("")
        axes.set_facecolor("white")
        axes.tick_params(colors="black")
        for label in (axes.xaxis.label, axes.yaxis.label):
            label.set(color="black", size=style.STYLE["font.size"])
        for number, drawn in enumerate(axes.lines, 1):
            drawn.set_color(style.colour(number))
        if axes.get_legend():  # drawn again, in these colours
            axes.legend(loc="lower right")
        axes.spines[["left", "bottom"]].set(visible=True, color="black")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(False)
        if axes.get_xscale() == "log":
            axes.xaxis.set_minor_formatter(NullFormatter())
        for bar in axes.containers:
            for part in bar:
                part.set_color(style.PLAIN)
        for lines in axes.collections:
            if isinstance(lines, LineCollection):  # a trial each, the best one dark
                lines.set_cmap("viridis" if about.direction == "minimize" else "viridis_r")
