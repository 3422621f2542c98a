"""A leaderboard: on each dataset one row a model, every row against the best baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crs.evaluation.metrics import DEFAULT, RANK_METRICS
from crs.evaluation.results import SECONDS
from crs.models import recipes
from crs.report.alike import questions
from crs.report.collect import Record
from crs.report.entries import Entries, Entry
from crs.report.spent import Spent, spent
from crs.report.table import ALL, Table, long_of, table

if TYPE_CHECKING:
    import pandas as pd

METRIC = RANK_METRICS[DEFAULT[0]].at(DEFAULT[1])
"""The metric of the tests, by which the rows are sorted on validation too."""
SHOWN = 3
"""So many figures of a table are shown to readers; the CSV has all."""


@dataclass(frozen=True)
class Against:
    """A row against the best baseline, over the seeds that both have.

    Attributes:
        holm: p by Holm over the rows of the board.
    """

    difference: float
    low: float
    high: float
    p: float
    holm: float

    def __str__(self) -> str:
        return f"{self.difference:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


@dataclass
class Board:
    """Results that answer one question, a row a model."""

    entries: list[Entry]

    @cached_property
    def table(self) -> Table:
        """The scorer of each model that is the best of its own on validation; the best first."""
        records = [record for entry in self.entries for record in entry.found]
        long = long_of(records, [{}] * len(records))
        long = long[~long["protocol"].isin(SECONDS)]
        pairs = zip(long["model"], long["scorer"], strict=True)
        whole = table(long[[scorer in recipes()[model].own_scorers for model, scorer in pairs]])
        best: dict[str, dict[str, Any]] = {}
        for row in whole.rows:
            best.setdefault(row["model"], row)
        return Table(whole.keys, whole.figures, [*best.values()])

    @cached_property
    def found(self) -> dict[str, list[Record]]:
        """The results of each model."""
        return {entry.model: entry.found for entry in self.entries}

    @cached_property
    def spent(self) -> dict[str, list[Spent]]:
        """What each result of a model took."""
        return {model: [spent(record) for record in found] for model, found in self.found.items()}

    @property
    def baseline(self) -> str | None:
        """The best baseline on validation. A baseline is a model that has no stage of its own."""
        models = (row["model"] for row in self.table.rows)
        return next((model for model in models if not recipes()[model].stages), None)

    @cached_property
    def against(self) -> dict[str, Against]:
        """Every other model against the best baseline, where they have a seed in common."""
        from crs.report.paired import Side, compare, side

        scorers = {row["model"]: row["scorer"] for row in self.table.rows}

        def of(model: str, seeds: Sequence[int]) -> Side:
            records = [record for record in self.found[model] if record.seed in seeds]
            return side(model, records, scorers[model], ALL, [])

        pairs, best = [], self.baseline
        for model in scorers if best else ():
            seeds = [record.seed for record in self.found[model]]
            shared = [one.seed for one in self.found[best or ""] if one.seed in seeds]
            if model != best and shared:
                pairs.append((of(model, shared), of(best or "", shared)))
        if not pairs:
            return {}
        tests = compare(pairs)
        tests = tests[(tests["metric"] == METRIC) & tests["cases"].str.startswith(f"{ALL} (")]
        columns = ["difference", "low", "high", "p", "p (Holm)"]
        values = zip(*(tests[name].tolist() for name in columns), strict=True)
        return {model: Against(*one) for model, one in zip(tests["scorer"], values, strict=True)}

    def texts(self) -> "pd.DataFrame":
        """The table as people read it."""
        short = Table(self.table.keys, self.table.figures[:SHOWN], self.table.rows)
        frame = short.texts()
        models = [row["model"] for row in self.table.rows]
        several = [row["model"] for row in self.table.rows if row["scorer"] != plain(row["model"])]
        if not several:
            frame = frame.drop(columns="scorer")
        if self.against:
            tests = [self.against.get(model) for model in models]
            frame[f"against {self.baseline} [95 %]"] = [str(test or "–") for test in tests]
            frame["p (Holm)"] = [f"{test.holm:.4f}" if test else "–" for test in tests]
        frame["minutes"] = [f"{self.minutes(model):.1f}" for model in models]
        frame["MB"] = [f"{self.memory(model):,}" for model in models]
        frame["parameters"] = [f"{self.parameters(model):,}" for model in models]
        return frame

    def stages(self) -> "pd.DataFrame":
        """Seconds by stage, a row a model."""
        import pandas as pd

        models = [row["model"] for row in self.table.rows]
        took = {model: self.seconds(model) for model in models}
        stages = dict.fromkeys(stage for one in took.values() for stage in one)
        rows = [
            {"model": model} | {s: f"{one[s]:.1f}" if s in one else "–" for s in stages}
            for model, one in took.items()
        ]
        return pd.DataFrame(rows)

    def commands(self) -> list[str]:
        """The command of each row."""
        return [self.command(row["model"]) for row in self.table.rows]

    def numbers(self) -> "pd.DataFrame":
        """The table as programs read it."""
        frame = self.table.numbers()
        models = [row["model"] for row in self.table.rows]
        tests = [self.against.get(model) for model in models]
        frame["against"] = self.baseline
        for name in ("difference", "low", "high", "p", "holm"):
            frame[name] = [getattr(test, name) if test else None for test in tests]
        frame["minutes"] = [round(self.minutes(model), 3) for model in models]
        frame["peak_memory_mb"] = [self.memory(model) for model in models]
        frame["parameters"] = [self.parameters(model) for model in models]
        frame["command"] = [self.command(model) for model in models]
        frame["results"] = [
            " ".join(record.artifact.fingerprint for record in self.found[m]) for m in models
        ]
        return frame

    def minutes(self, model: str) -> float:
        """Of one seed, the mean over the seeds."""
        return sum(self.seconds(model).values()) / 60

    def seconds(self, model: str) -> dict[str, float]:
        """By stage, of one seed, the mean over the seeds."""
        took = self.spent[model]
        stages = dict.fromkeys(stage for one in took for stage in one.seconds)
        return {s: sum(one.seconds.get(s, 0) for one in took) / len(took) for s in stages}

    def memory(self, model: str) -> int:
        """The most of any seed, in MB."""
        return max(one.memory_mb for one in self.spent[model])

    def parameters(self, model: str) -> int:
        """The most of any seed, which differ where a seed chose another shape."""
        return max(one.parameters for one in self.spent[model])

    def command(self, model: str) -> str:
        """The command of a row."""
        [entry] = [entry for entry in self.entries if entry.model == model]
        return entry.command([record.seed for record in entry.found])


def plain(model: str) -> str:
    """A model's name as that of its scorer, where it has one."""
    return model.replace("_", " ")


@dataclass
class Standing:
    """A dataset: a board for each question that its results answer, and what is missing."""

    dataset: str
    entries: list[Entry]

    @cached_property
    def boards(self) -> list[Board]:
        """The boards; none without results."""
        found = [entry for entry in self.entries if entry.found]
        by_first = {id(entry.found[0]): entry for entry in found}
        alike = questions([entry.found[0] for entry in found])
        return [Board([by_first[id(record)] for record in records]) for records in alike]

    @property
    def missing(self) -> list[Entry]:
        """The entries that lack a seed."""
        return [entry for entry in self.entries if entry.missing]


@dataclass
class Leaderboard:
    """Every dataset, and what no row is made of.

    Attributes:
        command: that makes it.
    """

    entries: Entries
    command: str

    @cached_property
    def standings(self) -> list[Standing]:
        """Of each dataset that can be had; those that have a row first."""
        found = [Standing(name, entries) for name, entries in self.entries.entries.items()]
        return sorted(found, key=lambda standing: not standing.boards)

    def csv(self) -> "pd.DataFrame":
        """All boards as one table for programs."""
        import pandas as pd

        boards = [board for standing in self.standings for board in standing.boards]
        frames = [board.numbers() for board in boards]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
