"""Text out of HTML, as shops and web pages put it into titles and descriptions."""

import html
import re

INLINE = "a abbr b big cite code em font i mark q s small span strong sub sup u".split()
BLOCKS = (
    "article aside audio blockquote body br button center dd del div dl dt embed figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 head header hr html iframe img input ins label li "
    "link main meta nav noscript object ol option p param pre section strike svg table tbody "
    "td tfoot th thead title tr tt ul video wbr"
).split()
TAG = re.compile(rf"<!--.*?-->|</?({'|'.join(INLINE + BLOCKS)})(?:\s[^<>]*)?/?>", re.I | re.S)
"""A tag that HTML has: `<3` and `<unknown>` are text."""
UNSEEN = re.compile(r"<(script|style)\b[^<>]*>.*?</\1\s*>", re.I | re.S)
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
DEPTH = 3
"""How often entities may stand within entities: `&amp;amp;`."""


def plain(text: str) -> str:
    """A text as a browser shows it: tags and comments gone, entities as their letters."""
    found = text
    for _ in range(DEPTH):
        if "<" not in found and "&" not in found:
            break
        before = found
        found = TAG.sub(seen, UNSEEN.sub(" ", found))
        found = ENTITY.sub(lambda entity: html.unescape(entity[0]), found)
        if found == before:
            break
    return found if found == text else " ".join(found.split())


def seen(tag: re.Match[str]) -> str:
    """What a tag looks like: nothing within a line, a blank where it begins another."""
    return "" if (tag[1] or "").lower() in INLINE else " "
