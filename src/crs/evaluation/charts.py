"""Pictures that more than one place draws."""

from pathlib import Path
from typing import TYPE_CHECKING

from crs.evaluation import style

if TYPE_CHECKING:
    import pandas as pd

SUCCESS = "success"
TURN = "turn="
"""A slice `turn=3` is the third turn."""


def success_by_turn(long: "pd.DataFrame", path: Path, title: str) -> None:
    """Share of dialogues that have succeeded by each turn, a line with its interval a scorer.

    Args:
        long: a table of results; its rows `success` in slices `turn=t` are drawn, one panel for
            each re-ranker.
    """
    from crs.recommender import scorer_and_reranker

    rows = long[(long["metric"] == SUCCESS) & long["slice"].str.startswith(TURN)]
    rows = rows.assign(
        turn=rows["slice"].str.removeprefix(TURN).astype(int),
        name=[scorer_and_reranker(label)[0] for label in rows["scorer"]],
        reranker=[scorer_and_reranker(label)[1].removeprefix(" + ") for label in rows["scorer"]],
    )
    rerankers, names = list(rows["reranker"].unique()), list(rows["name"].unique())
    with style.pyplot() as plt:
        figure, panels = plt.subplots(
            1,
            len(rerankers),
            figsize=(5.5 * len(rerankers), 4.2),
            sharey=True,
            squeeze=False,
            layout="constrained",
        )
        for axes, reranker in zip(panels[0], rerankers, strict=True):
            for number, name in enumerate(names):
                line = rows[(rows["reranker"] == reranker) & (rows["name"] == name)]
                line = line.sort_values("turn")
                axes.plot(line["turn"], line["value"], label=name, **style.line(number))
                axes.fill_between(
                    line["turn"], line["low"], line["high"], alpha=0.12, color=style.colour(number)
                )
            axes.set_title(f"with {reranker}" if reranker else "by score")
            axes.set_xlabel("turn")
            axes.set_xticks(sorted(rows["turn"].unique()))
        panels[0][0].set_ylabel("share of dialogues that have succeeded")
        panels[0][0].legend()
        figure.suptitle(style.heading(most(rows), title), parse_math=False)
        figure.savefig(path)
        plt.close(figure)


def most(rows: "pd.DataFrame") -> str:
    """Who has succeeded most by the last turn, in a sentence."""
    last = rows[rows["turn"] == rows["turn"].max()].nlargest(1, "value").iloc[0]
    return f"Most by turn {last['turn']}: {last['scorer']}, {last['value']:.0%} of dialogues"
