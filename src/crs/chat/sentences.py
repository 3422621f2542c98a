"""Tokens of a decoder as sentences.

A decoder has learned words in small letters with spaces between all of them. How a word is written
is that of the people it has learned from.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from crs.titles.words import UNSPACED

ENDS = (".", "!", "?")
SPACING = (
    (re.compile(r" ([.,!?;:%)…])"), r"\1"),
    (re.compile(r"([(#$]) "), r"\1"),
    (re.compile(r" (n['’]t|['’](?:s|re|ve|ll|d|m|t))\b", re.I), r"\1"),
    (re.compile(r"(?<=\w) ([-/]) (?=\w)"), r"\1"),
    (re.compile(r" ?([，。！？；：、（）《》「」『』]) ?"), r"\1"),
    (re.compile(rf"(?<=[{UNSPACED}]) (?=[{UNSPACED}])"), ""),
)
"""What is between tokens and not between words, and what is there instead."""
FIRST = re.compile(r"(?:^|(?<!\.)[.!?] )[^\W\d_]")
"""The first letter of a sentence; three dots end none."""


class Writing:
    """How words are written inside of sentences.

    Attributes:
        capitals: words that have capitals more often than none, by the word in small letters.
        small: all others.
    """

    def __init__(self, dialogues: Iterable[Sequence[str]]) -> None:
        """From the tokens of turns, as people wrote them."""
        forms: dict[str, Counter[str]] = defaultdict(Counter)
        for tokens in dialogues:
            for before, word in zip((ENDS[0], *tokens), tokens, strict=False):
                if before not in ENDS and word[0].isalpha():
                    forms[word.lower()][word] += 1
        usual = {
            word: max(found, key=lambda form: (found[form], form == word))
            for word, found in forms.items()
        }
        self.capitals = {word: form for word, form in usual.items() if form != word}
        self.small = frozenset(usual) - self.capitals.keys()

    def sentences(self, tokens: Sequence[str]) -> str:
        """Tokens as a text: spaces, and capitals of names and of each first word."""
        text = " ".join(self.capitals.get(token, token) for token in tokens)
        for found, instead in SPACING:
            text = found.sub(instead, text)
        return FIRST.sub(lambda letter: letter[0][:-1] + letter[0][-1].upper(), text)
