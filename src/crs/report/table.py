"""The table of a report: mean and interval over seeds, the best on validation first."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crs.evaluation.charts import SUCCESS
from crs.evaluation.results import COLUMNS, PARQUET, SECONDS
from crs.report.collect import Record
from crs.report.study import OWN, Study

if TYPE_CHECKING:
    import pandas as pd

VALID, TEST = "valid", "test"
BEST = "best"
"""Ends the name of a figure in a summary that was chosen on validation."""
LEVEL = 0.95
ALL = "all"  # the set of all cases
GROUPS = "groups"
"""Of a row, and no column: see `Table.groups`."""
ANY = "any"
"""In the place of a value: the row is the same for each."""
TITLE = ("dataset", "protocol", "cases")
"""Keys that a title says once, where all rows have the same."""
ABOUT = ("dataset", "model", "protocol", "scorer", "sees", "cases", "seeds")
"""Keys of every table; the others are parameters."""
MEAN = "Mean over seeds, ± half of the 95 % Student interval."
SORTED = "Rows are sorted by the first figure, which is of the validation split."
UNSORTED = "No figure is of the validation split, so rows stand in the order of the results."


@dataclass(frozen=True)
class Figure:
    """A mean over seeds, and half of its interval; NaN where there is one seed."""

    mean: float
    half: float = math.nan

    def __str__(self) -> str:
        return f"{self.mean:.4f}" + ("" if math.isnan(self.half) else f" ± {self.half:.4f}")

    @classmethod
    def of(cls, values: "pd.Series[float]") -> "Figure":
        """The mean of several runs with its two-sided Student interval."""
        n = len(values)
        if n == 1:
            return cls(float(values.iloc[0]))
        from scipy.special import stdtrit  # what scipy.stats has, in a third of its time

        spread = stdtrit(n - 1, (1 + LEVEL) / 2) * values.std() / n**0.5
        return cls(float(values.mean()), float(spread))


@dataclass(frozen=True)
class Column:
    """A figure of a table.

    Attributes:
        k: cut-off; None where a metric has one row alone.
    """

    metric: str
    k: int | None
    label: str
    split: str

    @property
    def heading(self) -> str:
        """As it stands above the column."""
        return f"{self.label} ({VALID})" if self.split == VALID else self.label

    def among(self, long: "pd.DataFrame") -> "pd.Series[bool]":
        """Which rows of the long form have it."""
        asked = (long["metric"] == self.metric) & (long["split"] == self.split)
        return asked if self.k is None else asked & (long["k"] == self.k)


@dataclass
class Table:
    """Rows of a report.

    Attributes:
        keys: headings of what a row is about.
        figures: headings of its figures, the one that sorts the rows first.
        rows: cells by heading; a figure that a row does not have is not there.
        name: the title, if it is another than what all rows share.
    """

    keys: list[str]
    figures: list[str]
    rows: list[dict[str, Any]]
    name: str = ""

    def __bool__(self) -> bool:
        return bool(self.rows and self.figures)

    @property
    def shared(self) -> list[str]:
        """Headings of what all rows have in common and the title says."""
        there = [name for name in TITLE if name in self.keys]
        return [name for name in there if len({row[name] for row in self.rows}) == 1]

    @property
    def title(self) -> str:
        """The name, or the data, the protocol and the cases."""
        if self.name:
            return self.name
        said = {name: str(self.rows[0][name]) for name in self.shared}
        if "cases" in said:
            cases = said.pop("cases")
            said |= {"cases": f"{int(cases):,} cases"} if int(cases) else {}
        return ", ".join(said.values())

    @property
    def shown(self) -> list[str]:
        """Headings of the columns that people are shown."""
        empty = [name for name in self.keys if not any(str(row[name]) for row in self.rows)]
        left_out = {*self.shared, *empty}
        return [name for name in [*self.keys, *self.figures] if name not in left_out]

    @property
    def parameters(self) -> list[str]:
        """Headings of the parameters."""
        return [name for name in self.keys if name not in ABOUT]

    @property
    def note(self) -> str:
        """What the figures are, and how the rows are sorted."""
        return f"{MEAN} {SORTED if self.figures[0].endswith(f'({VALID})') else UNSORTED}"

    def groups(self, row: dict[str, Any]) -> list[tuple[str, ...]]:
        """Which results a row is the mean of: model and parameters. Where a row is the same for
        several, the mean of those of each."""
        return row[GROUPS]

    def label(self, row: dict[str, Any]) -> str:
        """A row by what tells it apart: scorer, and where they differ model and parameters."""
        several = len({one["model"] for one in self.rows}) > 1
        plain = not several or row["model"] in (row["scorer"], ANY)
        model = "" if plain else f"{row['model']}: "
        names = short(self.parameters)
        told = [name for name in self.parameters if row[name] != ANY]
        words = ", ".join(f"{names[name]}={row[name]}" for name in told)
        return f"{model}{row['scorer']}" + (f" ({words})" if words else "")

    def texts(self) -> "pd.DataFrame":
        """The table as people read it."""
        import pandas as pd

        cells = [[str(row.get(name, "–")) for name in self.shown] for row in self.rows]
        return pd.DataFrame(cells, columns=self.shown, dtype=object)

    def numbers(self) -> "pd.DataFrame":
        """The table as programs read it: mean and half interval of a figure in two columns."""
        import pandas as pd

        rows = []
        for row in self.rows:
            plain = {name: row.get(name, "") for name in self.keys}
            for name in self.figures:
                figure = row.get(name, Figure(math.nan))
                plain |= {name: figure.mean, f"{name} ±": figure.half}
            rows.append(plain)
        return pd.DataFrame(rows).dropna(axis=1, how="all")


def long_of(records: list[Record], parameters: list[dict[str, str]]) -> "pd.DataFrame":
    """The tables of results in one, in the long form, with a column for each parameter.

    A result of an earlier stage has the figures of its summary that were chosen on validation.

    Args:
        parameters: of each record, value by key.
    """
    import pandas as pd

    frames = []
    for record, words in zip(records, parameters, strict=True):
        if (record.artifact.path / PARQUET).is_file():
            long = record.artifact.load(PARQUET)
        else:
            long = summary_of(record)
        frames.append(long.assign(**words))
    return pd.concat(frames, ignore_index=True)


def summary_of(record: Record) -> "pd.DataFrame":
    """A stage's own figures on validation, in the long form of results."""
    import pandas as pd

    artifact = record.artifact
    about = {
        "dataset": record.dataset,
        "model": record.model,
        "scorer": artifact.stage,
        "sees": "",
        "protocol": artifact.stage,
        "split": VALID,
        "slice": ALL,
        "k": 0,
        "cases": 0,
        "seed": record.seed,
        "fingerprint": artifact.fingerprint,
    }
    figures = {name: value for name, value in artifact.summary.items() if name.endswith(BEST)}
    rows = [about | {"metric": name, "value": value} for name, value in figures.items()]
    return pd.DataFrame(rows, columns=COLUMNS)


