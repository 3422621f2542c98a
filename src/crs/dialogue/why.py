"""Why an item is shown: a phrase beside it, and sentences where the person asks."""

import re
from collections.abc import Sequence
from typing import Any

import torch

from crs.data.cases import Cases
from crs.dialogue.of_list import ORDINALS
from crs.dialogue.requirements import Facts
from crs.titles.names import title_and_year, words

WHY = re.compile(
    r"(?:(?:and|but|so|ok|okay),? )?why(?: (?:is|are|was|were|(?:did|do|would|have) you \w+))?"
    r"(?: (?:the )?(?:number|no\b\.?|item|#))? ?(?P<what>.*?)"
    r"(?: (?:here|there|for me|to me|(?:in|on) (?:the|this|your) list|listed|recommended))?"
    r"\s*[?.!]*",
    re.I,
)
TELL = re.compile(
    r"(?:(?:please )?(?:tell me (?:more )?about|more about|explain)|what(?: is|'s)(?=.* about\b)) "
    r"(?:(?:the )?(?:number|no\.?|item|#) ?)?(?P<what>.+?)(?: about)?\s*[?.!]*",
    re.I,
)
IS_IT = re.compile(
    r"(?:(?:and|but|so|ok|okay|well),? )?(?:"
    r"(?:do you (?:have|know)|ha(?:ve|s) you (?:got|seen|watched)|did you (?:like|see|watch))"
    r"(?: any(?: of)?)? (?P<there>.+?)(?: movies?| films?)?(?: too| as well| at all| yet| here)?|"
    r"(?:is|was) (?!there\b|(?:it|this|that)\b(?! an? ))(?:(?:the )?(?:number|no\.?|item|#) ?)?"
    r"(?P<is>.+?) (?:really |actually |very |so |that |too |any )*(?:an? [\w' -]+|[\w'-]+)|"
    r"(?:does|has|did) (?P<has>.+?) (?:have|got|contain) [\w' -]+)\s*[?.!]*",
    re.I,
)
"""Do you have Fargo? Is Fargo a comedy? Has Fargo got romance in it?"""
FIRST = {"this", "that", "it", "this one", "that one"}
ORDINAL = re.compile(rf"(?:the )?({'|'.join(ORDINALS)})(?: one)?", re.I)
ALL = {"", "these", "those", "them", "all", "all of these", "all of them", "this list", "the list"}
INTENTS, TYPICAL, FAINT = 6, 3, 0.01
"""So many intents are shown, by so many items each, and none with a smaller share."""


def asked(text: str) -> tuple[str, bool] | None:
    """What `why 2?`, `tell me about Fargo` or `is Fargo a comedy?` ask about, and whether by `why`;
    None where a text asks something else."""
    by_why = WHY.fullmatch(text.strip())
    found = by_why or TELL.fullmatch(text.strip()) or IS_IT.fullmatch(text.strip())
    if not found:
        return None
    what = next(filter(None, found.groups())).strip(" #") if any(found.groups()) else ""
    place = ORDINAL.fullmatch(what)
    return (str(ORDINALS[place[1].lower()]) if place else what, bool(by_why))


def is_place(what: str) -> bool:
    """Whether a place of the list is asked about, and no title."""
    return what.lower() in ALL | FIRST or what.isdecimal()


def places(what: str, titles: Sequence[str]) -> list[int]:
    """Which places of the list are asked about, from 0; none if none has that name.

    Args:
        titles: of the list that was shown last.
    """
    what = what.lower()
    if what in ALL:
        return [*range(len(titles))]
    if what in FIRST:
        return [0] if titles else []
    numbers = re.split(r"\s*(?:,|and)\s*", what)
    if all(number.isdecimal() and 1 <= int(number) <= len(titles) for number in numbers):
        return [int(number) - 1 for number in numbers]
    named = words(what)
    spelt = ((words(one), words(title_and_year(one)[0])) for one in titles)
    return [place for place, both in enumerate(spelt) if named in both]


def about(item: int, facts: Facts, names: Sequence[str]) -> list[str]:
    """What the catalogue says of an item: `drama`, `1994`.

    Args:
        names: of the attributes, by id.
    """
    parts = [names[one].lower() for one in facts.matrix[item].nonzero()[:, 0].tolist()]
    place = int(facts.place[item])
    parts += [str(int(facts.calendar[place]))] if place < len(facts.calendar) else []
    return parts


def shared(item: int, history: Sequence[int], facts: Facts) -> tuple[int, list[int]]:
    """The newest of the items of the history that have most attributes in common with an item, and
    these attributes; 0 and none if no item has any."""
    had = list(reversed(history))
    common = facts.matrix[had] * facts.matrix[item]
    if not had or not common.any():
        return 0, []
    best = int(common.sum(1).argmax())
    return had[best], common[best].nonzero()[:, 0].tolist()


def place_by_score(item: int, recommender: Any, cases: Cases) -> tuple[int, int]:
    """The place of an item by the score alone, and among how many items that the person did not
    have."""
    table, bias = recommender.catalogue()
    scores = recommender.queries(cases)[0] @ table.T + (0 if bias is None else bias)
    open_ = torch.zeros(len(scores), dtype=torch.bool)
    open_[1 : cases.sequences.n_items + 1] = True
    open_[cases.left_out[1]] = False
    return 1 + int((scores[open_] > scores[item]).sum()), int(open_.sum())


def intent_of(item: int, recommender: Any, cases: Cases) -> tuple[int, float] | None:
    """The intent that an item of this person is of most likely, and p(m|u,x,y) of it; None for a
    model without intents."""
    if not hasattr(recommender, "typical"):
        return None
    both = recommender.prior(cases)[0] * recommender.typical()[item]
    best = int(both.argmax())
    return best, float(both[best] / both.sum().clamp(min=1e-30))


def intents(recommender: Any, cases: Cases, titles: Sequence[str]) -> list[tuple[float, list[str]]]:
    """The strongest intents of a person, each with its share and most typical titles; none for a
    model without intents."""
    if not hasattr(recommender, "typical"):
        return []
    shares, chosen = recommender.prior(cases)[0].topk(INTENTS)
    pairs = zip(shares.tolist(), chosen.tolist(), strict=True)
    return [(share, typical(one, recommender, titles)) for share, one in pairs if share >= FAINT]


def typical(intent: int, recommender: Any, titles: Sequence[str]) -> list[str]:
    """The titles that are most typical of an intent."""
    best = recommender.typical()[:, intent].topk(TYPICAL).indices.tolist()
    return [titles[item] for item in best]
