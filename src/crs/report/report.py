"""A report: its sections, made of records, each with its tables and tests."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from crs.errors import UserError
from crs.escape import markup
from crs.evaluation.charts import SUCCESS, TURN
from crs.evaluation.results import markdown
from crs.report.alike import check_alike, questions
from crs.report.collect import Collection, Record, distinct, parameters
from crs.report.latex import latex
from crs.report.study import Study
from crs.report.table import ALL, Table, long_of, of_study, tables

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Asked:
    """What is compared with what.

    Attributes:
        scorer: every row is compared with it; empty: there are no tests.
        ks: cut-offs of the tests; empty: those of the table.
        part: the set of cases of the tests, by its name in the results.
    """

    scorer: str = ""
    ks: tuple[int, ...] = ()
    part: str = ALL


@dataclass
class Section:
    """Results that answer one question."""

    records: list[Record]
    asked: Asked = field(default_factory=Asked)

    @cached_property
    def long(self) -> "pd.DataFrame":
        """Their tables in one, in the long form."""
        return long_of(self.records, self.parameters)

    @cached_property
    def parameters(self) -> list[dict[str, str]]:
        """What sets each result apart, value by key."""
        return parameters(self.records)

    @cached_property
    def tables(self) -> list[Table]:
        """The tables of the section, the main one first."""
        return tables(self.long)

    @property
    def title(self) -> str:
        """The data, the protocol, the cases."""
        return self.tables[0].title

    @cached_property
    def tests(self) -> "pd.DataFrame | None":
        """Every row against the scorer that was asked for.

        Raises:
            UserError: if there is no such scorer, or the cases differ.
        """
        from crs.report import paired

        if not self.asked.scorer:
            return None
        if self.records[0].artifact.stage not in paired.LOADERS:
            raise UserError(
                f"--against compares test cases, and results of the stage "
                f"{self.records[0].artifact.stage} have none; leave it out"
            )
        return paired.against(
            self.tables[0], self.groups, self.asked.scorer, self.asked.part, list(self.asked.ks)
        )

    def turns(self) -> list[tuple[str, "pd.DataFrame"]]:
        """Success by turn of each row: its name, and its columns turn, value, low, high."""
        part = self.long[(self.long["metric"] == SUCCESS)]
        part = part[part["slice"].str.startswith(TURN)]
        part = part.assign(turn=part["slice"].str.removeprefix(TURN).astype(int))
        main, found = self.tables[0], []
        for row in main.rows if len(part) else ():
            mine = part[part["scorer"] == row["scorer"]]
            for name, value in zip(("model", *main.parameters), main.groups(row)[0], strict=True):
                mine = mine[mine[name].astype(str) == value]
            means = mine.groupby("turn")[["value", "low", "high"]].mean().reset_index()
            found.append((main.label(row), means))
        return found

    @cached_property
    def groups(self) -> dict[tuple[str, ...], list[Record]]:
        """The results that a row is the mean of, by `Table.groups`."""
        found: dict[tuple[str, ...], list[Record]] = {}
        for record, words in zip(self.records, self.parameters, strict=True):
            found.setdefault((record.model, *words.values()), []).append(record)
        return found

    def labelled(self) -> list[tuple[str, Record]]:
        """Each result behind what tells it apart: model, parameters, seed."""
        found = []
        for record, words in zip(self.records, self.parameters, strict=True):
            told = [record.model or record.artifact.stage]
            told += [f"{key}={value}" for key, value in words.items()]
            found.append((" ".join([*told, f"seed {record.seed}"]), record))
        return found


@dataclass
class Report:
    """All that was asked for."""

    title: str
    sections: list[Section]
    studies: list[Study] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """The report as text."""
        lines = []
        for study in self.studies:
            lines += [f"### {markup(study.name)}", "", markdown(of_study(study).texts()), ""]
            lines += [markup(study.sentence), ""]
        for section in self.sections:
            lines += [f"### {markup(section.title)}", ""]
            for number, table in enumerate(section.tables):
                if number and table.title != section.title:
                    lines += [f"#### {markup(table.title)}", ""]
                lines += [markdown(table.texts()), ""]
            lines += [section.tables[0].note, ""]
            if section.tests is not None:
                from crs.report.paired import texts

                lines += [markdown(texts(section.tests)), "", TESTED, ""]
        lines += [f"Failed: {markup(line)}" for line in self.failed]
        return "\n".join(lines).rstrip() + "\n"

    def csv(self) -> "pd.DataFrame":
        """The trials of studies, or else the main tables, as one table for programs."""
        import pandas as pd

        trials = [study.trials for study in self.studies]
        rows = [section.tables[0].numbers() for section in self.sections]
        return pd.concat(trials or rows, ignore_index=True)

    def latex(self) -> str:
        """The tables as LaTeX."""
        trials = [of_study(study) for study in self.studies]
        rows = [table for section in self.sections for table in section.tables]
        return "\n".join(["% \\usepackage{booktabs}", *map(latex, [*trials, *rows])])


TESTED = (
    "Differences of the means over seeds, on the cases that all rows have. 95 % intervals and "
    "paired sign-flip tests, two-sided, over users or dialogues; Holm over the rows of one metric."
)


def of(collections: list[Collection], asked: Asked, title: str) -> Report:
    """The report of some places. What several places hold is compared, and must be alike.

    Raises:
        UserError: if it is not.
    """
    records = distinct([record for one in collections for record in one.records])
    if len(collections) > 1:
        check_alike(records)
    studies = [one.study for one in collections if one.study is not None]
    sections = [Section(alike, asked) for alike in questions(records)]
    sections = [section for section in sections if section.tables]
    failed = [line for one in collections for line in one.failed]
    return Report(title, sections, studies, failed)
