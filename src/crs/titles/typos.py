"""Words that are a slip of the finger apart."""

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache


def allowed(letters: int) -> int:
    """How many slips a word of so many letters may have."""
    return 0 if letters < 4 else 1 if letters < 8 else 2


def distance(a: str, b: str, most: int) -> int:
    """Insertions, deletions, replaced letters and swapped neighbours from one word to the other.

    Damerau-Levenshtein distance without edits of swapped letters; above `most` it is `most` + 1.
    """
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        earlier, before, row = before, row, [i]
        for j, y in enumerate(b, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and y == a[i - 2]:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


def shortened(word: str) -> set[str]:
    """The word, and the word without each of its letters."""
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


class Typos:
    """Words to be found by a misspelling.

    Two words are compared if they are equal after at most one letter is taken from each.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.by_shortened: dict[str, list[str]] = defaultdict(list)
        for word in dict.fromkeys(words):
            if allowed(len(word)):
                for short in shortened(word):
                    self.by_shortened[short].append(word)
        self.nearest = lru_cache(maxsize=1 << 16)(self.find_nearest)

    def find_nearest(self, word: str) -> str | None:
        """The word that fewest slips make of a misspelling; None if none is near enough."""
        most = allowed(len(word))
        if not most or not word.isalpha():
            return None
        best: tuple[int, str] | None = None
        for short in shortened(word):
            for other in self.by_shortened.get(short, ()):
                if other[0] != word[0] and len(word) < 6:
                    continue
                slips = distance(word, other, min(most, allowed(len(other))))
                if slips <= min(most, allowed(len(other))):
                    best = min(best or (slips, other), (slips, other))
        return best[1] if best else None
