"""Years as people say them: one, a decade, a span, a limit, or any (docs/multi_turn.md)."""

import re

from crs.dialogue.state import EARLIEST, LATEST

ABOUT = 2
"""`around 1994` means so many years to either side."""
DECADES = dict(zip(
    "twenties thirties forties fifties sixties seventies eighties nineties".split(),
    range(1920, 2000, 10), strict=True,
)) | {"noughties": 2000, "aughts": 2000}  # fmt: skip
SLIPS = {
    word[:i] + word[i + 1] + word[i] + word[i + 2 :]: word
    for word in DECADES
    for i in range(1, len(word) - 1)
} | {word[:i] + word[i + 1 :]: word for word in DECADES for i in range(1, len(word))}
"""Decades with two letters turned round or one letter left out."""
TENS = dict(zip(
    "ten twenty thirty forty fifty sixty seventy eighty ninety".split(), range(10, 100, 10),
    strict=True,
))  # fmt: skip
UNITS = "one two three four five six seven eight nine".split()
SHORT = 30
"""`'29` is of this century, `'30` of the last one."""
ANY = "anyyear"
"""The word that stands for `any year is fine`."""
APOSTROPHES = "['’‘`´]"
NO_APOSTROPHES = dict.fromkeys(map(ord, "'’‘`´"))
FILLERS = set("the early mid late year years decade".split())
BEFORE, UNTIL = set("before pre under below".split()), set("until till".split())
AFTER, SINCE = set("after post past above".split()), set("since".split())
NEAR = set("about around circa near roughly approximately".split())
ASKS = set("what how".split())
"""Before `about`: a question, and nothing near."""
PREFERS = set("prefer rather pick choose take".split())
"""With one of them `over` compares."""
OLDER, NEWER = set("older earlier".split()), set("newer later younger recent".split())
JOINS = set("to until till through thru and".split())
"""Between two years they make a span; `or` leaves both."""
NOW = set("now today present date".split())
OPEN = set("on onward onwards forward upward upwards".split())
"""Behind a year: and all later ones."""
LATER, EARLIER = (
    NEWER | set("after afterwards above beyond up thereafter".split()),
    OLDER | set("before below".split()),
)
"""Behind a year and `or` or `and`."""
MORE, LESS = set("more over".split()), set("less under".split())
"""The same, as the last words of a clause."""
SO = set("so thereabouts".split())
COMPARES = NEWER | OLDER | {"modern"}
POINTS = set("that those these this them it".split())
NOUNS = set("one ones movie movies film films stuff please then though".split())
"""Behind `newer` and `older` where these compare items."""

_YEAR = rf"(?:(?:1[89]|20)\d\ds?|\d0s|{'|'.join(DECADES)})\b"
_DASH = "[-‐‑‒–—―−~]+"
_TIME = r"(?:(?:release )?years?|release dates?|decades?|eras?|time periods?)\b"
_ALONE = r"(?! (?:before|after|from|between|until|till|since|in|of|but|except|up|around|about|" \
         r"other|older|newer|earlier|later|that|which|with|without)\b)"  # fmt: skip