def metrics_of(lists: bool) -> list[tuple[str, int | None, str]]:
    """Metrics of a table, where there are any: name, k, heading; that of the charts first.

    Args:
        lists: those of lists; else those of ranks and of dialogues.
    """
    from crs.evaluation.list_metrics import LIST_METRICS
    from crs.evaluation.metrics import DEFAULT, RANK_METRICS

    metrics = LIST_METRICS if lists else RANK_METRICS
    found: list[tuple[str, int | None, str]] = []
    found += [(name, one.k, one.at(one.k)) for name, one in metrics.items()]
    found += [] if lists else [(SUCCESS, None, "success"), ("avg_turns", None, "average turns")]
    return sorted(found, key=lambda one: one[:2] != DEFAULT)


def columns_of(long: "pd.DataFrame", lists: bool) -> list[Column]:
    """The figures that a table of these rows shows, that by which it is sorted first.

    Where there is a test split, that figure alone is of validation.
    """
    from crs.evaluation.metrics import DEFAULT

    metrics = metrics_of(lists)
    summaries = [name for name in long["metric"].unique() if name.endswith(BEST)]
    tested = bool((long["split"] != VALID).any())
    chosen = [one for one in metrics if one[:2] == DEFAULT or one[0] == SUCCESS or not tested]
    wanted = [Column(name, k, label, VALID) for name, k, label in chosen]
    wanted += [Column(name, None, name.replace("_", " "), VALID) for name in summaries]
    wanted += [Column(name, k, label, TEST) for name, k, label in metrics]
    return [column for column in wanted if column.among(long).any()]


