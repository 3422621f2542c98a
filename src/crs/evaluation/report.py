"""The report of the stage `evaluate`: its table as Markdown, and a chart."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crs.data.cases import ALL, DIALOGUES, NO_REPEATS, REPEATS
from crs.data.sequences import REPEATING, Sequences
from crs.escape import markup
from crs.evaluation import style
from crs.evaluation.controls import about_controls
from crs.evaluation.list_metrics import LIST_METRICS
from crs.evaluation.metrics import DEFAULT, RANK_METRICS, key
from crs.evaluation.results import CANDIDATES, SHUFFLED, beyond_accuracy, headline, markdown
from crs.stages.controls import HELDOUT, NOISE, SLICES
from crs.stages.evaluation import Evaluate, Evaluation

CHARTED = RANK_METRICS[DEFAULT[0]].at(DEFAULT[1])
ITEMS_ALONE = ("nothing", "history", "items of the context")
"""What a scorer sees that knows nothing of what was said."""


def chart(long: pd.DataFrame, path: Path, *title: str) -> None:
    """The default metric of each scorer with its interval, as a PNG.

    Args:
        title: its lines.
    """
    metric, k = DEFAULT
    part = long[(long["metric"] == metric) & (long["k"] == k) & (long["slice"] == ALL)]
    part = part[part["split"] == "test"].iloc[::-1]
    spread = np.abs(part[["low", "high"]].to_numpy().T - part["value"].to_numpy())
    colours = [style.QUIET if sees in ITEMS_ALONE else style.PLAIN for sees in part["sees"]]
    with style.pyplot() as plt:
        figure, axes = plt.subplots(figsize=(7, 0.5 * len(part) + 1.2), layout="constrained")
        axes.barh(part["scorer"], part["value"], xerr=spread, color=colours, capsize=3)
        axes.set_xlabel(f"{CHARTED} (test); blue: sees more than items")
        figure.suptitle(style.heading(*title), parse_math=False)
        figure.savefig(path)
        plt.close(figure)


def finding(tests: pd.DataFrame, level: float) -> str:
    """What the default metric says of the model's scorer and the nearest other, in a sentence.

    Args:
        tests: the scorer that is compared against each other, as `tests.parquet` has it.
        level: of the intervals; a p of Holm below 1 - level counts as a difference.
    """
    metric, k = DEFAULT
    part = tests[(tests["metric"] == metric) & (tests["k"] == k) & (tests["slice"] == ALL)]
    if not len(part):
        return ""
    one = part.nsmallest(1, "difference").iloc[0]
    if one["p_holm"] >= 1 - level:
        return f"{one['scorer']} and {one['against']} are not told apart"
    ahead, behind = (one["scorer"], one["against"])[:: 1 if one["difference"] > 0 else -1]
    return f"{ahead} leads {behind} by {abs(one['difference']):.4f} (p {one['p_holm']:.4f})"


def by_slice(long: pd.DataFrame) -> pd.DataFrame:
    """The default metric on test, a row for each slice beside `all`, a column for each scorer."""
    metric, k = DEFAULT
    part = long[(long["split"] == "test") & (long["metric"] == metric) & (long["k"] == k)]
    part = part[~part["slice"].isin([ALL, SHUFFLED, *SLICES.values()])]
    part = part[~part["slice"].str.startswith(NOISE)]
    wide = part.pivot_table(index=["slice", "cases"], columns="scorer", values="value", sort=False)
    return wide.map("{:.4f}".format).reset_index()


def again(sequences: Sequences, seen: str) -> str:
    """How cases are ranked where users take items again: a sentence for the table."""
    about = (
        f"Users take items again here: {sequences.repeats:.1%} of the training interactions repeat "
        f"an earlier one (more than {REPEATING:.0%})"
    )
    ranked = "" if seen == "zero" else ", so items of the history are ranked in every case"
    return f"{about}{ranked}. `{REPEATS}`: the target is in its history."


def about_dialogues(summary: dict[str, Any]) -> str:
    """Where attribute dialogues came from: a sentence for the table.

    Args:
        summary: of a `dialogues` artifact.
    """
    own = summary["own"]
    parts = ", ".join(
        f"{summary[split]:,} for {name} {'released' if split in own else 'simulated'}"
        for split, name in (("train", "training"), ("valid", "validation"), ("test", "test"))
    )
    about = "" if "train" in own else ", training about earlier items of the users' histories"
    return (
        f"Attribute dialogues: {parts}{about}. The user accepts what the target has, so attributes "
        "describe the target by design: scorers that read them are not comparable with others."
    )


def about_weights(summary: dict[str, Any]) -> str:
    """Which weights the sums of scores have: a sentence for the table.

    Args:
        summary: of a `fusion` artifact.
    """
    metric, k = DEFAULT
    sums = (
        f"{name} has {', '.join(f'{w:g} for {part}' for part, w in one['weights'].items())} "
        f"({one[key(metric, k)]:.4f} there)"
        for name, one in summary["chosen"].items()
    )
    return f"Weights chosen by {CHARTED} on validation, 1 for the encoder: {'; '.join(sums)}."


def about_lists(long: pd.DataFrame) -> list[str]:
    """The table of the metrics of lists on test, and what they say."""
    table = beyond_accuracy(long).drop(columns=["dataset", "model", "sees", "cases"])
    present = set(long["metric"])
    said = [
        f"{one.label}: {one.meaning[0].lower()}{one.meaning[1:]}"
        if name in present
        else f"{one.label} is left out: no list has {one.needs}."
        for name, one in LIST_METRICS.items()
    ]
    return ["", markdown(table), "", f"The lists of the same cases. {' '.join(said)}"]


def report(
    long: pd.DataFrame,
    tests: pd.DataFrame,
    falls: pd.DataFrame,
    settings: Evaluate,
    sequences: Sequences,
    sampled: dict[str, Any],
    accepted: dict[str, Any],
    weighted: dict[str, Any],
) -> str:
    """The Markdown twin: the table, what it means, the tests.

    Args:
        falls: by what each scorer falls with other texts; empty without such.
        sequences: of the cases.
        sampled, accepted, weighted: summaries of `simulate`, `dialogues` and `fusion`; empty where
            they are no inputs.
    """
    label = long["dataset"].iloc[0]
    evaluation = settings.evaluation
    every, long = long, long[long["protocol"] == evaluation.protocol]
    lines = [
        f"### {settings.model} on {markup(label)}",
        "",
        markdown(headline(long).drop(columns=["dataset", "model"])),
        "",
        f"Test split, protocol `{evaluation.protocol}`, whole catalogue; "
        f"{evaluation.level:.0%} intervals resample users or dialogues; seed {settings.seed}.",
    ]
    lines += about_lists(long)
    for protocol, few in every[every["protocol"] != evaluation.protocol].groupby("protocol"):
        beside = markdown(headline(few).drop(columns=["dataset", "model"]))
        lines += [
            "",
            beside,
            "",
            f"Test split, protocol `{protocol}`: each target among {CANDIDATES} items.",
        ]
    slices = set(long["slice"])
    if REPEATS in slices:
        lines += ["", again(sequences, evaluation.seen)]
    if NO_REPEATS in slices and REPEATS not in slices:
        shown = headline(long, cases=NO_REPEATS).drop(columns=["dataset", "model", "sees"])
        lines += [
            "",
            markdown(shown),
            "",
            "The same without the cases whose item the context has named.",
        ]
    elif len(parts := by_slice(long)):
        lines += ["", markdown(parts), "", f"{CHARTED} by slice, test split."]
    if len(falls):
        lines += about_controls(falls)
    if "local" in label:
        lines.append(f"{markup(label)}: a local file that is not known to be the public one.")
    if "unverified" in label:
        lines.append(f"{markup(label)}: a download whose counts are not the published ones.")
    if "generated" in label:
        lines.append("Generated data: these metrics show that the code runs, and nothing else.")
    if sampled:
        lines.append(
            "The text is simulated from the target's own attributes and year, so it describes the "
            "target by design: scorers that read it are not comparable with those that do not. "
            f"Titles leaked in {sampled['leak_exact']:.2%} (exact) and {sampled['leak_fuzzy']:.2%} "
            "(fuzzy) of first answers."
        )
    if accepted:
        lines.append(about_dialogues(accepted))
    if weighted:
        lines.append(about_weights(weighted))
    metric, k = DEFAULT
    test = long[(long["split"] == "test") & (long["metric"] == metric) & (long["k"] == k)]
    whole, mixed = test[test["slice"] == ALL], test[test["slice"] == SHUFFLED]
    before = dict(zip(whole["scorer"], whole["value"], strict=True))
    for scorer, value in zip(mixed["scorer"], mixed["value"], strict=True):
        lines.append(
            f"With the texts shuffled among cases, {scorer} has {CHARTED} {value:.4f} instead of "
            f"{before[scorer]:.4f} (drop {before[scorer] - value:.4f})."
        )
    if len(tests):
        part = tests[(tests["metric"] == metric) & (tests["k"] == k)]
        part = part[part["slice"].isin([ALL, REPEATS, NO_REPEATS, DIALOGUES, SLICES[HELDOUT]])]
        shown = pd.DataFrame(
            {
                f"{CHARTED} of": part["scorer"],
                "against": part["against"],
                "cases": part["slice"],
                "difference": [
                    f"{d:+.4f} [{low:+.4f}, {high:+.4f}]"
                    for d, low, high in part[["difference", "low", "high"]].itertuples(index=False)
                ],
                "p (Holm)": part["p_holm"].map("{:.4f}".format),
            }
        )
        lines += [
            "",
            markdown(shown),
            "",
            f"{evaluation.level:.0%} intervals, and paired sign-flip tests, two-sided, over "
            "users or dialogues." + few_flips(evaluation, int(part["slice"].value_counts().max())),
        ]
    return "\n".join(lines) + "\n"


def few_flips(evaluation: Evaluation, compared: int) -> str:
    """That no difference can be shown with so few sign flips, after Holm; else nothing."""
    least = compared / (evaluation.permutations + 1)
    if least <= 1 - evaluation.level:
        return ""
    return (
        f" With evaluation.permutations={evaluation.permutations} no p can be below "
        f"{min(1.0, least):.4f}, so that they show nothing."
    )
