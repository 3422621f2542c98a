"""Short words of a person: an answer to the question that was asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crs.dialogue.questions import DECADE
from crs.dialogue.standing import ANY_YEAR
from crs.dialogue.state import Requirement, Understood

_END = r"(?:\s*[,.;:!?\u2013-]+\s*|\s+(?=(?:and|but)\b)|$)"
YES = re.compile(
    rf"(?:yes|yeah|yep|yup|sure|ok|okay|of course)(?:,? i do|,? please| thing)?{_END}", re.I
)
NO = re.compile(
    r"(?:no|nope|nah|not really|rather not)"
    rf"(?:,? thanks|,? thank you|,? rather not|,? not really|,? i do(?: not|n'?t)| way)?{_END}",
    re.I,
)
EITHER = re.compile(
    r"(?:either|(?:any|anything|whatever)(?! but\b)|no idea|"
    r"(?:i )?do(?: not|n'?t) (?:mind|care|know)|"
    rf"(?:it )?does(?:n'?t| not) matter|no preference|skip)(?: is fine)?{_END}",
    re.I,
)
ANY_SAID = "any year is fine"
OF_LIST = re.compile(r"\b(?:these|those|them|list)\b", re.I)
"""Then the words are about the list, and not about the question."""


@dataclass(frozen=True)
class ShortAnswer:
    """An answer to a question.

    Attributes:
        understood: what it says; nothing where the person has no preference.
        said: the same as a sentence; empty where the person has no preference.
        rest: the words behind it.
    """

    understood: Understood
    said: str
    rest: str


def short_answer(text: str, question: int, attributes: Sequence[str]) -> ShortAnswer | None:
    """`yes` to "Do you want comedy?" requires comedy; None if the words are no short answer.

    It needs no rules that read the attribute's name: some names are no words, as `R&B`.

    Args:
        text: what the person says.
        question: what was asked last, as `Turn.question` has it.
        attributes: names by id.
    """
    text = text.strip()
    if not question or OF_LIST.search(text):
        return None
    if found := EITHER.match(text):
        asked, said = ((ANY_YEAR,), ANY_SAID) if question == DECADE else ((), "")
        return ShortAnswer(Understood("", asked), said, text[found.end() :])
    if question == DECADE:  # no decade is as good as any
        found = NO.match(text)
        return (
            ShortAnswer(Understood("", (ANY_YEAR,)), ANY_SAID, text[found.end() :])
            if found
            else None
        )
    name = attributes[question].lower()
    if found := YES.match(text):
        wanted = Understood(said := f"{name}, please", (Requirement(attribute=question),))
        return ShortAnswer(wanted, said, text[found.end() :])
    if found := NO.match(text):
        refused = Understood("", (Requirement(attribute=question, wanted=False),))
        return ShortAnswer(refused, f"no {name}", text[found.end() :])
    return None
