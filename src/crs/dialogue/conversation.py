"""One dialogue with a person: the core of the chat, without a terminal or a page.

Its turns are those of the stage `multi_turn` (crs/dialogue/turn.py). What differs: only items that
the person refuses are out, not all that were shown.
"""

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from typing import Any

from crs.data.cases import Cases
from crs.dialogue.meanings import Meanings
from crs.dialogue.questions import NOTHING
from crs.dialogue.replies import asked_text, foreign, note, question_text, years_text
from crs.dialogue.requirements import Facts
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.short_answers import ShortAnswer, short_answer, with_titles
from crs.dialogue.state import Requirement, Talk, Understanding, Understood
from crs.dialogue.turn import DialogueStates, TurnSettings
from crs.dialogue.utterance_vectors import Texts
from crs.errors import UserError
from crs.ids import Number
from crs.recommender import Recommender

ALL_REFUSED = re.compile(r"\b(none|not|neither|no|nothing) (of )?(these|those|them)\b")
UNDO = re.compile(r"(?:please )?(?:undo|take (?:that|it) back)(?:,? please)?[.!]?", re.I)
CHANGES = ("state", "refused", "shown", "understood", "years", "note", "question", "questions")
"""What a dialogue changes, and `undo` brings back."""
ALONE = slice(0, 1)
"""The dialogues of a person: one."""
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
        note: what was not understood, or of which titles one is meant; empty if there is nothing to
            say.
        question: what the system asks; empty if it asks nothing.
        why: a phrase for each item: what it is, and whether it has what is asked for.
    """

    items: list[Number]
    understood: list[str]
    asked: list[str]
    intents: list[tuple[float, list[str]]] = field(default_factory=list)
    broken: int = 0
    kept: bool = True
    note: str = ""
    question: str = ""
    why: list[str] = field(default_factory=list)


@dataclass
class Names:
    """What a catalogue's items and attributes are called.

    Attributes:
        titles, attributes: by our number; the first is unused.
        item: our number of an item that is named by its title or by its id in the user's file.
    """

    titles: list[str]
    attributes: list[str]
    item: Callable[[Any], Number]


class Conversation:
    """A person with a history talks to a recommender.

    Args:
        case: the history, B = 1.
        recommender: who answers what is said.
        silent: who answers as long as nothing is said.
        facts: of the catalogue.
        understanding: reads what is said.
        texts: the vector of what is said, of one dialogue; of width 0 if no scorer reads it.
        meanings: of the attributes, to offer what is near; None without a text encoder.
    """

    def __init__(
        self,
        case: Cases,
        recommender: Recommender,
        silent: Recommender,
        names: Names,
        facts: Facts,
        understanding: Understanding,
        texts: Texts,
        settings: TurnSettings,
        meanings: Meanings | None = None,
    ) -> None:
        self.case, self.settings, self.names, self.meanings = case, settings, names, meanings
        self.speaking, self.silent = recommender, silent
        self.talk = Talk(0, int(case.cut), 0)
        reads = [bool(texts.vectors.shape[1])]
        self.state = DialogueStates([self.talk], facts, understanding, texts, reads)
        self.refused: list[Number] = []
        self.shown: list[Number] = []
        self.understood: list[str] = []
        self.years = self.note = ""
        self.question, self.questions = NOTHING, set[int]()
        self.past: list[dict[str, Any]] = []

    @property
    def history(self) -> list[Number]:
        """The items that the person had before, and behind them those that the person likes."""
        had = self.case.sequences.items[:-1].tolist()
        liked = [item for item in self.state.wishes.liked[0] if item not in had]
        return list(map(Number, [*had, *liked]))

    def say(self, text: str) -> Reply:
        """Words of the person."""
        if UNDO.fullmatch(text.strip()):
            return self.undo()
        self.remember()
        try:
            if ALL_REFUSED.search(text.lower()):
                self.refused += [item for item in self.shown if item not in self.refused]
            titles = [self.names.titles[item] for item in self.shown]
            answer = short_answer(text, self.question, self.names.attributes)
            self.hear(with_titles(answer.rest if answer else text, titles), answer)
            self.question = NOTHING
            return self.show()
        except UserError:  # e.g. a language model that reads cannot be reached: nothing was said
            self.restore()
            raise

    def remember(self) -> None:
        """Keep what is known by now, for `undo`."""
        shared = self.state.wishes.facts, self.state.understanding, self.state.texts.encode
        now = {name: getattr(self, name) for name in CHANGES}
        self.past.append(deepcopy(now, {id(one): one for one in shared}))

    def undo(self) -> Reply:
        """Take back the newest thing that the person said or refused.

        Raises:
            UserError: if there is none.
        """
        if not self.past:
            raise UserError("there is nothing to undo")
        self.restore()
        return self.show()

    def restore(self) -> None:
        """Go back to what `remember` kept last."""
        vars(self).update(self.past.pop())
        self.talk = self.state.talks[0]

    def hear(self, text: str, answer: ShortAnswer | None = None) -> None:
        """Take in words.

        Args:
            text: what is read; nothing where `answer` is all that was said.
            answer: to the question, before the other words.
        """
        self.state.speak([0], [text or (answer.said if answer else "")])
        heard = self.state.understand([0]) if text else []
        if answer:
            both = [answer.understood, *heard]
            words = " ".join(one.text for one in both if one.text)
            asked = tuple(one for part in both for one in part.requirements)
            heard = [Understood(words, asked)]
        self.state.update([0], heard, self.state.embed([0], heard))
        asked = heard[0].requirements
        names = self.names.attributes, self.names.titles
        self.understood = [asked_text(asdict(one), *names) for one in asked]
        which = [
            words
            for one, words in zip(asked, self.understood, strict=True)
            if len(one.items) > 1 and not one.taken_back
        ]
        self.note = "; ".join(which) or note(text, {} if asked else self.near(text))
        for one, words in zip(asked, self.understood, strict=True):
            if one.years and one.hard:
                self.years = "" if one.any_year else words

    def near(self, text: str) -> dict[str, str]:
        """Words of a text that no rule knows, each with the attribute that may be meant."""
        rules = self.state.understanding
        if not isinstance(rules, Rules) or foreign(text):
            return {}
        found = dict(rules.unknown(text))
        if self.meanings:
            words = (word for word in rules.telling(text) if word not in found)
            found |= self.meanings.offered(words)
        return {word: name.lower() for word, name in found.items()}

    def refuse(self, item: Any) -> Reply:
        """One item is not wanted, by its title or its id; the others may stay."""
        number = self.names.item(item)
        if number not in self.refused:
            self.remember()
            self.refused.append(number)
        return self.show()

    def like(self, item: Any) -> Reply:
        """One item is liked, by its title or its id, as if it had been named: it joins the history
        and is shown no more."""
        liked = Requirement(items=(self.names.item(item),))
        self.remember()
        self.state.wishes.hear([0], [Understood("", (liked,))])
        return self.show()

    def refuse_all(self) -> None:
        """Nothing of what was shown last is wanted."""
        self.remember()
        self.refused += [item for item in self.shown if item not in self.refused]

    @property
    def recommender(self) -> Recommender:
        """Who answers: one that hears, if anything was said; one that reads texts, if there is one
        to read."""
        texts = self.state.texts
        heard = bool(texts.said[0]) or not texts.vectors.shape[1]
        return self.speaking if self.talk.turns and heard else self.silent

    def asked(self) -> Cases:
        """The case with all that is known by now."""
        return self.state.cases(self.recommender, self.case, ALONE, [self.refused])

    def show(self) -> Reply:
        """What is shown now."""
        case = self.asked()
        ranking = self.state.ranking(self.recommender, case, ALONE, self.settings)
        picked = ranking.pick(self.settings.shown)
        items = [Number(item) for item in picked.items[0].tolist() if item]
        self.shown = items
        if self.question == NOTHING:  # else it still waits for its answer
            before = [self.questions]
            self.question = int(self.state.questions(ranking, ALONE, self.settings, before)[0])
            self.questions.add(self.question)
        if self.talk.turns:
            self.state.show([0], [items], [self.question])
        broken = self.state.wishes.violations()[0, items]
        return Reply(
            items,
            self.understood,
            self.so_far(),
            self.intents(case),
            int(picked.broken[0]),
            bool((broken == 0).any()) or not items,
            self.note,
            question_text(self.question, self.names.attributes),
            [self.why(item, int(lacks)) for item, lacks in zip(items, broken, strict=True)],
        )

    def why(self, item: Number, lacks: int) -> str:
        """What an item is, and how far it has what is asked for: `drama, 1994: all you asked for`.

        Args:
            lacks: how many of the hard requirements it breaks.
        """
        facts = self.state.wishes.facts
        about = [self.names.attributes[a].lower() for a in facts.matrix[item].nonzero()[:, 0]]
        place = int(facts.place[item])
        about += [str(int(facts.calendar[place]))] if place < len(facts.calendar) else []
        asked = bool(self.so_far())
        match = "" if not asked else ("all you asked for", "not all you asked for")[lacks > 0]
        return ": ".join(part for part in (", ".join(about), match) if part)

    def so_far(self) -> list[str]:
        """What is asked for by now, in words."""
        names, wishes = self.names.attributes, self.state.wishes
        found = []
        for prefix, part in (("", wishes.wanted), ("no ", wishes.refused)):
            for attribute in part[0].nonzero()[:, 0].tolist():
                maybe = "" if wishes.hard[0, attribute] else "maybe "
                found.append(f"{maybe}{prefix}{names[attribute].lower()}")
        found += [" or ".join(names[a].lower() for a in group) for group in wishes.either[0]]
        titles = self.names.titles
        found += [f"like {titles[item]}" for item in wishes.liked[0]]
        found += [f"not {titles[item]}" for item in wishes.disliked[0]]
        years = wishes.years[0, :-1]
        if not years.any() and self.years:  # outside of all years that the items have
            found.append(self.years)
        elif not years.all():
            kept = wishes.facts.calendar[years].tolist()
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
        titles = self.names.titles
        return [
            (share, [titles[item] for item in items])
            for share, items in zip(shares.tolist(), best, strict=True)
            if share >= FAINT
        ]
