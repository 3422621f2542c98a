"""Understanding by rules: attributes, years and titles of the catalogue, and what is meant by them.

A text is cut into clauses (clauses.py), each mention in them gets an act (scope.py), and the acts
become requirements in the light of what was said before (meaning.py). No model; what no rule knows
is left to the text's vector (docs/multi_turn.md, understanding).
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from crs.dialogue.attribute_names import AttributeNames
from crs.dialogue.clauses import Clause, Reader
from crs.dialogue.cues import CUES
from crs.dialogue.meaning import Meaning
from crs.dialogue.scope import read_scope
from crs.dialogue.state import Requirement, Talk, Understood
from crs.titles import Titles
from crs.titles.everyday import WORKS, frequent

REACTION = re.compile(r"\W*(no|nope|nah|not|none|neither|never|sorry|thanks?|hm+|these|those)\b")
"""How an answer to a list begins, before it comes to the wish."""
SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


class Rules:
    """Reads what a dialogue says.

    Args:
        names: attribute names by id, names[0] unused.
        titles: of items by id, titles[0] unused; without them no title is known.
        synonyms: a table of synonyms of attributes.
    """

    def __init__(self, names: list[str], titles: Sequence[str] = (), synonyms: str = "") -> None:
        self.attributes = AttributeNames(names, synonyms)
        self.reader = Reader(self.attributes, Titles(titles[1:]).mentions)
        self.clauses = lru_cache(maxsize=1 << 16)(self.read_clauses)

    def read_clauses(self, text: str) -> tuple[Clause, ...]:
        """The clauses of a text, each mention with its act."""
        clauses = self.reader.clauses(text)
        read_scope(clauses)
        return tuple(clauses)

    def utterance(
        self,
        text: str,
        first: bool,
        before: Sequence[Requirement] = (),
        newest: Sequence[Requirement] = (),
    ) -> Understood:
        """What one utterance says.

        The first one is embedded whole, as in training. Of a later one what is embedded is without
        its reaction to the list and without sentences that only refuse: training has no such.

        Args:
            before, newest: requirements of all turns before, and of the newest that had some.
        """
        read = Meaning(before, newest).read(self.clauses(text))
        requirements = tuple(one for part in read for one in part)
        return Understood(text if first else self.wish(text), requirements)

    def unknown(self, text: str) -> tuple[tuple[str, str], ...]:
        """Words of a text that no rule knows, each with the word of a name that is spelt most like
        it."""
        words = dict.fromkeys(word for clause in self.clauses(text) for word in clause.words)
        near = ((word, self.attributes.nearest(word)) for word in words)
        return tuple((word, name) for word, name in near if name)

    def telling(self, text: str) -> list[str]:
        """Words of a text that no rule knows and that not everybody says about anything."""
        found: dict[str, None] = {}
        for clause in self.clauses(text):
            known = {p for one in clause.mentions for p in range(one.start, one.end)}
            known |= {p for _, start, end in clause.cues for p in range(start, end)}
            found |= dict.fromkeys(
                word
                for place, word in enumerate(clause.words)
                if place not in known and word.isalpha() and len(word) > 2 and word not in CUES
            )
        return [word for word in found if word not in frequent() and word not in WORKS]

    def wish(self, text: str) -> str:
        """A later text without its reaction to the list and without sentences that only refuse."""
        sentences = [s for s in SENTENCE_END.split(text.strip()) if s]
        asked = [
            [one for part in Meaning(()).read(self.clauses(s)) for one in part] for s in sentences
        ]
        kept = [
            (sentence, part)
            for sentence, part in zip(sentences, asked, strict=True)
            if not part or any(one.wanted and not one.taken_back for one in part)
        ]
        if len(sentences) > 1:
            kept = [(s, part) for s, part in kept if part or not REACTION.match(s.lower())]
        return " ".join(s for s, _ in kept)

    def read(self, talks: list[Talk]) -> list[Understood]:
        """What the newest utterance of each dialogue says."""
        return [self.newest(talk) for talk in talks]

    def newest(self, talk: Talk) -> Understood:
        """What the newest utterance of a dialogue says."""
        before: list[Requirement] = []
        newest: Sequence[Requirement] = ()
        *earlier, last = talk.turns
        for turn in earlier:
            found = Meaning(before, newest).read(self.clauses(turn.said))
            if asked := [one for part in found for one in part]:
                newest = asked
                before += asked
        return self.utterance(last.said, not earlier, before, newest)
