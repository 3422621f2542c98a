"""Reading reviews and metadata as large as Amazon 2023's CDs and Vinyl: time and peak memory.

    python benchmarks/amazon.py [--reviews 4827273] [--products 701959] [--gzip] [--folder FOLDER]

The files are synthetic (4.3 GB in a temporary folder, gone at the end): made-up users and words in
the public line format, stars and lengths roughly like the real ones. `stage=dataset dataset=cds`
then reads them in a process of its own; the last line is its share of ten minutes and of 4 GB.
"""

import argparse
import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np

USERS_PER_REVIEW = 1_754_118 / 4_827_273
WORDS = 20_000
CHUNK = 50_000
TRAIN = Path(__file__).parents[1] / "src" / "train.py"


def text_of(rng: np.random.Generator) -> str:
    """Made-up words, of which texts are cuts."""
    letters = np.array(list("etaoinshrdlucm"))
    lengths = rng.integers(1, 10, WORDS)
    return " ".join("".join(rng.choice(letters, n)) for n in lengths)


def numbers(rng: np.random.Generator, of: int, size: int) -> np.ndarray:
    """Numbers below `of`, small ones far more often: a few users and items have most reviews."""
    return (of * rng.random(size) ** 3).astype(np.int64)


def cuts(rng: np.random.Generator, text: str, mean: float, size: int) -> list[str]:
    """Parts of a text, of exponential length."""
    lengths = np.minimum(rng.exponential(mean, size).astype(int), len(text) // 2)
    starts = (rng.random(size) * (len(text) - lengths)).astype(int)
    return [text[a : a + n] for a, n in zip(starts, lengths, strict=True)]


def reviews(rows: int, products: int, text: str) -> Iterator[str]:
    """Lines of reviews."""
    rng, users = np.random.default_rng(1), max(1, int(rows * USERS_PER_REVIEW))
    line = (
        '{"rating": %.1f, "title": "%s", "text": "%s", "images": [], "asin": "B%09d", '
        '"parent_asin": "B%09d", "user_id": "AE%026d", "timestamp": %d, "helpful_vote": %d, '
        '"verified_purchase": true}\n'
    )
    for first in range(0, rows, CHUNK):
        n = min(CHUNK, rows - first)
        columns = (
            rng.choice([1, 2, 3, 4, 5], n, p=[0.06, 0.04, 0.07, 0.15, 0.68]).tolist(),
            cuts(rng, text, 25, n), cuts(rng, text, 430, n),
            numbers(rng, products, n).tolist(), numbers(rng, users, n).tolist(),
            rng.integers(900_000_000_000, 1_690_000_000_000, n).tolist(),
            rng.integers(0, 9, n).tolist(),
        )  # fmt: skip
        for stars, title, said, item, user, at, votes in zip(*columns, strict=True):
            yield line % (stars, title, said, item, item, user, at, votes)


def metadata(rows: int, text: str) -> Iterator[str]:
    """Lines of products, four of five with a description."""
    rng = np.random.default_rng(2)
    genres = ["Rock", "Pop", "Jazz", "Classical", "Blues", "Country", "Folk", "Metal", "Soul"]
    for first in range(0, rows, CHUNK):
        n = min(CHUNK, rows - first)
        columns = (
            cuts(rng, text, 40, n), cuts(rng, text, 500, n), cuts(rng, text, 600, n),
            rng.integers(0, len(genres), n).tolist(), (rng.random(n) < 0.8).tolist(),
        )  # fmt: skip
        for i, (title, about, rest, genre, has) in enumerate(zip(*columns, strict=True), first):
            yield json.dumps({
                "main_category": "Digital Music", "title": title, "average_rating": 4.5,
                "rating_number": 9, "features": [], "description": [about] * has, "price": 9.99,
                "images": [{"large": rest, "variant": "MAIN"}], "videos": [], "store": "Somebody",
                "categories": ["CDs & Vinyl", genres[genre]], "parent_asin": f"B{i:09d}",
                "details": {"Label": "Some Records", "Number of discs": "1"},
            }) + "\n"  # fmt: skip


def write(path: Path, lines: Iterator[str]) -> None:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt") as file:
        file.writelines(lines)
    print(f"generated {path.name}: {path.stat().st_size / 1e9:.2f} GB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=int, default=4_827_273)
    parser.add_argument("--products", type=int, default=701_959)
    parser.add_argument("--quick", action="store_true", help="a hundredth of it: does it run?")
    parser.add_argument("--gzip", action="store_true", help="read compressed files")
    parser.add_argument("--folder", type=Path, help="generate here, and keep the files")
    given = parser.parse_args()
    if given.quick:
        given.reviews, given.products = given.reviews // 100, given.products // 100
    place = nullcontext(given.folder) if given.folder else tempfile.TemporaryDirectory()
    with place as name:
        folder, end = Path(name), ".jsonl.gz" if given.gzip else ".jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        archive, items = folder / f"reviews{end}", folder / f"meta{end}"
        text = text_of(np.random.default_rng(0))
        write(archive, reviews(given.reviews, given.products, text))
        write(items, metadata(given.products, text))
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, TRAIN, "dataset=cds", f"dataset.archive={archive}",
             f"dataset.items={items}", "model=popularity", "stage=dataset", "tracker=none",
             f"store={folder / 'store'}", "force=[dataset]"],
            check=True,
        )  # fmt: skip
        seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    gigabytes = used.ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    print(f"{given.reviews:,} reviews and {given.products:,} products: {seconds:.0f} s "
          f"({used.ru_utime + used.ru_stime:.0f} s of processor time), "
          f"{gigabytes:.2f} GB at most")  # fmt: skip
    print(f"ratio     {seconds / 600:.2f} of ten minutes, {gigabytes / 4:.2f} of 4 GB")


if __name__ == "__main__":
    main()
