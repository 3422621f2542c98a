"""Understanding by a language model: JSON by schema, repaired or fallen back from, and counted.

The model reads the whole dialogue each time, as in the released loop, and says what is asked for by
then: hard and soft requirements, and the intents that a recommender embeds.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from string import Template
from typing import Any

from crs.dialogue.catalogue import Catalogue
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.state import EARLIEST, LATEST, Requirement, Talk, Turn, Understood
from crs.llm.request import Request

LISTS = ("wanted", "refused", "preferred")
MOST_NAMES = 400
"""A larger catalogue of attributes is not spelt out to the model."""
NAMES = {"type": "array", "items": {"type": "string"}}
YEAR = {"type": ["integer", "null"]}
SCHEMA = json.dumps({
    "type": "object",
    "properties": dict.fromkeys(LISTS, NAMES) | {
        "first_year": YEAR, "last_year": YEAR, "intents": {"type": "string"},
    },
    "required": [*LISTS, "first_year", "last_year", "intents"],
    "additionalProperties": False,
})  # fmt: skip


def transcript(talk: Talk, titles: Sequence[str]) -> str:
    """A dialogue in lines, to be read by a model."""
    lines = []
    for turn in talk.turns:
        lines.append(f"Person: {turn.said}")
        if turn.shown:
            lines.append(f"Assistant: {'; '.join(titles[item] for item in turn.shown)}")
    return "\n".join(lines)


def parsed(text: str) -> tuple[dict[str, Any] | None, bool]:
    """The JSON object of an answer, and whether it had to be repaired to be read.

    Repaired: words or a code fence around it, a comma too many, an end that is missing.
    """
    try:
        found = json.loads(text)
        return (found, False) if isinstance(found, dict) else (None, True)
    except json.JSONDecodeError:
        pass
    start = text.find("{")
    if start < 0:
        return None, True
    body = text[start:]
    end = body.rfind("}")
    whole = [body[: end + 1]] if end > 0 else []
    for candidate in (*whole, closed(body)):
        try:
            found = json.loads(re.sub(r",\s*([\]}])", r"\1", candidate))
        except json.JSONDecodeError:
            continue
        if isinstance(found, dict):
            return found, True
    return None, True


def closed(text: str) -> str:
    """JSON that breaks off, with its open string, lists and objects closed."""
    stack, quoted, escaped = [], False, False
    for letter in text:
        if quoted:
            quoted, escaped = not (letter == '"' and not escaped), letter == "\\" and not escaped
        elif letter == '"':
            quoted = True
        elif letter in "[{":
            stack.append("]" if letter == "[" else "}")
        elif letter in "]}" and stack:
            stack.pop()
    text = text.rstrip() if not quoted else text + '"'
    # A key without its value cannot be closed: it goes.
    if stack[-1:] == ["}"]:
        text = re.sub(r'([{,])\s*"(?:[^"\\]|\\.)*"\s*:?\s*$', r"\1", text)
    return text.rstrip(", \n:") + "".join(reversed(stack))


class ModelReads:
    """A language model that understands; where it cannot be understood, the rules do.

    Args:
        catalogue: what attributes and items are called.
        noun: what an item is called.
        prompt: with $$noun, $$attributes and $$dialogue.
        llm: who is asked (`crs.llm.model.LanguageModel`).
    """

    def __init__(
        self,
        catalogue: Catalogue,
        noun: str,
        prompt: str,
        llm: Any,
    ) -> None:
        names, self.titles, synonyms = catalogue
        self.noun, self.llm = noun, llm
        self.rules, self.names = Rules(*catalogue), Rules(names, synonyms=synonyms)
        self.template, self.counts = Template(prompt.strip()), Counter[str]()
        self.ids = {name.lower(): number for number, name in enumerate(names) if number}
        spelt = names[1:] if len(names) <= MOST_NAMES else []
        self.attributes = ", ".join(spelt) or "(too many to list: take the words of the person)"

    def request(self, talk: Talk) -> Request:
        """What the model is asked of a dialogue."""
        text = self.template.substitute(
            noun=self.noun, attributes=self.attributes, dialogue=transcript(talk, self.titles)
        )
        return Request((("user", text),), schema=SCHEMA)

    def asked(self, talks: Sequence[Talk], attempts: int = 1) -> list[Request]:
        """All that was asked in the course of these dialogues."""
        return [self.request(talk) for talk in self.prefixes(talks)]

    def prefixes(self, talks: Sequence[Talk]) -> list[Talk]:
        """The dialogues up to each of their utterances, as they were read then."""
        return [
            replace(talk, turns=[*talk.turns[:number], Turn(turn.said)])
            for talk in talks
            for number, turn in enumerate(talk.turns)
        ]

    def read(self, talks: list[Talk]) -> list[Understood]:
        """What each dialogue asks for by now."""
        answers = self.llm.ask([self.request(talk) for talk in talks])
        return [
            self.understood(talk, answer.text) for talk, answer in zip(talks, answers, strict=True)
        ]

    def reading_counts(self, talks: Sequence[Talk]) -> dict[str, int]:
        """Counts of how all answers of these dialogues ended; nothing is asked again."""
        self.counts.clear()
        self.read(self.prefixes(talks))
        names = ("answers", "repaired", "fallen_back", "unknown_attributes")
        return {name: self.counts[name] for name in names}

    def understood(self, talk: Talk, text: str | None) -> Understood:
        """An answer of the model as requirements; the rules' reading if it is none."""
        found, repaired = parsed(text or "")
        self.counts["answers"] += 1
        if found is None or not all(isinstance(found.get(name, []), list) for name in LISTS):
            self.counts["fallen_back"] += 1
            return self.rules.read([talk])[0]
        self.counts["repaired"] += repaired
        asked = [
            Requirement(number, None, part != "refused", part != "preferred")
            for part in LISTS
            for name in found.get(part, [])
            if (number := self.attribute(name))
        ]
        first, last = (self.year(found.get(key)) for key in ("first_year", "last_year"))
        if first is not None or last is not None:
            span = (EARLIEST if first is None else first, LATEST if last is None else last)
            asked += [Requirement(0, span)] if span[0] <= span[1] else []
        intents = found.get("intents")
        own = intents.strip() if isinstance(intents, str) else ""
        # As in the released loop: the person's own words where there are no intents.
        return Understood(own or talk.turns[-1].said, tuple(asked))

    def attribute(self, name: Any) -> int | None:
        """Id of an attribute by its name; one that the catalogue lacks is counted."""
        if isinstance(name, str):
            if number := self.ids.get(name.strip().lower()):
                return number
            named = [one for one in self.names.utterance(name, True).requirements if one.attribute]
            if len(named) == 1:
                return named[0].attribute
        self.counts["unknown_attributes"] += 1
        return None

    def year(self, value: Any) -> int | None:
        """A year, if it is one."""
        return value if type(value) is int and EARLIEST <= value <= LATEST else None
