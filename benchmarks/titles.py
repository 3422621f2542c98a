"""How many utterances a second the titles of a catalogue are looked for in.

    python benchmarks/titles.py

Catalogues of 1,700 and 60,000 made-up titles, with articles, sequels, subtitles and years; short
utterances half of which name a title, one in ten of these with a typo. One thread; seconds of the
processor, so that other processes count little.
"""

import time

import numpy as np

from crs.titles import Titles
from crs.titles.everyday import ranked

SIZES = (1700, 60_000)
FRAMES = (
    "I want something like {}",
    "we saw {} last week and loved it, anything similar?",
    "{} was great, more of that please",
    "not {} again, rather a quiet drama from the nineties",
)
PLAIN = (
    "a funny movie for a rainy evening with the kids",
    "something scary from the 80s, but without too much blood",
    "I don't know, maybe a thriller or a western",
    "hello there, what can you recommend me tonight?",
)
SYLLABLES = "ba ce di fo gu har jen kol mir na pel ro san tu vor wen xi zan".split()


def catalogue(rng: np.random.Generator, size: int) -> list[str]:
    """Titles of one to four words, a third of them names that no list of words has."""
    found, usual = [], np.array(ranked()[150:])
    for _ in range(size):
        parts = [
            "".join(rng.choice(SYLLABLES, 3)) if rng.random() < 1 / 3 else str(rng.choice(usual))
            for _ in range(rng.integers(1, 5))
        ]
        title = " ".join(parts).title()
        title += f" {rng.integers(2, 5)}" if rng.random() < 0.1 else ""
        title += f": {str(rng.choice(usual)).title()} Day" if rng.random() < 0.1 else ""
        title += ", The" if rng.random() < 0.2 else ""
        found.append(f"{title} ({rng.integers(1930, 2024)})")
    return found


def utterances(rng: np.random.Generator, titles: list[str], size: int) -> list[str]:
    """Half of them name a title of the catalogue, in lower case."""
    found = []
    for _ in range(size):
        if rng.random() < 0.5:
            found.append(str(rng.choice(PLAIN)))
            continue
        name = titles[rng.integers(len(titles))][:-7].lower().removesuffix(", the")
        if rng.random() < 0.1:
            at = int(rng.integers(len(name)))
            name = name[:at] + name[at + 1 :]
        found.append(str(rng.choice(FRAMES)).format(name))
    return found


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    for size in SIZES:
        titles = catalogue(rng, size)
        said = utterances(rng, titles, 5_000)
        begun = time.process_time()
        found = Titles(titles)
        built = time.process_time() - begun
        found.mentions(said[0] + " mispeled")  # the index of typos is made at the first of them
        begun = time.process_time()
        named = sum(bool(found.mentions(text)) for text in said)
        rate = len(said) / (time.process_time() - begun)
        print(
            f"{size:,} titles: made in {built:.1f} s; {rate:,.0f} utterances a second, "
            f"{named / len(said):.0%} of them name a title"
        )
