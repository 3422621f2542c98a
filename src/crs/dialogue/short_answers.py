"""Short words of a person: an answer to the question that was asked, a number of the list."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crs.dialogue.questions import DECADE
from crs.dialogue.state import EARLIEST, LATEST, Requirement, Understood

_END = r"(?:\s*[,.;:!?\u2013-]+\s*|\s+(?=(?:and|but)\b)|$)"
YES = re.compile(
    rf"(?:yes|yeah|yep|yup|sure|ok|okay|of course)(?:,? i do|,? please| thing)?{_END}", re.I
)
NO = re.compile(
    r"(?:no|nope|nah|not really|rather not)"
    rf"(?:,? thanks|,? thank you|,? i do(?: not|n'?t)| way)?{_END}",
    re.I,
)
EITHER = re.compile(
    r"(?:either|any|anything|whatever|no idea|(?:i )?do(?: not|n'?t) (?:mind|care|know)|"
    rf"(?:it )?does(?:n'?t| not) matter|no preference|skip)(?: is fine)?{_END}",
    re.I,
)
OF_LIST = re.compile(r"\b(?:these|those|them|list)\b", re.I)
"""Then the words are about the list, and not about the question."""
LIKE = re.compile(
    r"\b(more|less|not|nothing) like (?:number |no\. ?|#)?(\d+(?:(?:,| and| or|,? and) #?\d+)*)\b"
    r"(?=\s*(?:$|[,.;!?]|please\b|but\b|and\b))",
    re.I,
)


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
        any_year = Requirement(years=(EARLIEST, LATEST))
        asked, said = ((any_year,), "any year is fine") if question == DECADE else ((), "")
        return ShortAnswer(Understood("", asked), said, text[found.end() :])
    if question == DECADE:
        return None
    name = attributes[question].lower()
    if found := YES.match(text):
        wanted = Understood(said := f"{name}, please", (Requirement(attribute=question),))
        return ShortAnswer(wanted, said, text[found.end() :])
    if found := NO.match(text):
        refused = Understood("", (Requirement(attribute=question, wanted=False),))
        return ShortAnswer(refused, f"no {name}", text[found.end() :])
    return None


def with_titles(text: str, shown: Sequence[str]) -> str:
    """`more like 2` with the title of item 2 of the list, `less like 1 and 3` with two titles.

    Args:
        shown: titles of the list that was shown last. Numbers that it does not have stay.
    """

    def titled(found: re.Match[str]) -> str:
        numbers = [int(number) for number in re.findall(r"\d+", found[2])]
        if not all(1 <= number <= len(shown) for number in numbers):
            return found[0]
        how = "like" if found[1].lower() == "more" else "not like"
        return ". ".join(f"{how} {shown[number - 1]}" for number in numbers)

    return LIKE.sub(titled, text)
