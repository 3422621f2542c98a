"""One dialogue with a person: the core of the chat, without a terminal or a page.

Its turns are those of the stage `multi_turn` (crs/dialogue/turn.py). What differs: only items that
the person refuses are out, not all that were shown.
"""

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from typing import Any

from crs.data.cases import Cases
from crs.dialogue import comparisons, why
from crs.dialogue.meanings import Meanings
from crs.dialogue.questions import NOTHING
from crs.dialogue.replies import asked_text, foreign, note, question_text, years_text
from crs.dialogue.requirements import Facts
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.short_answers import ShortAnswer, short_answer, with_titles
from crs.dialogue.shown import Reply
from crs.dialogue.state import Requirement, Talk, Understanding, Understood
from crs.dialogue.turn import DialogueStates, TurnSettings
from crs.dialogue.utterance_vectors import Texts
from crs.errors import UserError
from crs.ids import Number
from crs.recommender import Recommender

UNREAD = (
    "I found no attribute, year or title in it; the model alone reads the words",
    "I did not understand that; name an attribute, a year or a title",
)
"""Said where nothing was understood: for a model that reads words, and for one that does not."""
ALL_REFUSED = re.compile(r"\b(none|not|neither|no|nothing) (of )?(these|those|them)\b")
UNDO = re.compile(r"(?:please )?(?:undo|take (?:that|it) back)(?:,? please)?[.!]?", re.I)
CHANGES = ("state", "refused", "shown", "understood", "years", "note", "question", "questions")
"""What a dialogue changes, and `undo` brings back."""
MATCH = ("all you asked for", "not all you asked for")
ALONE = slice(0, 1)
"""The dialogues of a person: one."""
INTENTS, TYPICAL, FAINT = 6, 3, 0.01
"""So many intents are shown, by so many items each, and none with a smaller share."""


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
        self.newest: Reply | None = None

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
        titles = [self.names.titles[item] for item in self.shown]
        if asked := why.asked_about(text, titles):
            items = [self.shown[place] for place in asked]
        else:
            items = self.missed(text)
        if items:
            return replace(self.newest or self.show(), told=[*map(self.sentence, items)])
        self.remember()
        try:
            if ALL_REFUSED.search(text.lower()):
                self.refused += [item for item in self.shown if item not in self.refused]
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
        self.understood, self.note = [], "that is taken back"
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
        rules = self.state.understanding
        if isinstance(rules, Rules):
            text = comparisons.in_names(text, rules)
        self.state.speak([0], [text or (answer.said if answer else "")])
        heard = self.state.understand([0]) if text else []
        if isinstance(rules, Rules):
            facts, shown = self.state.wishes.facts, self.shown
            heard = [comparisons.with_years(one, text, rules, facts, shown) for one in heard]
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
        self.note = "; ".join(which)
        if not asked and not answer:
            self.note = note(text, self.near(text)) or UNREAD[not self.state.reads[0]]
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
            self.understood, self.note = [], ""
        return self.show()

    def like(self, item: Any) -> Reply:
        """One item is liked, by its title or its id, as if it had been named: it joins the history
        and is shown no more."""
        liked = Requirement(items=(self.names.item(item),))
        self.remember()
        self.state.wishes.hear([0], [Understood("", (liked,))])
        self.understood, self.note = [], ""
        return self.show()

    def refuse_all(self) -> None:
        """Nothing of what was shown last is wanted."""
        self.remember()
        self.refused += [item for item in self.shown if item not in self.refused]
        self.understood, self.note = [], ""

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
        broken = self.state.wishes.violations()[0, items].tolist()
        asked, facts = self.so_far(), self.state.wishes.facts
        self.newest = Reply(
            items,
            self.understood,
            asked,
            self.intents(case),
            int(picked.broken[0]),
            0 in broken or not items,
            self.note,
            question_text(self.question, self.names.attributes),
            [why.about(item, facts, self.names.attributes) for item in items],
            [
                ("all you asked for", "not all you asked for")[n > 0] if asked else ""
                for n in broken
            ],
        )
        return self.newest

    def missed(self, text: str) -> list[Number]:
        """The title that `why not Fargo?` asks about, which is not in the list."""
        title = why.other_title(text)
        try:
            return [self.names.item(title)] if title else []
        except UserError:  # no title, or several
            return []

    def sentence(self, item: Number) -> str:
        """Why an item is shown, or is not."""
        titles, case, facts = self.names.titles, self.asked(), self.state.wishes.facts
        about = why.about(item, facts, self.names.attributes) or ["without attributes"]
        said = [f"{titles[item]} is {', '.join(about)}"]
        if self.so_far():
            lacks = int(self.state.wishes.violations()[0, item])
            said[0] += f": {MATCH[lacks > 0]}"
        if item in self.history:
            said.append("you had it")
        elif item not in self.shown:
            said.append("it is not in the list")
        had, common = why.shared(item, [one for one in self.history if one != item], facts)
        if common:
            names = " and ".join(self.names.attributes[one].lower() for one in common)
            said.append(f"it shares {names} with {titles[had]}")
        score, many = why.place_by_score(item, self.recommender, case)
        said.append(f"by its score alone it is number {score:,} of {many:,}")
        if intent := why.intent_of(item, self.recommender, case):
            typical = "; ".join(self.typical(intent[0]))
            said.append(f"the intent behind it is that of {typical} ({intent[1]:.0%})")
        return "; ".join(said) + "."

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
        pairs = zip(shares.tolist(), chosen.tolist(), strict=True)
        return [(share, self.typical(one)) for share, one in pairs if share >= FAINT]

    def typical(self, intent: int) -> list[str]:
        """The titles that are most typical of an intent."""
        recommender: Any = self.recommender
        best = recommender.typical()[:, intent].topk(TYPICAL).indices.tolist()
        return [self.names.titles[item] for item in best]
