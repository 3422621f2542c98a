"""Why an item is shown: a phrase beside it, and sentences where the person asks."""

import re
from collections.abc import Sequence
from typing import Any

import torch

from crs.data.cases import Cases
from crs.dialogue.requirements import Facts
from crs.titles.names import title_and_year, words

ASKED = re.compile(
    r"(?:(?:and|but|so|ok|okay),? )?why(?: (?:is|are|was|were|(?:did|do|would|have) you \w+))?"
    r"(?: (?:the )?(?:number|no\.?|item|#))? ?(?P<what>.*?)(?: (?:here|for me|to me))?\s*[?.!]*",
    re.I,
)
FIRST = {"this", "that", "it", "this one", "that one", "first", "the first", "the first one"}
ALL = {"", "these", "those", "them", "all", "all of these", "all of them", "this list", "the list"}


def asked_about(text: str, titles: Sequence[str]) -> list[int]:
    """Which places of the list `why 2?`, `why this?` or `why Fargo?` ask about, from 0; none where
    a text asks something else.

    Args:
        titles: of the list that was shown last.
    """
    found = ASKED.fullmatch(text.strip())
    if not found:
        return []
    what = found["what"].lower().strip(" #")
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


def other_title(text: str) -> str:
    """What `why not Fargo?` may name; nothing where a text asks something else, or by a number."""
    found = ASKED.fullmatch(text.strip())
    what = found["what"].removeprefix("not ").strip() if found else ""
    return "" if what.isdecimal() else what


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
