"""Signs in a text that words which everybody says are meant as a title."""

import re

from crs.titles.everyday import GENRES, stop
from crs.titles.words import Word

OPENING, CLOSING = "\"'“”„«»‘’‹›「『《〈*_", "\"'“”«»‘’‹›」』》〉*_"
CALLED = re.compile(
    r"\b(?:called|titled|entitled|named|(?:the|a|this|that|in|loved|seen|saw|watched) "
    r"(?:movie|film|book|album|song|series|show|game)|favou?rite(?: (?:movie|film|book|one))? is)"
    r"[:,]?\s+$",
    re.IGNORECASE,
)
"""What is said before a title and before nothing else."""
LIKE = re.compile(
    r"\b(?:like|liked|loved|adored|enjoyed|hated|disliked|seen|saw|watched|watching|rewatched"
    r"|finished|similar to|close to|compared to|remind(?:s|ed) me of"
    r"|(?:vein|style|lines|spirit|fan) of)(?: the)?\s+$",
    re.IGNORECASE,
)
"""What is said before a title and before other things as well."""
WISH = re.compile(
    r"(?:\b(?:i|we|you|they|people|would|really|also|dont|to|feel|feels|feeling|looks?|sounds?|seems?)"
    r"|['’](?:d|t|ll)) like(?: the)?\s+$",
    re.IGNORECASE,
)
"""`I like` and `I feel like` are said before anything."""
FOLLOWS = re.compile(
    r"\s*(?:$|[.,;:!?)\]…–—\"'”’」』]|(?:and|or|but|nor|with|without|from|because|is|was|are|were|in"
    r"|on|too|please|that|which|for|so|a lot|again|not|last|yesterday|when|if|except|though"
    r"|although|very|yet|already|by|it|i|we|he|she|as|at|where|who|one|movie|film|recently|before"
    r"|more|than|just|only|yesterday|today|tonight)\b|&)",
    re.IGNORECASE,
)
"""What may stand behind a title; behind the first words of another phrase stands its noun."""
LISTED = re.compile(r"\s*[\"'”’]?\s*(?:,|and|or|&|,\s*(?:and|or))\s*[\"'“‘]?\s*", re.IGNORECASE)
TASTE = re.compile(
    r"\b(?:like|liked|love|loved|adore|adored|enjoy|enjoyed|hate|hated|dislike|disliked|such as"
    r"|favou?rites? (?:are|were|include|is)|can['’]?t stand)(?: the)?\s+$",
    re.IGNORECASE,
)
"""What is said before a list of titles, and before other lists as well."""
SMALL = frozenset("a an the of and or in on to for with from at by de la le".split())
BEGINS = re.compile(r"(?:^|[.!?:\n])\s*[\"'“‘(]*$")
SUBJECT = re.compile(r"\s+(?:is|was)\b")
REACH = 40
"""Letters before a title that are looked at for a cue."""


def quoted(text: str, start: int, end: int) -> bool:
    """Whether quotation marks stand around it."""
    return start > 0 and end < len(text) and text[start - 1] in OPENING and text[end] in CLOSING


def capital(text: str, words: list[Word], first: int, last: int) -> bool:
    """Whether the words `first` to `last` have capitals as a title has, among words that have none.

    At the start of a sentence one capital says nothing, unless `is` or `was` follows.
    """
    inside = [word for word in words[first : last + 1] if word.folded not in SMALL]
    shown = [text[word.start : word.end] for word in inside or words[first : last + 1]]
    if not all(one[0].isupper() and (len(one) == 1 or not one.isupper()) for one in shown):
        return False
    if len(shown) == 1 and len(shown[0]) == 1:
        return False
    begins = len(shown) == 1 and BEGINS.search(text, 0, words[first].start)
    if begins and (words[last].folded in stop() or not SUBJECT.match(text, words[last].end)):
        return False
    others = [word for word in (*words[:first], *words[last + 1 :]) if word.folded != "i"]
    small = sum(text[word.start].islower() for word in others)
    return 2 * small > len(others)


def cued(text: str, words: list[Word], first: int, last: int, name: tuple[str, ...]) -> bool:
    """Whether a text says that the words `first` to `last` are a title.

    Args:
        name: these words, folded, without an article.
    """
    start, end = words[first].start, words[last].end
    before = text[max(0, start - REACH) : start]
    if quoted(text, start, end) or (CALLED.search(before) and FOLLOWS.match(text, end)):
        return True
    alone = name[0] if len(name) == 1 else ""
    if alone in GENRES:
        return False
    if capital(text, words, first, last):
        return True
    if alone in stop():
        return False
    likened = LIKE.search(before) and not WISH.search(before)
    return bool(likened and FOLLOWS.match(text, end))


def in_lists(name: tuple[str, ...]) -> bool:
    """Whether everyday words may be a title beside another one."""
    return len(name) > 1 or not (name[0] in GENRES or name[0] in stop())


def listed(text: str, end: int, name: tuple[str, ...]) -> bool:
    """Whether words that end there may be a title, if the words before `and` are one."""
    return in_lists(name) and bool(FOLLOWS.match(text, end))
