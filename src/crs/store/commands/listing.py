"""`crs store list`: the results of a store in one table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crs.errors import UserError
from crs.store.artifact import Artifact
from crs.store.commands.amounts import BYTES, SECONDS, shown
from crs.store.commands.catalogue import Catalogue, bytes_of, score_of

COLUMNS = ("stage", "fingerprint", "model", "dataset", "score", "size", "age")
ORDERS = ("stage", "age", "size", "score")
NAMED = 2
"""Models of a result that are named; of more the number is told."""


@dataclass(frozen=True)
class Wanted:
    """Which results: None or 0 asks for nothing.

    Args:
        dataset: a name, for all its editions, or a name with an edition.
    """

    stage: str | None = None
    model: str | None = None
    dataset: str | None = None
    older: float = 0
    larger: float = 0

    def fits(self, result: Artifact, catalogue: Catalogue) -> bool:
        """Whether a result is one of them."""
        return (
            self.stage in (None, result.stage)
            and (self.model is None or self.model in catalogue.models(result))
            and (self.dataset is None or of_dataset(catalogue.data(result), self.dataset))
            and catalogue.age(result) >= self.older
            and bytes_of(result) >= self.larger
        )


def of_dataset(label: str, name: str) -> bool:
    """Whether a label is of a data set: its name, with the edition behind it where there are
    several."""
    return label == name or label.startswith(f"{name} ")


def rows(catalogue: Catalogue, wanted: Wanted, order: str = "stage") -> list[list[str]]:
    """The table, its heading first.

    Raises:
        UserError: if nothing of the store is wanted.
    """
    chosen = [one for one in catalogue.results.values() if wanted.fits(one, catalogue)]
    if not chosen:
        raise UserError(
            f"{catalogue.store.root} has no such result; type crs store list without filters"
        )
    # The newest, the largest, the best come first.
    keys: dict[str, Callable[[Artifact], Any]] = {
        "stage": lambda one: (one.stage, catalogue.age(one)),
        "age": catalogue.age,
        "size": lambda one: -bytes_of(one),
        "score": lambda one: -(score_of(one) or ("", float("-inf")))[1],
    }
    return [[*COLUMNS], *(row(one, catalogue) for one in sorted(chosen, key=keys[order]))]


def row(result: Artifact, catalogue: Catalogue) -> list[str]:
    """A result as a row."""
    score, models = score_of(result), catalogue.models(result)
    return [
        result.stage,
        result.fingerprint,
        ", ".join(models) if len(models) <= NAMED else f"{len(models)} models",
        catalogue.data(result),
        f"{score[0]} {score[1]:.4f}" if score else "",
        shown(bytes_of(result), BYTES),
        shown(catalogue.age(result), SECONDS),
    ]


def aligned(table: list[list[str]]) -> list[str]:
    """A table as lines with columns of one width."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    ]
