"""The leak audit: does an utterance name its target? Exact and fuzzy title matches."""

import re
from difflib import SequenceMatcher
from functools import lru_cache

FUZZY = 0.85
"""Similarity of the title to a run of as many words, from which on it counts as named."""
MIN_LETTERS = 4
"""Titles shorter than this (`M`, `Up`) match ordinary words by chance; they count only exactly
in capitals, which simulated users do not produce, and so not at all."""
ARTICLE = re.compile(r"^(.*), (the|a|an|le|la|les|il|das|der|die|el|l)$")


@lru_cache(maxsize=1 << 16)
def words_of_title(title: str) -> tuple[str, ...]:
    """A title's words: lower case, `Usual Suspects, The` turned round, what is in brackets out."""
    plain = re.sub(r"\(.*?\)", " ", title.lower()).strip()
    if match := ARTICLE.match(plain):
        plain = f"{match[2]} {match[1]}"
    words = re.findall(r"\w+", plain)
    # People drop a leading article.
    return tuple(words[1:] if len(words) > 1 and words[0] in ("the", "a", "an") else words)


def leak(title: str, text: str) -> str | None:
    """`exact` if the text has the title's words in a row, `fuzzy` if nearly, else None."""
    title_words = words_of_title(title)
    joined = " ".join(title_words)
    if len(joined) < MIN_LETTERS:
        return None
    words = re.findall(r"\w+", text.lower())
    n = len(title_words)
    near = None
    for i in range(len(words) - n + 1):
        run = " ".join(words[i : i + n])
        if run == joined:
            return "exact"
        matcher = SequenceMatcher(None, run, joined, autojunk=False)
        if matcher.real_quick_ratio() >= FUZZY and matcher.quick_ratio() >= FUZZY:
            near = near or ("fuzzy" if matcher.ratio() >= FUZZY else None)
    return near
