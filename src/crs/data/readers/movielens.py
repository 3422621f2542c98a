"""MovieLens in GroupLens' own layouts, and 100K in the atomic files of a PyPI wheel."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import compress
from pathlib import Path
from typing import Any

import pandas as pd

from crs.data.parsing.columns import INTERACTIONS, interactions, mapped
from crs.data.parsing.raw import ITEMS, BadRows, Place, Raw, member
from crs.data.parsing.text_files import Rows, cut, decoded, of_width, texts
from crs.data.reader import reader
from crs.data.readers import recbole
from crs.stages.dataset import Columns, Dataset
from crs.titles import title_and_year

RATINGS = ["user", "item", "rating", "timestamp"]

GENRES_100K = (
    "unknown Action Adventure Animation Children's Comedy Crime Documentary Drama Fantasy "
    "Film-Noir Horror Musical Mystery Romance Sci-Fi Thriller War Western"
).split()


def _items(rows: Iterable[tuple[str, str, int | None, Iterable[str]]]) -> pd.DataFrame:
    frame = pd.DataFrame(
        [
            (item, title, year, sorted(set(genres) - {"", "unknown"}))
            for item, title, year, genres in rows
        ],
        columns=["item", "title", "year", "attributes"],
    )
    frame["year"] = frame["year"].astype("Int64")
    return frame.assign(description="")


def _rows(
    archive: Path, name: str, separator: str, width: int, faults: BadRows
) -> tuple[Rows, Place]:
    """Rows of a member, ISO-8859-1, and what names them."""
    place = Place(f"{name.rpartition('/')[2]} in {archive.name}")
    lines = decoded(BytesIO(member(archive, name)), place, faults, "iso-8859-1")
    return of_width(cut(lines, separator), width, place, faults), place


@reader("movielens_1m", 1, unnamed_in=("ml1m",))
def read_1m(archive: Path, settings: Dataset) -> Raw:
    """`ml-1m.zip`: `ratings.dat` and `movies.dat`, `::` between fields, ISO-8859-1.

    Raises:
        UserError: with file and line, if the archive is broken.
    """
    faults = BadRows(settings.bad_lines)
    rows, place = _rows(archive, "ml-1m/ratings.dat", "::", 4, faults)
    frame = interactions(texts(rows, RATINGS), place, faults)
    movies, _ = _rows(archive, "ml-1m/movies.dat", "::", 3, faults)
    items = _items(
        (item, *title_and_year(title), genres.split("|")) for _, (item, title, genres) in movies
    )
    return Raw(frame, items, place=place, faults=faults)


@reader("movielens_100k", 1, unnamed_in=("ml100k",))
def read_100k(archive: Path, settings: Dataset) -> Raw:
    """`ml-100k.zip`: `u.data` (tabs) and `u.item` (`|`, ISO-8859-1, one flag per genre).

    Raises:
        UserError: with file and line, if the archive is broken.
    """
    faults = BadRows(settings.bad_lines)
    rows, place = _rows(archive, "ml-100k/u.data", "\t", 4, faults)
    frame = interactions(texts(rows, RATINGS), place, faults)
    movies, _ = _rows(archive, "ml-100k/u.item", "|", 5 + len(GENRES_100K), faults)
    items = _items(
        (row[0], *title_and_year(row[1]), compress(GENRES_100K, (flag == "1" for flag in row[5:])))
        for _, row in movies
    )
    return Raw(frame, items, place=place, faults=faults)


@reader("movielens_100k_atomic", 1, unnamed_in=("ml100k",))
def read_atomic(wheel: Path, settings: Dataset) -> Raw:
    """MovieLens-100K as the `recbole` wheel carries it: typed, tab-separated atomic files.

    Raises:
        UserError: with file and line, if the wheel is broken.
    """
    folder, faults = "recbole/dataset_example/ml-100k", BadRows(settings.bad_lines)

    def columns(file: str) -> tuple[pd.DataFrame, Place]:
        return recbole.atomic(BytesIO(member(wheel, f"{folder}/{file}")), file, faults)

    ratings, place = columns("ml-100k.inter")
    films, _ = columns("ml-100k.item")
    names = Columns("user_id", "item_id", "timestamp", "rating")
    frame = interactions(mapped(ratings, names, INTERACTIONS, place.file), place, faults)
    films = mapped(
        films,
        Columns(item="item_id", title="movie_title", year="release_year", attributes="class"),
        ITEMS,
        "ml-100k.item",
    )
    movies = []
    for item, title, year, genres in zip(*(films[k] for k in ITEMS[:4]), strict=True):
        # Two rows of the wheel are cut in the wrong place; `u.item` has them as they are made here.
        text = f"{title} ({year})" if year.isdigit() else title.replace("unkonwn", "unknown")
        movies.append((item, *title_and_year(text), genres.split()))
    return Raw(frame, _items(movies), place=place, faults=faults)


@reader("freebase_100k", 1, unnamed_in=("graph",))
def freebase_100k(wheel: Path) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """Freebase's graph of the films of MovieLens-100K, as the `recbole` wheel carries it.

    Returns:
        raw item id -> entity, and (head, relation, tail).
    """

    def rows(file: str) -> Iterator[tuple[Any, ...]]:
        content = BytesIO(member(wheel, f"recbole/dataset_example/ml-100k/{file}"))
        frame, _ = recbole.atomic(content, file, BadRows())
        return frame.itertuples(index=False, name=None)

    triples = [(head, relation, tail) for head, relation, tail in rows("ml-100k.kg")]
    return {item: entity for item, entity, *_ in rows("ml-100k.link")}, triples