"""No `any year before 1990`."""
_ANY = [
    rf"(?:any|whatever|whichever|no (?:particular|specific)) {_TIME}",
    r"all (?:the )?(?:years|decades|eras|time periods)\b",
    rf"no {_TIME} preferences?",
    rf"(?:no matter|(?:doesnt|does not) matter|regardless of|never mind|forget(?: about)?|ignore|"
    rf"drop|ditch|lose|scrap|remove|"
    rf"(?:dont|do not) (?:care|mind|worry)(?: (?:about|for))?|no preference (?:for|on|about)|"
    rf"not (?:picky|fussy) about) (?:the |which |what )*{_TIME}",
    r"(?:no matter|(?:(?:doesnt|does not) (?:really )?matter|(?:dont|do not) (?:really )?care)"
    r"(?: about)?) when (?:it|they|its|theyre|the (?:movie|film)s?)\b"
    r"(?: (?:is|was|were|are|from|made|released|shot|out|came|came out)\b)*",
    rf"{_TIME} (?:(?:doesnt|does not|dont|do not) matter|(?:isnt|is not|arent|are not) "
    r"(?:important|a concern)|is (?:unimportant|irrelevant|no concern))",
]
"""Ways to say that the year may be any."""
_FINE = r"(?: (?:is|are|will|would|be|do|works?|goes|fine|ok|okay|good|welcome)\b)*"
_PHRASES = [
    (rf"\bbetween (?:the )?({_YEAR}) and (?=(?:the )?(?:now|today|present)\b)", r"\1 to ",
     "between"),
    (r"\b(?:in|on) or after\b", " since ", "or after"),
    (r"\b(?:in|on) or before\b", " until ", "or before"),
    # 80-90s: both are decades.
    (rf"\b(\d0)(?=\s*(?:{_DASH}|[/,&]|to\b|and\b|or\b)\s*\d0s\b)", r"\1s", "0s"),
    (rf"\b({_YEAR})\s*(?:{_DASH}|&)\s*(?=(?:the )?(?:{_YEAR}|now\b|today\b|present\b))", r"\1 to "),
    # not the 90s, the 80s: a contrast, no list.
    (rf"\b(not (?:(?:the|from|in) )*{_YEAR}),(?=\s*(?:(?:the|from|in) )*{_YEAR}\s*(?:$|[.!?,;]))",
     r"\1; ", "not"),
    # 60s, 70s or 80s: a list, not three clauses.
    (rf"\b({_YEAR})\s*[,/]\s*(?:(?:or|and)\s+)?(?=(?:(?:the|from|in|early|mid|late) )*{_YEAR})",
     r"\1 or ", ",", "/"),
    (rf"\b({_YEAR})\s*(?:\+|plus\b)", r"\1 or later ", "+", "plus"),
    (rf"\b({_YEAR}),? (?:at (?:the )?latest|max|maximum|tops)\b", r"\1 or earlier ",
     "latest", "max", "tops"),
    (rf"\b({_YEAR}),? (?:at (?:the )?earliest|at least|min|minimum)\b", r"\1 or later ",
     "earliest", "least", "min"),
    (rf"\b(?:{'|'.join(_ANY)}){_ALONE}{_FINE}", f" {ANY} "),
    (r"\bup (?:to|till|until)\b(?: and including\b)?|\bat (?:the )?most\b|≤|<=|"
     r"\b(?:no|not) (?:any )?(?:later|newer|more recent) than\b", " until ",
     "up", "most", "≤", "<=", "than"),
    (r"\bat (?:the )?least\b(?: (?:from|in|since)\b)?|≥|>=|"
     r"\b(?:no|not) (?:any )?(?:earlier|older) than\b|"
     r"\b(?:starting|beginning) (?:in|from|with|at)\b", " since ",
     "least", "≥", ">=", "than", "starting", "beginning"),
    (rf"\bat (?:the )?latest (?=(?:in |from )?{_YEAR})", " until ", "latest"),
    (rf"\bat (?:the )?earliest (?=(?:in |from )?{_YEAR})", " since ", "earliest"),
    (rf"\b(?:less|lower|smaller) than (?=(?:(?:the|year) )*{_YEAR})", " under ", "than"),
    (rf"\b(?:more|greater|higher|bigger) than (?=(?:(?:the|year) )*{_YEAR})", " above ", "than"),
    (r"\bturn of the (?:century|millenn?ium)\b", " 2000 or so ", "turn"),
    (r"\bprior to\b|<", " before ", "prior", "<"),
    (r">", " after ", ">"),
]  # fmt: skip


