"""What a catalogue's attributes and items are called, for all who read what people say."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crs.ids import Number
from crs.settings.files import named_file
from crs.store.artifact import Artifact

if TYPE_CHECKING:
    import pandas as pd

FOLDER = Path(__file__).with_name("synonyms")


def synonyms_file(name: str) -> Path:
    """A table of synonyms: by its name in `synonyms/`, or by its path.

    Raises:
        UserError: if there is none.
    """
    return named_file(name, "dataset.synonyms", FOLDER, "table of synonyms")


def display_titles(items: "pd.DataFrame", noun: str) -> list[str]:
    """Titles with their year, as people write them; an item without a title is its number."""
    found = []
    about = items[["item", "title", "year"]].assign(dated=items["year"].notna())
    for item, title, year, dated in about.itertuples(index=False):
        name = title or f"{noun} {item}"
        mark = f"({int(year)})" if dated else ""
        found.append(f"{name} {mark}" if mark and mark not in name else name)
    return found


@dataclass
class Names:
    """What a catalogue's items and attributes are called.

    Attributes:
        titles, attributes: by our number; the first is unused.
        item: our number of an item that is named by its title or by its id in the user's file.
        noun: what an item is called.
    """

    titles: list[str]
    attributes: list[str]
    item: Callable[[Any], Number]
    noun: str = "item"


class Catalogue(NamedTuple):
    """The names that `Rules` take.

    Attributes:
        attributes, titles: by our number; the first is unused.
        synonyms: a table of synonyms of the attributes.
    """

    attributes: list[str]
    titles: list[str]
    synonyms: str = ""

    @classmethod
    def of(cls, dataset: Artifact, synonyms: str | None) -> "Catalogue":
        """From the tables of a dataset artifact.

        Args:
            synonyms: the setting `dataset.synonyms`.
        """
        titles = display_titles(dataset.load("items.parquet"), dataset.summary["noun"])
        return cls(
            ["", *dataset.load("attributes.parquet")["name"]],
            ["", *titles],
            synonyms_file(synonyms).read_text("utf-8") if synonyms else "",
        )
