"""Numbers as titles write them: in digits, in words, in Roman numerals, as letters of a word."""

import re
from functools import lru_cache

from crs.titles.words import Word

SMALL = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
}
TENS = {
    word: 10 * value
    for value, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
PARTS = frozenset(("part", "pt", "vol", "volume", "chapter", "episode", "ep"))
"""Words before the number of a sequel, which people leave out."""
ROMAN = re.compile(r"(?=[ivx])(x{0,3})(ix|iv|v?i{0,3})")
DIGIT_AS_LETTER = re.compile(r"[a-z]+\d[a-z]+")
AS_LETTERS = str.maketrans("013457", "oieasv")


def in_digits(words: list[Word]) -> list[Word]:
    """The words with each number in digits, as one word; `part two` is the number alone.

    A Roman numeral is a number where a word stands before it; `i` only behind `part` and the like.
    """
    if not any(may_count(word.folded) for word in words):
        return words
    out: list[Word] = []
    texts = [
        word.folded.translate(AS_LETTERS) if DIGIT_AS_LETTER.fullmatch(word.folded) else word.folded
        for word in words
    ]
    at = 0
    while at < len(words):
        named = at > 0 and texts[at] in PARTS and at + 1 < len(words)
        value, end = number(texts, at + named)
        if value is None:
            value, end = texts[at], at + 1
        out.append(Word(value, words[at].start, words[end - 1].end))
        at = end
    return out


@lru_cache(maxsize=1 << 16)
def may_count(text: str) -> bool:
    """Whether a word may be a number, or be read as another word where it has a digit in it.

    `i` is a number only behind one of `PARTS`, so these stand for it.
    """
    return (
        text in SMALL
        or text in TENS
        or text in PARTS
        or text.isdecimal()
        or (text != "i" and ROMAN.fullmatch(text) is not None)
        or DIGIT_AS_LETTER.fullmatch(text) is not None
    )


def number(texts: list[str], at: int) -> tuple[str | None, int]:
    """The number that begins at a word, in digits, and where it ends."""
    text = texts[at]
    if text.isdecimal():
        return text, at + 1
    if at and ROMAN.fullmatch(text) and (text != "i" or texts[at - 1] in PARTS):
        return str(roman(text)), at + 1
    value, end = below_hundred(texts, at)
    if value is None:
        return None, at
    if end < len(texts) and texts[end] == "hundred":
        joined = end + 1 + (end + 2 < len(texts) and texts[end + 1] == "and")
        rest, stop = below_hundred(texts, joined)
        return (str(100 * value), end + 1) if rest is None else (str(100 * value + rest), stop)
    if 13 <= value <= 20:
        rest, stop = below_hundred(texts, end)
        if rest is not None and rest >= 10:
            return str(100 * value + rest), stop
    return str(value), end


def below_hundred(texts: list[str], at: int) -> tuple[int | None, int]:
    """`eleven` or `twenty one` as a number, and where it ends."""
    if at >= len(texts):
        return None, at
    if texts[at] in SMALL:
        return SMALL[texts[at]], at + 1
    if texts[at] not in TENS:
        return None, at
    unit = SMALL.get(texts[at + 1], 0) if at + 1 < len(texts) else 0
    return (TENS[texts[at]] + unit, at + 2) if 0 < unit < 10 else (TENS[texts[at]], at + 1)


def roman(text: str) -> int:
    """The value of a Roman numeral below forty."""
    values = [{"i": 1, "v": 5, "x": 10}[letter] for letter in text]
    after = [*values[1:], 0]
    return sum(-v if v < following else v for v, following in zip(values, after, strict=True))
