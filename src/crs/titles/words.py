"""Words of a text as titles are compared by: folded, with their places in the text."""

import html
import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

LETTERS = str.maketrans({
    "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "&": " and ", "ı": "i",
    "'": "", "’": "", "ʼ": "", "´": "", "`": "", "‘": "",
    "\u00ad": "", "\u200b": "", "\u200c": "", "\u200d": "", "\u2060": "", "\ufeff": "",
})  # fmt: skip
"""Letters that do not come apart into one with an accent, and signs that people leave out."""
VOICED = "\u3099\u309a"
"""Marks that make another letter of a kana; they are no accents."""
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
UNSPACED += "\uff66-\uff9d\U00020000-\U0003ffff"
"""Scripts that put no space between words, or hang endings on them; each letter is a word."""
WITHIN = "\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff"
WORD = re.compile(
    rf"[{UNSPACED}][{VOICED}\uff9e\uff9f]*"
    rf"|[^\W_{UNSPACED}](?:[^\W_{UNSPACED}]|[{WITHIN}]|['’ʼ´`‘](?=[^\W_]))*"
    r"|[&＆]"
)
ASCII_WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9]|['`](?=[A-Za-z0-9]))*|&")
"""As `WORD`, of a text in ASCII alone: much faster."""
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


class Word(NamedTuple):
    """A word as it is compared, and where it stands in the text."""

    folded: str
    start: int
    end: int


def fold(text: str) -> str:
    """A text in lower case without accents and apostrophes."""
    if text.isascii():
        return text.lower().replace("'", "").replace("`", "").replace("&", " and ")
    apart = unicodedata.normalize("NFKD", text.casefold()).translate(LETTERS)
    kept = [one for one in apart if one in VOICED or not unicodedata.combining(one)]
    return unicodedata.normalize("NFC", "".join(kept))


def unescaped(text: str) -> tuple[str, list[int] | None]:
    """A text with the characters that its HTML entities stand for.

    Returns:
        the text; and the place in the original of each of its characters and of its end, or None
        if no entity is there.
    """
    if "&" not in text or not ENTITY.search(text):
        return text, None
    out: list[str] = []
    places: list[int] = []
    at = 0
    for found in ENTITY.finditer(text):
        out += text[at : found.start()]
        places += range(at, found.start())
        letters = html.unescape(found[0])
        out += letters
        places += [found.start()] * len(letters)
        at = found.end()
    out += text[at:]
    places += range(at, len(text) + 1)
    return "".join(out), places


@lru_cache(maxsize=1 << 16)
def folded_word(word: str) -> str:
    """A word of a text, folded."""
    return fold(word).strip()


def words_of(text: str) -> list[Word]:
    """The words of a text in order; `&` is the word `and`."""
    pattern = ASCII_WORD if text.isascii() else WORD
    return [
        Word(folded, *match.span())
        for match in pattern.finditer(text)
        if (folded := folded_word(match[0]))
    ]
