"""One dialogue with a person: the core of the chat, without a terminal or a page.

The same understanding, wishes, texts and re-ranking as in the stage `multi_turn`, for one dialogue.
What differs: only items that the person refuses are out, not all that were shown.
"""

import re
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch

from crs.data.cases import Cases
from crs.dialogue.replies import asked_text, years_text
from crs.dialogue.requirements import Wishes
from crs.dialogue.rerank import WAYS
from crs.dialogue.state import Talk, Turn
from crs.dialogue.utterance_vectors import Texts
from crs.ids import Number
from crs.recommender import Recommender

if TYPE_CHECKING:
    from crs.serving import System

ALL_REFUSED = re.compile(r"\b(none|not|neither|no|nothing) (of )?(these|those|them)\b")
INTENTS, TYPICAL, FAINT = 3, 3, 0.01
"""So many intents are shown, by so many items each, and none with a smaller share."""


@dataclass
class Reply:
    """What is shown, and why.

    Attributes:
        items: best first, our numbers.
        understood: what the newest words ask for.
        asked: what is asked for by now.
        intents: probability and most typical titles of the strongest intents; empty for a model
            that has none.
        broken: hard requirements that the worst of the items breaks.
        kept: whether one of the items keeps them all.
    """

    items: list[Number]
    understood: list[str]
    asked: list[str]
    intents: list[tuple[float, list[str]]] = field(default_factory=list)
    broken: int = 0
    kept: bool = True


class Conversation:
    """A person with a history talks to a system.

    Args:
        case: the history, B = 1.
        text: what is embedded from the second turn on: `newest`, `joined` or `mean`.
        way: of re-ranking: `none`, `hard` or `as_released`.
        shown: items a turn.
    """

    def __init__(self, system: "System", case: Cases, text: str, way: str, shown: int) -> None:
        self.system, self.case, self.way, self.k = system, case, way, shown
        self.talk = Talk(1, int(case.cut), 0)
        self.wishes = Wishes.none(system.facts, 1)
        self.texts = Texts(text, 1, system.dim, system.encode)
        self.refused: list[Number] = []
        self.shown: list[Number] = []
        self.understood: list[str] = []
        self.years = ""

    @property
    def history(self) -> list[Number]:
        """The items that the person had before."""
        return list(map(Number, self.case.sequences.items[:-1].tolist()))

    def say(self, text: str) -> Reply:
        """Words of the person."""
        if ALL_REFUSED.search(text.lower()):
            self.refuse_all()
        self.hear(text)
        return self.show()

    def hear(self, text: str) -> None:
        """Take in words without an answer."""
        self.talk.turns.append(Turn(text))
        understood = self.system.understanding.read([self.talk])[0]
        self.wishes.hear([0], [understood])
        names = self.system.attributes
        self.understood = [asked_text(asdict(one), names) for one in understood.requirements]
        for one, words in zip(understood.requirements, self.understood, strict=True):
            if one.years and one.hard:
                self.years = "" if one.any_year else words
        if understood.text and self.system.dim:
            self.texts.add([0], [understood.text], self.texts.embed([0], [understood.text]))

    def refuse(self, item: Any) -> Reply:
        """One item is not wanted, named as in `System.item`; the others may stay."""
        number = self.system.item(item)
        if number not in self.refused:
            self.refused.append(number)
        return self.show()

    def refuse_all(self) -> None:
        """Nothing of what was shown last is wanted."""
        self.refused += [item for item in self.shown if item not in self.refused]

    @property
    def recommender(self) -> Recommender:
        """Who answers: one that reads words, if there are any."""
        return self.system.recommender if self.talk.turns else self.system.silent

    def asked(self) -> Cases:
        """The case with all that is known by now."""
        case = replace(
            self.case,
            text=self.texts.vectors if self.system.dim else None,
            known=self.wishes.wanted,
            refused=self.wishes.refused,
            shown=torch.tensor([self.refused or [0]]),
        )
        if reads := getattr(self.recommender, "read", None):
            case.dialogue = reads(case, [self.talk])
        return case

    def show(self) -> Reply:
        """What is shown now."""
        case = self.asked()
        ranking = WAYS[self.way](self.recommender, case, self.wishes, seen="out", top=50)
        picked = ranking.pick(self.k)
        items = [Number(item) for item in picked.items[0].tolist() if item]
        self.shown = items
        if self.talk.turns:
            self.talk.turns[-1].shown = list(items)
        broken = int(picked.broken[0])
        least = int(self.wishes.violations()[0, items].min()) if broken else 0
        return Reply(
            items, self.understood, self.so_far(), self.intents(case), broken, kept=least == 0
        )

    def so_far(self) -> list[str]:
        """What is asked for by now, in words."""
        names, wishes, facts = self.system.attributes, self.wishes, self.wishes.facts
        found = []
        for prefix, part in (("", wishes.wanted), ("no ", wishes.refused)):
            for attribute in part[0].nonzero()[:, 0].tolist():
                maybe = "" if wishes.hard[0, attribute] else "maybe "
                found.append(f"{maybe}{prefix}{names[attribute].lower()}")
        years = wishes.years[0, :-1]
        if not years.any() and self.years:  # outside of all years that the items have
            found.append(self.years)
        elif not years.all():
            kept = facts.calendar[years].tolist()
            whole = len(kept) == kept[-1] - kept[0] + 1
            found.append(years_text(kept[0], kept[-1]) if whole else "not all years")
        return found

    def intents(self, case: Cases) -> list[tuple[float, list[str]]]:
        """The strongest intents, each by its most typical items."""
        recommender: Any = self.recommender
        if not hasattr(recommender, "typical"):
            return []
        shares, chosen = recommender.prior(case)[0].topk(INTENTS)
        best = recommender.typical()[:, chosen].topk(TYPICAL, dim=0).indices.T.tolist()
        titles = self.system.titles
        return [(share, [titles[item] for item in items])
                for share, items in zip(shares.tolist(), best, strict=True)
                if share >= FAINT]  # fmt: skip