_TENS = rf"({'|'.join(TENS)})"
_NUMBER = rf"(?:{_TENS}(?:[- ]({'|'.join(UNITS)}))?|oh[- ]({'|'.join(UNITS)}))"
IN_WORDS = re.compile(rf"\bnineteen[- ](?:({'|'.join(DECADES)})|{_NUMBER})\b")
TWO_THOUSAND = re.compile(
    rf"\btwo[- ]thousand(?:(?:[- ]and)?[- ](?:({'|'.join(UNITS)})|{_NUMBER})\b|s\b|\b)"
)
DATED = re.compile(
    r"\d|ties|tei|noughties|aughts|nineteen|thousand|years?\b|dates?\b|decade|eras?\b|period|when\b|"
    r"turn of|"
    rf"\b(?:{'|'.join(SLIPS)})\b"
)
"""A text without any of these says nothing of years."""


PHRASES = [(re.compile(pattern), new, signs) for pattern, new, *signs in _PHRASES]
IES = re.compile(r"\b((?:1[89]|20)?\d0)ies\b")
OF_TWO = re.compile(rf"(?<!\w){APOSTROPHES}(\d\d)\b")
SHORT_SPAN = re.compile(rf"\b((?:1[89]|20)\d\d)(\s*{_DASH}\s*| to )(\d\d)(?![\w-])")


def in_digits(text: str) -> str:
    """Years that are written in words, as numbers."""

    def nineteen(found: re.Match[str]) -> str:
        if found[1]:
            return f"{DECADES[found[1]]}s"
        unit = found[3] or found[4]
        return str(1900 + TENS.get(found[2], 0) + (UNITS.index(unit) + 1 if unit else 0))

    def thousand(found: re.Match[str]) -> str:
        unit = found[1] or found[3] or found[4]
        number = 2000 + TENS.get(found[2], 0) + (UNITS.index(unit) + 1 if unit else 0)
        return f"{number}s" if found[0].endswith("sands") else str(number)

    return TWO_THOUSAND.sub(thousand, IN_WORDS.sub(nineteen, text))


def spelt(text: str) -> str:
    """A lower-case text with years as whole numbers and limits as single words; no apostrophes."""
    if not DATED.search(text):
        return text.translate(NO_APOSTROPHES)
    text = in_digits(text)
    text = OF_TWO.sub(lambda match: of_two(int(match[1])), IES.sub(r"\1s", text))
    text = text.translate(NO_APOSTROPHES)
    text = SHORT_SPAN.sub(lambda match: match[1] + match[2] + second(match[1], match[3]), text)
    for pattern, replacement, signs in PHRASES:
        if not signs or any(map(text.__contains__, signs)):
            text = pattern.sub(replacement, text)
    return text


def of_two(digits: int) -> str:
    """The year that two digits stand for."""
    return str(digits + (2000 if digits < SHORT else 1900))


def second(first: str, digits: str) -> str:
    """The end of a span whose century was said at its beginning: `1990-95`."""
    return first[:2] + digits if digits > first[2:] else digits


def years_of(word: str) -> tuple[int, int] | None:
    """The years a word names: `1994`, `1990s`, `90s`, `nineties`."""
    word = SLIPS.get(word, word)
    if re.fullmatch(r"(1[89]|20)\d\d", word):
        return int(word), int(word)
    if match := re.fullmatch(r"((?:1[89]|20)\d0)s|(\d0)s", word):
        first = int(match[1] or of_two(int(match[2])))
        return first, first + 9
    return (DECADES[word], DECADES[word] + 9) if word in DECADES else None


def at(words: list[str], place: int) -> str:
    """The word at a place, empty beyond the ends."""
    return words[place] if 0 <= place < len(words) else ""


def past_fillers(words: list[str], place: int, step: int = 1) -> int:
    """The next place whose word says something."""
    while at(words, place) in FILLERS:
        place += step
    return place


def joined(words: list[str], place: int, between: bool) -> tuple[int, int] | None:
    """The last year of a span that continues at a place, and the place after it; else None.

    Args:
        between: whether `between` stands before its first year.
    """
    join = at(words, place)
    if join == "and" and not between:
        return None
    if join in JOINS:
        # `to no later than 1995` is `to until 1995`.
        place = past_fillers(words, place + 1 + (join != "and" and at(words, place + 1) in UNTIL))
        if join != "and" and at(words, place) in NOW:
            return LATEST, place + 1
    years = years_of(at(words, place))
    return (years[1], place + 1) if years else None


