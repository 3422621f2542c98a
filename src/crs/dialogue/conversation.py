"""One dialogue with a person: the core of the chat, without a terminal or a page.

Its turns are those of the stage `multi_turn` (crs/dialogue/turn.py). What differs: only items that
the person refuses are out, not all that were shown.
"""

import re
from copy import deepcopy
from dataclasses import replace
from typing import Any

from crs.data.cases import Cases
from crs.dialogue import asked_for, comparisons, of_list, why
from crs.dialogue.catalogue import Names
from crs.dialogue.meanings import Meanings
from crs.dialogue.questions import DECADE, NOTHING
from crs.dialogue.remarks import attributes_named, remark, starts_over
from crs.dialogue.replies import question_text
from crs.dialogue.requirements import Facts, Wishes
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.short_answers import YES, ShortAnswer, short_answer
from crs.dialogue.shown import Reply
from crs.dialogue.standing import ANY_YEAR
from crs.dialogue.state import Requirement, Talk, Understanding, Understood
from crs.dialogue.turn import DialogueStates, TurnSettings
from crs.dialogue.unread import unread
from crs.dialogue.utterance_vectors import Texts
from crs.errors import UserError
from crs.ids import Number
from crs.recommender import Recommender

UNDO = re.compile(r"(?:please )?(?:undo|take (?:that|it) back)(?:,? please)?[.!]?", re.I)
CHANGES = (
    "state", "refused", "had", "shown", "understood", "years", "note", "question", "questions",
)  # fmt: skip
"""What a dialogue changes, and `undo` brings back."""
ALL = "all you asked for"
WHICH_DECADE = "Which decade? Say for example “the 80s”, or “any”."
ALONE = slice(0, 1)
"""The dialogues of a person: one."""
EXAMPLES = 3
"""So many attributes are named as examples of what may be said."""


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
        self.had: set[int] = set()
        self.shown: list[Number] = []
        self.understood: list[str] = []
        self.years: Requirement | None = None
        self.note = ""
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
        if told := self.why(text) or self.remark(text):
            return replace(self.newest or self.show(), told=told, understood=[], note="")
        if of_list.OTHERS.fullmatch(text.strip()):
            return self.others(["others"])
        if of_list.ONLY_REFUSED.fullmatch(text.strip()):
            return self.others(["none of these"])
        titles = [self.names.titles[item] for item in self.shown]
        self.remember()
        try:
            if of_list.ALL_REFUSED.search(text):
                self.leave_out()
            answer = short_answer(text, self.question, self.names.attributes)
            self.hear(of_list.with_titles(answer.rest if answer else text, titles), answer)
            self.question = NOTHING
            return self.show()
        except UserError:  # e.g. a language model that reads cannot be reached: nothing was said
            self.restore()
            raise

    @property
    def rules(self) -> Rules | None:
        """The rules, if they are who reads."""
        reads = self.state.understanding
        return reads if isinstance(reads, Rules) else None

    def others(self, understood: list[str]) -> Reply:
        """The next titles, none of those that were shown last."""
        self.remember()
        self.leave_out()
        self.understood, self.note = understood, ""
        return self.show()

    def leave_out(self) -> None:
        """Show nothing again of what was shown last."""
        self.refused += [item for item in self.shown if item not in self.refused]

    def remark(self, text: str) -> list[str]:
        """The answer to words that are no wish; nothing where they may be one."""
        open_ = self.question != NOTHING
        if self.question == DECADE and YES.fullmatch(text.strip()):
            return [WHICH_DECADE]
        if open_ and short_answer(text, self.question, self.names.attributes):
            return []
        common = self.state.wishes.facts.matrix.sum(0).argsort(descending=True, stable=True)
        names = [self.names.attributes[one].lower() for one in common[:EXAMPLES].tolist()]
        found = remark(text, self.names.noun, [*filter(None, names)], self.rules, open_)
        return [found] if found else []

    def why(self, text: str) -> list[str]:
        """Why items are shown, or are not; nothing where a text does not ask that."""
        asked = why.asked(text)
        if asked is None:
            return []
        what, by_why = asked
        if places := why.places(what, [self.names.titles[item] for item in self.shown]):
            return [self.sentence(self.shown[place]) for place in places]
        if why.is_place(what):
            return [f"The list has no number {what}." if self.shown else "There is no list yet."]
        title = what.removeprefix("not ").strip()
        if self.rules and attributes_named(title, self.rules):
            return []  # why not a comedy?
        try:
            return [self.sentence(self.names.item(title))]
        except UserError as mistake:
            named = self.rules is None or any(one.mentions for one in self.rules.clauses(title))
            unclear = str(mistake).removeprefix("history: ")
            return [f"{unclear[0].upper()}{unclear[1:]}."] if by_why and not named else []

    def remember(self) -> None:
        """Keep what is known by now, for `undo`; turns before the newest do not change any more."""
        state = self.state
        shared = state.wishes.facts, state.understanding, state.texts.encode, *self.talk.turns[:-1]
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
        anew = self.rules is not None and starts_over(text, self.rules)
        if anew:
            self.forget()
        if self.rules:
            text = comparisons.in_names(text, self.rules)
        self.state.speak([0], [text or (answer.said if answer else "")])
        heard = self.state.understand([0]) if text else []
        if self.rules:
            facts, shown = self.state.wishes.facts, self.shown
            dated = [comparisons.with_years(one, text, self.rules, facts, shown) for one in heard]
            if dated != heard:  # newer or older than now, whatever was said before
                self.state.wishes.hear([0], [Understood("", (ANY_YEAR,))])
            heard = dated
        both = [*([answer.understood] if answer else []), *heard]
        words = " ".join(one.text for one in both if one.text)
        asked = [
            of_list.meant(one, self.shown, self.names.titles)
            for part in both
            for one in part.requirements
        ]
        if anew:
            asked = [one for one in asked if not (one.taken_back or one.any_year)]
            words = words if asked else ""
        if any(asked_for.widens(one, self.state.wishes) for one in asked):
            self.state.wishes.hear([0], [Understood("", (ANY_YEAR,))])
        heard = [Understood(words, tuple(asked))]
        self.state.update([0], heard, self.state.embed([0], heard))
        self.take_in(text, asked, anew or (bool(answer) and not text))
        self.understood = [*(["everything taken back"] if anew else []), *self.understood]

    def forget(self) -> None:
        """Begin anew with the history alone; `undo` still brings back what was said."""
        texts, wishes = self.state.texts, self.state.wishes
        self.state.wishes = Wishes.none(wishes.facts, 1)
        self.state.texts = Texts(texts.mode, 1, texts.vectors.shape[1], texts.encode)
        self.refused, self.had, self.questions = [], set(), set()
        self.years = None

    def take_in(self, text: str, asked: list[Requirement], settled: bool) -> None:
        """Keep what the newest words ask for, in words, and what of them was not understood.

        Args:
            settled: whether they say anything though they ask for nothing.
        """
        titled = [one for one in asked if len(one.items) == 1 and one.wanted]
        seen = titled if of_list.only_seen(text) else []
        self.had = self.had | {one.items[0] for one in seen}
        names = self.names.attributes, self.names.titles
        last = {one.attribute: place for place, one in enumerate(asked)}
        stand = [
            one for n, one in enumerate(asked) if not one.attribute or last[one.attribute] == n
        ]

        def told(which_one: bool) -> list[str]:
            """What is understood, or the questions which of several titles is meant."""
            return [
                asked_for.in_words(one, one in seen, *names)
                for one in stand
                if (len(one.items) > 1 and not one.taken_back) == which_one
            ]

        self.understood, notes = told(False), told(True)
        for one in asked:
            if one.years and one.hard:
                self.years = None if one.any_year else one
            if one.any_year or (one.taken_back and one.attribute):  # nor is it asked for again
                self.questions.add(one.attribute or DECADE)
        outside = asked_for.outside(asked, self.state.wishes.facts.calendar, self.names.noun)
        left = unread(text, bool(asked) or settled, self.rules, self.meanings, self.state.reads[0])
        self.note = "; ".join(filter(None, [*notes, outside, left]))

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
        wishes, attributes = self.state.wishes, self.names.attributes
        broken = wishes.violations()[0, items].tolist()
        self.newest = Reply(
            items,
            self.understood,
            asked_for.so_far(wishes, self.years, attributes, self.names.titles, self.had),
            why.intents(self.recommender, case, self.names.titles),
            int(picked.broken[0]),
            0 in broken or not items,
            self.note,
            question_text(self.question, attributes),
            [why.about(item, wishes.facts, attributes) for item in items],
            [self.match(item) for item in items],
        )
        return self.newest

    def match(self, item: Number) -> str:
        """Whether an item has what is asked for, or what it lacks; empty if nothing is."""
        wishes = self.state.wishes
        if not asked_for.is_asked(wishes):
            return ""
        return ", ".join(asked_for.lacking(item, wishes, self.years, self.names.attributes)) or ALL

    def sentence(self, item: Number) -> str:
        """Why an item is shown, or is not."""
        titles, case, facts = self.names.titles, self.asked(), self.state.wishes.facts
        about = why.about(item, facts, self.names.attributes) or ["no attribute is known"]
        said = [f"{titles[item]}: {', '.join(about)}"]
        if match := self.match(item):
            said.append(f"It has {ALL}" if match == ALL else f"It is {match}")
        if item in self.history:
            said.append("You have had it")
        elif item not in self.shown:
            said.append("It is not in the list")
        had, common = why.shared(item, [one for one in self.history if one != item], facts)
        if common:
            names = " and ".join(self.names.attributes[one].lower() for one in common)
            said.append(f"It shares {names} with {titles[had]}")
        score, many = why.place_by_score(item, self.recommender, case)
        said.append(f"By its score alone it is number {score:,} of {many:,}")
        if intent := why.intent_of(item, self.recommender, case):
            typical = "; ".join(why.typical(intent[0], self.recommender, titles))
            said.append(f"The intent behind it is that of {typical} ({intent[1]:.0%})")
        return ". ".join(said) + "."