def table(long: "pd.DataFrame", lists: bool = False) -> Table:
    """One row for each model, scorer and value of the parameters; means over seeds.

    Args:
        long: results in the long form, of one protocol.
        lists: show the metrics of lists instead of those of ranks.
    """
    part = long[long["slice"] == ALL]
    columns = columns_of(part, lists)
    varied = [str(name) for name in long if name not in COLUMNS]
    keys = ["dataset", "model", *varied, "protocol", "scorer"]
    rows = []
    for names, one in part.groupby(keys, sort=False, dropna=False):
        row: dict[str, Any] = dict(zip(keys, names, strict=True))
        tested = one[one["split"] == TEST]
        cases = (tested if len(tested) else one)["cases"].min()
        row |= {"sees": one["sees"].iloc[0], "cases": int(cases)}
        row["seeds"] = int(one["seed"].nunique())
        for column in columns:
            if len(values := one.loc[column.among(one), "value"].dropna()):
                row[column.heading] = Figure.of(values)
        if any(column.heading in row for column in columns):
            row[GROUPS] = [tuple(str(row[name]) for name in ("model", *varied))]
            rows.append(row)
    figures = [column.heading for column in columns]
    found = merged(Table([*keys, "sees", "cases", "seeds"], figures, rows))
    return by_validation(found, next((c for c in columns if c.split == VALID), None))


def merged(found: Table) -> Table:
    """The rows of a scorer that have equal figures as one: of a baseline on which no parameter
    acts, or which stands in the results of several models."""
    varied = ("model", *found.parameters)
    alike: dict[str, list[dict[str, Any]]] = {}
    for row in found.rows:
        rest = {name: cell for name, cell in row.items() if name not in (*varied, GROUPS)}
        alike.setdefault(repr(rest), []).append(row)
    for rows in alike.values():
        rows[0][GROUPS] = [group for row in rows for group in row[GROUPS]]
    for name in varied:
        every = {row[name] for row in found.rows}
        for rows in alike.values():
            seen = dict.fromkeys(str(row[name]) for row in rows)
            if len(seen) > 1:
                rows[0] = rows[0] | {name: ANY if len(seen) == len(every) else ", ".join(seen)}
    return Table(found.keys, found.figures, [rows[0] for rows in alike.values()])


def by_validation(found: Table, column: Column | None) -> Table:
    """The rows with the highest figure on validation first; as they stand where there is none."""
    if column is not None:
        none = Figure(-math.inf)
        found.rows.sort(key=lambda row: -row.get(column.heading, none).mean)
    return found


def short(keys: list[str], taken: tuple[str, ...] = ()) -> dict[str, str]:
    """The last part of each key, where no other key and no taken heading has it; else the key."""
    ends = [key.rpartition(".")[2] for key in keys]
    return {
        key: key if ends.count(end) > 1 or end in taken else end
        for key, end in zip(keys, ends, strict=True)
    }


def of_study(study: Study) -> Table:
    """The trials of a study as people read them, the best first."""
    names = short(study.parameters, (*OWN, *ABOUT))
    rows = []
    for trial in study.trials.to_dict("records"):
        value, seconds = trial["value"], trial["seconds"]
        row = {"trial": trial["trial"], "state": trial["state"]}
        row["value"] = str(Figure(value)) if value == value else "–"
        row |= {names[key]: rounded(trial[key]) for key in study.parameters}
        row["seconds"] = f"{seconds:.1f}" if seconds == seconds else "–"
        rows.append(row)
    # The state is text: a terminal gives the columns up to it to every part of a wide table.
    keys = ["trial", "value", "state", *names.values(), "seconds"]
    return Table(keys, [], rows, study.name)


def rounded(value: Any) -> str:
    """A value of a parameter; a fraction has four significant digits."""
    if value is None or value != value:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def tables(long: "pd.DataFrame") -> list[Table]:
    """The table of ranks or dialogues, that of the lists, that of a second protocol."""
    from crs.evaluation.list_metrics import LIST_METRICS

    lists = long["metric"].isin(LIST_METRICS)  # older results have none
    beside = long["protocol"].isin(SECONDS)
    main, second = long[~lists & ~beside], long[~lists & beside]
    first = table(main)
    order = {first.label(row): place for place, row in enumerate(first.rows)}
    found = [first]
    for part, of_lists in ((long[lists & ~beside], True), (second, False)):
        if len(part):
            other = table(part, of_lists)
            if of_lists:  # as the table above
                places = [order.get(other.label(row), len(order)) for row in other.rows]
                by_place = sorted(zip(places, other.rows, strict=True), key=lambda pair: pair[0])
                other.rows = [row for _, row in by_place]
            found.append(other)
    return [one for one in found if one]