def span(words: list[str], place: int) -> tuple[int, int, int]:
    """The years asked for by the words around one that names some.

    Returns:
        first year, last year, and the place behind what was read.
    Raises:
        ValueError: if the word names none.
    """
    here = years_of(words[place])
    if here is None:
        raise ValueError(f"{words[place]!r} names no year")
    (first, last), behind = here, place + 1
    back = past_fillers(words, place - 1, -1)
    between = "between" in (at(words, back), at(words, back - 1))
    while join := joined(words, behind, between):
        last, behind = join
    if behind > place + 1:  # 1980 to 1990; 1980 1990
        return min(first, last), max(first, last), behind
    cue, than = at(words, back), at(words, back - 1) if at(words, back) == "than" else ""
    if cue in BEFORE or than in OLDER:
        return EARLIEST, first - 1, behind
    if cue in UNTIL:
        return EARLIEST, last, behind
    if cue in AFTER or than in NEWER or (cue == "over" and is_limit(words, back, place)):
        return last + 1, LATEST, behind
    if cue in SINCE:
        return first, LATEST, behind
    if cue in NEAR and not (cue == "about" and at(words, back - 1) in ASKS):
        return first - ABOUT, last + ABOUT, behind
    return limited(words, behind, first, last)


def is_limit(words: list[str], over: int, place: int) -> bool:
    """Whether `over` before a year is a limit: `over 2000`, not `take 1999 over 2000`."""
    return words[place].isdigit() and PREFERS.isdisjoint(words[:over])


def limited(words: list[str], place: int, first: int, last: int) -> tuple[int, int, int]:
    """A year or decade with what is said behind it: `or later`, `onwards`, `or so`."""
    # Somewhere else than at the end `on` is of what follows: `from 1994 on DVD`.
    if at(words, place) in OPEN and (at(words, place) != "on" or place + 1 == len(words)):
        return first, LATEST, place + 1
    if at(words, place) not in ("or", "and"):
        return first, last, place
    if at(words, place + 2) in ("", "please"):
        if at(words, place + 1) in MORE:
            return first, LATEST, place + 2
        if at(words, place + 1) in LESS:
            return EARLIEST, last, place + 2
    limit = place + 1 + (at(words, place + 1) in ("more", "even"))
    following = past_fillers(words, limit + 1 + (at(words, limit + 1) == "than"))
    if years_of(at(words, following)) is None:  # else `or before 1980` is another limit
        if at(words, limit) in LATER:
            return first, LATEST, limit + 1
        if at(words, limit) in EARLIER:
            return EARLIEST, last, limit + 1
    if at(words, limit) in SO:
        return first - ABOUT, last + ABOUT, limit + 1
    return first, last, place


def relative(words: list[str]) -> int:
    """1 where newer items than those of before are asked for, -1 where older ones, else 0."""
    if COMPARES.isdisjoint(words):
        return 0
    for place, word in enumerate(words):
        following = at(words, place + 1)
        compares = following == "than" and at(words, place + 2) in POINTS
        alone = following in ("", *NOUNS) and (word != "recent" or at(words, place - 1) == "more")
        if word in NEWER | {"modern"} and (compares or (alone and word not in ("later", "modern"))):
            return 1
        if word in OLDER and (compares or (alone and word == "older")):
            return -1
    return 0


def union(*years: int) -> tuple[int, ...]:
    """Spans, first and last year of each, in order and without overlap; neighbours are one."""
    found: list[int] = []
    for first, last in sorted(zip(years[::2], years[1::2], strict=True)):
        if found and first <= found[-1] + 1:
            found[-1] = max(found[-1], last)
        else:
            found += [first, last]
    return tuple(found)
