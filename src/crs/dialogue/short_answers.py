"""What a person says to a question or to a list, as a whole sentence that the rules read."""

import re
from collections.abc import Sequence

from crs.dialogue.questions import DECADE, NOTHING

_END = r"(?:\s*[,.;!]+\s*|$)"
YES = re.compile(
    rf"(?:yes|yeah|yep|yup|sure|ok|okay|absolutely|of course)(?:,? please)?{_END}", re.I
)
NO = re.compile(rf"(?:no|nope|nah|not really|rather not)(?:,? thanks|,? thank you)?{_END}", re.I)
EITHER = re.compile(
    rf"(?:either|any|anything|whatever|don'?t care|no idea|(?:i )?don'?t (?:mind|care|know)|"
    rf"(?:it )?does(?:n't| not) matter|no preference|skip)(?: is fine)?{_END}",
    re.I,
)
LIKE = re.compile(
    r"\b(more|less|not|nothing) like (?:number |no\. ?|#)?(\d+)\b"
    r"(?=\s*(?:$|[,.;!?]|please\b|but\b|and\b))",
    re.I,
)


def whole_sentence(
    text: str,
    question: int,
    attributes: Sequence[str],
    shown: Sequence[str],
) -> str:
    """`yes` to "Do you want comedy?" is `comedy, please`; `more like 2` has the title of item 2.

    Args:
        text: what the person says.
        question: what was asked last, as `Turn.question` has it.
        attributes: names by id.
        shown: titles of the list that was shown last.
    Returns:
        The text itself if it is a whole sentence already.
    """
    text = LIKE.sub(lambda found: _titled(found, shown), text.strip())
    if question == NOTHING:
        return text
    if found := EITHER.match(text):
        return _joined("any year is fine" if question == DECADE else "", text[found.end() :])
    if question == DECADE:
        return text
    name = attributes[question].lower()
    for pattern, words in ((YES, f"{name}, please"), (NO, f"no {name}")):
        if found := pattern.match(text):
            return _joined(words, text[found.end() :])
    return text


def _titled(found: re.Match[str], shown: Sequence[str]) -> str:
    """A number of the list as its title; as it stands if the list has no such number."""
    how, number = found[1].lower(), int(found[2])
    if not 1 <= number <= len(shown):
        return found[0]
    return f"{'like' if how == 'more' else 'not like'} {shown[number - 1]}"


def _joined(words: str, rest: str) -> str:
    """An answer, and what was said behind it as a sentence of its own."""
    return ". ".join(part for part in (words, rest) if part)
