"""What the dialogues came to: figures with intervals, the table, the chart, some to read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crs import stats
from crs.charts import SUCCESS, TURN, success_by_turn
from crs.config import MultiTurn, Talks
from crs.dialogue.replies import reply
from crs.metrics import per_case
from crs.results import COLUMNS, MARKDOWN, PARQUET, markdown
from crs.store import Artifact
from multi_turn.loop import Loop

BEFORE = " before re-ranking"
SUCCESSES = "successes"
SAMPLE = 4
"""Dialogues to read, of those that succeed late and of those that fail."""


def rows_of(
    label: str,
    part: str,
    figures: dict[tuple[str, int], np.ndarray],
    cluster: np.ndarray,
    settings: MultiTurn,
) -> list[dict[str, Any]]:
    """Means of figures [n] with intervals that resample users, in the long form."""
    if not len(cluster):
        return []
    values = np.stack(list(figures.values()), axis=1).astype(np.float64)
    low, high = stats.bootstrap_intervals(
        values, cluster, settings.resamples, settings.level, settings.seed
    )
    means = values.mean(0)
    return [
        {"scorer": label, "slice": part, "metric": metric, "k": k, "value": mean, "low": lo,
         "high": hi, "cases": len(cluster)}
        for (metric, k), mean, lo, hi in zip(figures, means, low, high, strict=True)
    ]  # fmt: skip


def line_rows(
    label: str, log: pd.DataFrame, users: np.ndarray, settings: MultiTurn
) -> list[dict[str, Any]]:
    """All figures of one line, from its part of the log.

    `success` and `avg_turns` are over all dialogues; those of a turn are over the dialogues that
    are still open in it.
    """
    k, turns = settings.shown, settings.turns
    won = np.full(len(users), np.inf)
    hits = log[log["success"]]
    won[hits["case"]] = hits["turn"]
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
        rows += rows_of(label, f"{TURN}{turn}{BEFORE}", per_case(before, settings.ks), cluster,
                        settings)  # fmt: skip
        rows += rows_of(label, f"{TURN}{turn}", per_case(after, settings.ks) | {
            ("won", k): (after <= k) & (before > k), ("lost", k): (after > k) & (before <= k),
            ("relaxed", k): now["broken"].to_numpy() > 0,
        }, cluster, settings)  # fmt: skip
        read = now[now["embedded"]]
        rows += rows_of(label, f"{TURN}{turn}", {("nearest_text", k): read["nearest"].to_numpy()},
                        users[read["case"]], settings)  # fmt: skip
    return rows


def by_turn(long: pd.DataFrame, settings: MultiTurn) -> pd.DataFrame:
    """One row a line: success by each turn, average turns."""
    rows = []
    for label, one in long.groupby("scorer", sort=False):
        cell = one.set_index(["slice", "metric", "k"])
        k = settings.shown
        row = {"scorer": label, "sees": one["sees"].iloc[0]}
        for turn in range(1, settings.turns + 1):
            row[f"turn {turn}"] = f"{cell.loc[(f'{TURN}{turn}', SUCCESS, k), 'value']:.3f}"
        last = cell.loc[("all", SUCCESS, k)]
        row[f"turn {settings.turns}"] += f" [{last['low']:.3f}, {last['high']:.3f}]"
        row["average turns"] = f"{cell.loc[('all', 'avg_turns', k), 'value']:.2f}"
        alone = (SUCCESSES, "avg_turns", k)
        row["of successes"] = f"{cell.loc[alone, 'value']:.2f}" if alone in cell.index else "–"
        rows.append(row)
    return pd.DataFrame(rows)


def effect(long: pd.DataFrame, label: str, settings: MultiTurn) -> pd.DataFrame:
    """One row a turn: what re-ranking did for one line, over the dialogues still open."""
    one = long[long["scorer"] == label].set_index(["slice", "metric", "k"])["value"]
    rows = []
    for turn in range(1, settings.turns + 1):
        now, before, k = f"{TURN}{turn}", f"{TURN}{turn}{BEFORE}", settings.shown
        if (now, "won", k) not in one.index:
            break
        rows.append({
            "turn": turn, "HR@10 before": one[before, "hr", 10], "after": one[now, "hr", 10],
            "NDCG@10 before": one[before, "ndcg", 10], "after ": one[now, "ndcg", 10],
            f"won@{k}": one[now, "won", k], f"lost@{k}": one[now, "lost", k],
            "relaxed": one[now, "relaxed", k],
            "nearest text": one.get((now, "nearest_text", k), np.nan),
        })  # fmt: skip
    frame = pd.DataFrame(rows)
    texts = frame.drop(columns="turn").map("{:.3f}".format).replace("nan", "–")
    return pd.concat([frame["turn"], texts], axis=1)


def to_read(log: pd.DataFrame, label: str, titles: list[str]) -> str:
    """Some dialogues of one line as Markdown: late successes and failures."""
    mine = log[log["scorer"] == label]
    ends = mine.groupby("case").agg(turns=("turn", "max"), success=("success", "max"))
    late = ends[ends["success"] & (ends["turns"] > 1)].index[:SAMPLE]
    lost = ends[~ends["success"]].index[:SAMPLE]
    parts = [f"# Dialogues of {label}", ""]
    for case in [*late, *lost]:
        turns = mine[mine["case"] == case].sort_values("turn")
        end = "found" if ends["success"][case] else "not found"
        parts += [
            f"## User {turns['user'].iloc[0]}, looking for {turns['title'].iloc[0]}: {end}",
            "",
        ]
        for said, text in turns[["said", "reply"]].itertuples(index=False):
            parts += [f"**User:** {said}", "", text, ""]
    if len(parts) == 2:
        parts.append("Every dialogue succeeded in its first turn.")
    return "\n".join(parts) + "\n"


def dialogues(log: pd.DataFrame, loop: Loop, dataset: Artifact) -> pd.DataFrame:
    """The log with names: who talks, about what, and what the system answers."""
    items, names = dataset.load("items.parquet"), dataset.load("attributes.parquet")["name"]
    titles, attributes = ["", *items["title"]], ["", *names]
    cases, size = loop.cases, len(loop.cases)
    case = log["dialogue"].to_numpy() % size
    target = cases.target.numpy()[case]
    named = log.assign(
        scorer=[loop.line_of(d).label for d in log["dialogue"]], case=case,
        user=cases.user.numpy()[case], cut=cases.cut.numpy()[case], target=target,
        title=[titles[i] for i in target],
        reply=[reply(json.loads(asked), shown, titles, attributes)
               for asked, shown in zip(log["requirements"], log["shown"], strict=True)],
    )  # fmt: skip
    first = ["scorer", "case", "user", "cut", "target", "title", "turn", "said", "reply", "success"]
    others = [name for name in named if name not in (*first, "dialogue")]
    return named.sort_values(["dialogue", "turn"], kind="stable")[[*first, *others]]


def own_label(labels: list[str], model: str) -> str:
    """The line that is shown in detail: the last of the model's own."""
    own = [label for label in labels if label.startswith(model.replace("_", " "))]
    return (own or labels)[-1]


