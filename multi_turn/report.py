"""The report of the dialogues: metrics with intervals, the table, the chart, some dialogues."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crs.dialogue.questions import NOTHING
from crs.dialogue.replies import reply
from crs.escape import markup
from crs.evaluation.charts import SUCCESS, TURN, success_by_turn
from crs.evaluation.metrics import RANK_METRICS
from crs.evaluation.results import COLUMNS, MARKDOWN, PARQUET, markdown
from crs.recommender import own_scorers
from crs.stages.multi_turn import MultiTurn, MultiTurnSettings
from crs.store.artifact import Artifact
from multi_turn.loop import Loop
from multi_turn.metrics import BEFORE, SUCCESSES, arm_rows, comparisons

SAMPLE = 4
"""Dialogues to read, of those that succeed late and of those that fail."""


def by_turn(long: pd.DataFrame, settings: MultiTurn) -> pd.DataFrame:
    """One row a line: success by each turn, average turns."""
    rows = []
    for label, one in long.groupby("scorer", sort=False):
        k, cells = settings.shown, one.set_index(["slice", "metric", "k"])
        value, last = cells["value"], ("all", SUCCESS, k)
        row = {"scorer": label, "sees": one["sees"].iloc[0]}
        for turn in range(1, settings.turns + 1):
            row[f"turn {turn}"] = f"{value[f'{TURN}{turn}', SUCCESS, k]:.3f}"
        row[f"turn {settings.turns}"] += f" [{cells['low'][last]:.3f}, {cells['high'][last]:.3f}]"
        row["average turns"] = f"{value['all', 'avg_turns', k]:.2f}"
        alone = (SUCCESSES, "avg_turns", k)
        row["of successes"] = f"{value[alone]:.2f}" if alone in value.index else "–"
        rows.append(row)
    return pd.DataFrame(rows)


def effect(long: pd.DataFrame, label: str, settings: MultiTurn) -> pd.DataFrame:
    """One row a turn that lists anything: what re-ranking did for one line, over the dialogues
    still open."""
    one = long[long["scorer"] == label].set_index(["slice", "metric", "k"])["value"]
    rows = []
    for turn in range(1, settings.turns + 1):
        now, before, k = f"{TURN}{turn}", f"{TURN}{turn}{BEFORE}", settings.shown
        if (now, "won", k) not in one.index:  # all are over, or the system asked in all
            continue
        rows.append(
            {
                "turn": turn,
                **{
                    f"{RANK_METRICS[name].at(10)}{when}": one[part, name, 10]
                    for name in ("hr", "ndcg")
                    for when, part in ((" before", before), ("", now))
                },
                f"won@{k}": one[now, "won", k],
                f"lost@{k}": one[now, "lost", k],
                "relaxed": one[now, "relaxed", k],
                "nearest text": one.get((now, "nearest_text", k), np.nan),
            }
        )
    frame = pd.DataFrame(rows)
    texts = frame.drop(columns="turn", errors="ignore").map("{:.3f}".format).replace("nan", "–")
    return frame.assign(**texts)


def names_of(dataset: Artifact) -> tuple[list[str], list[str]]:
    """Titles and attributes by id."""
    items, names = dataset.load("items.parquet"), dataset.load("attributes.parquet")["name"]
    return ["", *items["title"]], ["", *names]


def questions_of(log: pd.DataFrame) -> list[int]:
    """What was asked in each turn; nothing where the system asks no questions."""
    return log["question"].tolist() if "question" in log else [NOTHING] * len(log)


def to_read(log: pd.DataFrame, label: str, titles: list[str], attributes: list[str]) -> str:
    """Some dialogues of one line as Markdown: late successes and failures."""
    titles, attributes = [*map(markup, titles)], [*map(markup, attributes)]
    mine = log[log["scorer"] == label]
    ends = mine.groupby("case").agg(turns=("turn", "max"), success=("success", "max"))
    late = ends[ends["success"] & (ends["turns"] > 1)].index[:SAMPLE]
    lost = ends[~ends["success"]].index[:SAMPLE]
    parts = [f"# Dialogues of {label}", ""]
    for case in [*late, *lost]:
        turns = mine[mine["case"] == case].sort_values("turn")
        end = "found" if ends["success"][case] else "not found"
        user, target = turns[["user", "target"]].iloc[0]
        parts += [f"## User {user}, looking for {titles[target]}: {end}", ""]
        told = turns[["said", "requirements", "shown"]].assign(question=questions_of(turns))
        for said, asked, shown, question in told.itertuples(index=False):
            answer = reply(json.loads(asked), shown, titles, attributes, question)
            parts += [f"**User:** {markup(said)}", "", answer, ""]
    if len(parts) == 2:
        parts.append("Every dialogue succeeded in its first turn.")
    return "\n".join(parts) + "\n"


def dialogues(log: pd.DataFrame, loop: Loop, dataset: Artifact) -> pd.DataFrame:
    """The log with names: who talks, about what, and what the system answers."""
    titles, attributes = names_of(dataset)
    cases, size = loop.cases, len(loop.cases)
    case = log["dialogue"].to_numpy() % size
    target = cases.target.numpy()[case]
    named = log.assign(
        scorer=[loop.arm_of(d).label for d in log["dialogue"]],
        case=case,
        user=cases.user.numpy()[case],
        cut=cases.cut.numpy()[case],
        target=target,
        title=[titles[i] for i in target],
        reply=[
            reply(json.loads(asked), shown, titles, attributes, question)
            for asked, shown, question in zip(
                log["requirements"], log["shown"], questions_of(log), strict=True
            )
        ],
    )
    first = ["scorer", "case", "user", "cut", "target", "title", "turn", "said", "reply", "success"]
    others = [name for name in named if name not in (*first, "dialogue")]
    return named.sort_values(["dialogue", "turn"], kind="stable")[[*first, *others]]


def compared(tests: pd.DataFrame) -> list[str]:
    """What the tests say of average turns, as lines of Markdown."""
    part = tests[tests["metric"] == "avg_turns"]
    if part.empty:
        return []
    shown = pd.DataFrame(
        {
            "average turns of": part["scorer"],
            "against": part["against"],
            "difference": part["difference"].map("{:+.3f}".format),
            "p (Holm)": part["p_holm"].map("{:.4f}".format),
        }
    )
    note = "Fewer turns are better. Paired sign-flip tests over users, two-sided."
    return [markdown(shown), "", note, ""]


def text(
    long: pd.DataFrame,
    tests: pd.DataFrame,
    label: str,
    settings: MultiTurnSettings,
    facts: list[str],
) -> str:
    """The Markdown twin of the table."""
    turns = settings.multi_turn
    data = long["dataset"].iloc[0]
    lines = [
        f"### {settings.model} on {markup(data)}: success in at most {turns.turns} turns",
        "",
        markdown(by_turn(long, turns)),
        "",
        f"Share of {long['cases'].max()} dialogues in which the target was among the {turns.shown} "
        f"items shown by that turn; {turns.level:.0%} intervals resample users. Average turns "
        f"count {turns.turns} for a failure. Protocol `{turns.protocol}`, {turns.split} split, "
        f"simulated user `{settings.simulate.simulator.kind}`, understanding "
        f"`{turns.understanding}`, seed {settings.seed}.",
        *facts,
        "",
        *compared(tests),
    ]
    if len(did := effect(long, label, turns)):
        lines += [
            f"What re-ranking did in the dialogues of {label} that were still open:",
            "",
            markdown(did),
            "",
            "won, lost: targets that it brought among the items shown, and out of them. relaxed: "
            "too few items kept all hard requirements. nearest text: cosine of the embedded text "
            "with the nearest one of training.",
        ]
    return "\n".join(lines) + "\n"


def write(
    log: pd.DataFrame,
    loop: Loop,
    settings: MultiTurnSettings,
    inputs: dict[str, Artifact],
    folder: Path,
) -> dict[str, Any]:
    """All files of the stage, and the summary of its manifest."""
    context, turns = loop.context, settings.multi_turn
    log = dialogues(log, loop, inputs["dataset"])
    users, labels = loop.cases.user.numpy(), [arm.label for arm in loop.arms]
    long = pd.DataFrame(
        [
            row
            for label in labels
            for row in arm_rows(label, log[log["scorer"] == label], users, turns)
        ]
    )
    sees = {arm.label: arm.recommender.sees for arm in loop.arms}
    data = inputs["dataset"].summary["label"]
    long = long.assign(
        dataset=data,
        model=settings.model,
        sees=long["scorer"].map(sees),
        protocol=turns.protocol,
        split=turns.split,
        seed=settings.seed,
        fingerprint=context.fingerprint,
    )[COLUMNS]
    # First words of the training texts were audited with these.
    answers = log if settings.other_user else log[log["turn"] > 1]
    leaks = {kind: int((answers["leak"] == kind).sum()) for kind in ("exact", "fuzzy")}
    said = "utterances" if settings.other_user else "answers"
    facts = [
        f"Of {len(answers):,} {said} {leaks['exact']} name the target and {leaks['fuzzy']} "
        "nearly do."
    ]
    if settings.other_user:
        facts.append("This user says the first words too; the training texts are another user's.")
    ends = log.groupby(["scorer", "case"]).agg(turn=("turn", "max"), success=("success", "max"))
    led = len(loop.talks)  # who leaves at once has no row
    if left := led - int((ends["success"] | (ends["turn"] == turns.turns)).sum()):
        facts.append(f"In {left:,} of {led:,} dialogues the user left before the last turn.")
    if loop.cases.sequences.repeating and turns.seen == "out":
        facts.append("Users take items again here, so items of the history are recommended too.")
    if turns.questions != "none":
        asked = sum(question != NOTHING for question in questions_of(log))
        facts.append(f"In {asked:,} of {len(log):,} turns the system asks a question.")
    if "generated" in data:
        facts.append("Generated data: these metrics show that the code runs, and nothing else.")
    label = own_scorers(settings.own_scorers, labels)[-1]
    by_reranker = [
        [arm.label for arm in loop.arms if arm.reranker == reranker] for reranker in turns.rerankers
    ]
    tests = comparisons(log, by_reranker, settings.own_scorers, users, turns)
    tests.to_parquet(folder / "tests.parquet", index=False)
    long.to_parquet(folder / PARQUET, index=False)
    log.to_parquet(folder / "dialogues.parquet", index=False)
    (folder / MARKDOWN).write_text(text(long, tests, label, settings, facts))
    sample = to_read(log, label, *names_of(inputs["dataset"]))
    (folder / "dialogues.md").write_text(sample)
    success_by_turn(long, folder / "success.png", f"{settings.model} on {data}")
    context.note(f"{len(loop.cases):,} cases, {len(labels)} scorers, {len(log):,} turns")
    last = long[(long["slice"] == "all") & (long["metric"] == SUCCESS)]
    return {"leak_exact": leaks["exact"], "leak_fuzzy": leaks["fuzzy"], "answers": len(answers)} | {
        f"success {name}": float(value)
        for name, value in last[["scorer", "value"]].itertuples(index=False)
    }
