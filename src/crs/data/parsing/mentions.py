"""Words of a plain text, and where in them a name stands."""

import re

WORD = re.compile(r"@\d+|\w+(?:['’]\w+)?|[^\w\s]")
ARTICLES = ("the", "a", "an")


def words(text: str) -> list[str]:
    """Words and punctuation marks; `@12` is one word, `don't` too."""
    return WORD.findall(text)


def find(name: str, lower: list[str], free: list[bool]) -> slice | None:
    """First place of a name in lower-case words none of which is taken; a leading article of the
    name may be missing.

    Args:
        free: which words may be matched.
    """
    wanted = [word.lower() for word in words(name)]
    variants = [wanted, wanted[1:]] if wanted and wanted[0] in ARTICLES else [wanted]
    for variant in filter(None, variants):
        n = len(variant)
        for at in range(len(lower) - n + 1):
            if lower[at : at + n] == variant and all(free[at : at + n]):
                return slice(at, at + n)
    return None


def linked(
    text: str, items: list[tuple[str, str]], entities: list[tuple[str, str]]
) -> tuple[list[str], list[tuple[int, str]], int]:
    """Words of a text with the mentions in it: each item's name becomes the one word `@`, other
    names stay and are mentioned at their first word.

    Args:
        items, entities: (name as the text may have it, entity).
    Returns:
        words, (place, entity) of each mention in order, and how many names are not in the text.
    """
    found = words(text)
    lower, free = [word.lower() for word in found], [True] * len(found)
    spans: list[tuple[slice, str, bool]] = []
    missing = 0
    # Longer names first: `Frozen II` must not be taken for `Frozen`.
    candidates = [(name, entity, True) for name, entity in sorted(items, key=lambda x: -len(x[0]))]
    candidates += [(name, entity, False) for name, entity in entities]
    for name, entity, item in candidates:
        if (span := find(name, lower, free)) is None:
            missing += 1
            continue
        free[span] = [False] * (span.stop - span.start)
        spans.append((span, entity, item))
    out: list[str] = []
    mentions: list[tuple[int, str]] = []
    at = 0
    for span, entity, item in sorted(spans, key=lambda x: x[0].start):
        out += found[at : span.start]
        mentions.append((len(out), entity))
        out += ["@"] if item else found[span]
        at = span.stop
    return out + found[at:], mentions, missing
