"""Write scores and commands into docs/cards/: from docs/leaderboard.csv and the recipes."""

import sys
from collections.abc import Iterable
from pathlib import Path
from textwrap import fill

import pandas as pd

from crs.evaluation.results import markdown
from crs.models import recipes
from crs.models.recipe import Model

DOCS = Path(__file__).parents[1] / "docs"
CARDS, SCORES = DOCS / "cards", DOCS / "leaderboard.csv"
BEGIN, END = "<!-- scripts/refresh_cards.py writes this -->", "<!-- until here -->"
NO_ROW = "There is no row of it on the [leaderboard](../leaderboard.md) yet."


def part(model: Model, board: pd.DataFrame) -> str:
    """What is written about a model: its rows, their commands, and what its recipe declares."""
    rows = board[board["model"] == model.name]
    table = (
        markdown(pd.DataFrame(shown(row) for _, row in rows.iterrows())) if len(rows) else NO_ROW
    )
    commands = rows["command"].tolist() or [
        f"python src/train.py model={model.name} dataset=ml100k"
    ]
    return "\n\n".join([table, "## Command", *(f"    {one}" for one in commands), declared(model)])


def declared(model: Model) -> str:
    """What a model needs, reads and can be set."""
    lines = [
        f"- Items of a dataset must have: {listed(model.requires) or 'nothing but an id'}.",
        f"- Stages that its scorers read: {listed(model.reads)}.",
    ]
    if model.groups:
        lines.append(f"- Settings of its own: {listed(model.groups)} ([settings](../settings.md)).")
    return "\n".join(fill(line, 100, subsequent_indent="  ") for line in lines)


def listed(names: Iterable[str]) -> str:
    """Names as code."""
    return ", ".join(f"`{name}`" for name in names)


def shown(row: pd.Series) -> dict[str, str]:
    """A row of the leaderboard in few columns."""
    compared = "the baseline" if pd.isna(row["difference"]) else (
        f"{row['difference']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}], p {row['holm']:.4f}"
    )  # fmt: skip
    return {
        "dataset": row["dataset"],
        "scorer": row["scorer"],
        "sees": row["sees"],
        "cases": f"{row['cases']:,}",
        "seeds": str(row["seeds"]),
        "NDCG@10": spread(row, "NDCG@10"),
        "HR@10": spread(row, "HR@10"),
        "NDCG@10 against the best baseline": compared,
        "minutes": f"{row['minutes']:.1f}",
        "parameters": f"{row['parameters']:,}",
    }


def spread(row: pd.Series, metric: str) -> str:
    """A mean over seeds, and half of its 95 % interval where there are several."""
    half = row[f"{metric} ±"]
    return f"{row[metric]:.4f}" + ("" if pd.isna(half) else f" ± {half:.4f}")


def document(model: Model) -> str:
    """The card of a model as it is to be today."""
    before, _, rest = (CARDS / f"{model.name}.md").read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{part(model, pd.read_csv(SCORES))}\n\n{END}{after}"


if __name__ == "__main__":
    for recipe in recipes().values():
        (CARDS / f"{recipe.name}.md").write_text(document(recipe))
    sys.stdout.write(f"wrote {CARDS}\n")
