"""Attributes that mean nearly the same as a word that no table has, by a text encoder.

A word that is near enough is read as the attribute; one that is less near is offered, and nothing
is required by it. Both thresholds are chosen on the written table (docs/understanding.md, meaning).
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import numpy as np

from crs.dialogue.catalogue import Catalogue
from crs.dialogue.clauses import Clause
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.state import Talk, Understood

SAME, NEAR = 0.7, 0.6
"""The cosines from which a word is read as an attribute, and from which it is offered; chosen for
MiniLM by benchmarks/meanings.py."""


class Meanings:
    """A catalogue's attributes by what they mean.

    Args:
        names: by id, names[0] unused.
        encode: texts to vectors [n, dim].
    """

    def __init__(self, names: Sequence[str], encode: Callable[[list[str]], np.ndarray]) -> None:
        self.names, self.encode = list(names[1:]), encode

    def unit(self, texts: list[str]) -> np.ndarray:
        """Vectors of unit length, [n, dim]."""
        vectors = np.asarray(self.encode(texts), np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12)

    @cached_property
    def vectors(self) -> np.ndarray:
        """Of the attributes, [A, dim]."""
        return self.unit(self.names)

    def nearest(self, words: Iterable[str]) -> list[tuple[str, str, float]]:
        """Each word with the attribute that is nearest to it, and their cosine."""
        asked = list(words)
        if not asked or not self.names:
            return []
        cosines = self.unit(asked) @ self.vectors.T
        places = cosines.argmax(1).tolist()
        return [
            (word, self.names[place], float(row[place]))
            for word, place, row in zip(asked, places, cosines, strict=True)
        ]

    def offered(self, words: Iterable[str]) -> list[tuple[str, str]]:
        """The words that are near enough to an attribute, each with it."""
        return [(word, name) for word, name, cosine in self.nearest(words) if cosine >= NEAR]


class RulesByMeaning(Rules):
    """The rules, for which a word that no table has is the attribute that it means.

    Such a word has the scope of any other mention: `nothing animated` refuses. Its reading depends
    on the word alone, and not on what was read before.

    Args:
        catalogue: as `Rules` takes it apart.
        meanings: of its attributes.
    """

    def __init__(self, catalogue: Catalogue, meanings: Meanings) -> None:
        super().__init__(*catalogue)
        self.tables, self.meanings = Rules(*catalogue), meanings
        self.compared: set[str] = set()

    def compare(self, texts: Iterable[str]) -> None:
        """Compare the words of texts that were not compared before, all at once."""
        words = dict.fromkeys(word for text in texts for word in self.tables.telling(text))
        new = [word for word in words if word not in self.compared]
        self.compared.update(new)
        numbers = {name: number for number, name in enumerate(self.meanings.names, 1)}
        for word, name, cosine in self.meanings.nearest(new):
            if cosine >= SAME:
                self.attributes.by_meaning[word] = (numbers[name],)

    def read_clauses(self, text: str) -> tuple[Clause, ...]:
        """The clauses of a text, each mention with its act."""
        self.compare([text])
        return super().read_clauses(text)

    def read(self, talks: list[Talk]) -> list[Understood]:
        """What the newest utterance of each dialogue says."""
        self.compare(turn.said for talk in talks for turn in talk.turns)
        return super().read(talks)