def text(long: pd.DataFrame, label: str, settings: Talks, facts: list[str]) -> str:
    """The Markdown twin of the table."""
    turns = settings.multi_turn
    data = long["dataset"].iloc[0]
    lines = [
        f"### {settings.model} on {data}: success in at most {turns.turns} turns", "",
        markdown(by_turn(long, turns)), "",
        f"Share of {long['cases'].max()} dialogues in which the target was among the {turns.shown} "
        f"items shown by that turn; {turns.level:.0%} intervals resample users. Average turns "
        f"count {turns.turns} for a failure. Protocol `{turns.protocol}`, {turns.split} split, "
        f"simulated user `{settings.simulate.simulator.kind}`, understanding "
        f"`{turns.understanding}`, seed {settings.seed}.",
        *facts, "", f"What re-ranking did in the dialogues of {label} that were still open:", "",
        markdown(effect(long, label, turns)), "",
        "won, lost: targets that it brought among the items shown, and out of them. relaxed: too "
        "few items kept all hard requirements. nearest text: cosine of the embedded text with the "
        "nearest one of training.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def write(
    log: pd.DataFrame, loop: Loop, settings: Talks, inputs: dict[str, Artifact], folder: Path
) -> dict[str, Any]:
    """All files of the stage, and the summary of its manifest."""
    context, turns = loop.context, settings.multi_turn
    log = dialogues(log, loop, inputs["dataset"])
    users, labels = loop.cases.user.numpy(), [line.label for line in loop.lines]
    long = pd.DataFrame([
        row for label in labels
        for row in line_rows(label, log[log["scorer"] == label], users, turns)
    ])  # fmt: skip
    sees = {line.label: line.recommender.sees for line in loop.lines}
    data = inputs["dataset"].summary["label"]
    long = long.assign(
        dataset=data, model=settings.model, sees=long["scorer"].map(sees), protocol=turns.protocol,
        split=turns.split, seed=settings.seed, fingerprint=context.fingerprint,
    )[COLUMNS]  # fmt: skip
    answers = log[log["turn"] > 1]
    leaks = {kind: int((answers["leak"] == kind).sum()) for kind in ("exact", "fuzzy")}
    facts = [f"Of {len(answers):,} answers {leaks['exact']} name the target and {leaks['fuzzy']} "
             "nearly do."]  # fmt: skip
    if "generated" in data:
        facts.append("Generated data: these figures show that the code runs, and nothing else.")
    label = own_label(labels, settings.model)
    long.to_parquet(folder / PARQUET, index=False)
    log.to_parquet(folder / "dialogues.parquet", index=False)
    (folder / MARKDOWN).write_text(text(long, label, settings, facts))
    sample = to_read(log, label, ["", *inputs["dataset"].load("items.parquet")["title"]])
    (folder / "dialogues.md").write_text(sample)
    success_by_turn(long, folder / "success.png", f"{settings.model} on {data}")
    context.tracker.table("multi_turn/results", by_turn(long, turns))
    few = log[(log["scorer"] == label) & (log["case"] < 50)]
    context.tracker.table("multi_turn/dialogues", few[["case", "title", "turn", "said", "reply"]])
    context.tracker.image("multi_turn/success", folder / "success.png")
    context.note(f"{len(loop.cases):,} cases, {len(labels)} scorers, {len(log):,} turns")
    last = long[(long["slice"] == "all") & (long["metric"] == SUCCESS)]
    return {"leak_exact": leaks["exact"], "leak_fuzzy": leaks["fuzzy"], "answers": len(answers)} | {
        f"success {name}": float(value)
        for name, value in last[["scorer", "value"]].itertuples(index=False)
    }
