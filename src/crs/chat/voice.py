"""A language model as the voice: it words the answer, and names nothing that was not ranked.

The model never sees a title and writes `[2]` for the second item; the title is put in its place.
What else it writes is checked (`names_something`). An answer that names a title, a name or a number
of its own is not shown: the rules' sentences are, and it is counted (docs/chat.md, voice).
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from string import Template
from typing import Any

from crs.chat.explanations import answer
from crs.dialogue.shown import Reply
from crs.errors import UserError
from crs.llm.request import Request
from crs.titles import Titles
from crs.titles.everyday import everyday

PROMPT = Template("""\
You are the voice of a recommender of ${noun}s. Answer the person in one or two short, friendly \
sentences.
Recommend from the list below and say why. Write [1], [2], ... where a title belongs: the titles are
put in later. Never write a title, a name, a year or a number that is not below, and no quotation
marks. Ask nothing.

The person said: $said
Understood: $understood
Asked for so far: $asked
The list:
$items""")
PLACE = re.compile(r"\[(\d+)\]")
MARKS = re.compile(r"[\"“”„«»‹›*_`<>]|(?<!\w)['‘’]|['‘’](?!\w)")
"""Marks that stand around titles; an apostrophe inside of a word is none."""
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
BEGINS = re.compile(r"(?:^|[.!?:])\s*$")
ALWAYS = frozenset(("i", "i'm", "i'd", "i'll", "i've"))


def names_something(text: str, titles: Titles, known: Iterable[str]) -> bool:
    """Whether a text names anything that it was not given.

    It does by a title of the catalogue, by marks around words, by a number, and by a word with a
    capital: inside of a sentence any, at its beginning one that is not of everybody's words.

    Args:
        text: without the places of titles.
        known: words that were given; they may have capitals, and numbers among them may stand.
    """
    given = {word.lower() for part in known for word in WORD.findall(part)}
    if MARKS.search(text) or titles.mentions(text, suspicious=True):
        return True
    for found in WORD.finditer(text):
        word = found[0].replace("’", "'").lower()
        if word in given or word in ALWAYS:
            continue
        if any(letter.isdigit() for letter in word):
            return True
        if found[0] != found[0].lower() and not (
            BEGINS.search(text[: found.start()]) and word.partition("'")[0] in everyday()
        ):
            return True
    return False


class Voice:
    """Words answers by a language model, and counts how they ended.

    Args:
        llm: who is asked (`crs.llm.model.LanguageModel`).
        names: the titles of the catalogue, by our number; the first is unused.
        noun: what an item is called.

    Attributes:
        counts: `worded`; `ungrounded`, which named something of their own; and `missing`, which did
            not come.
    """

    def __init__(self, llm: Any, names: Sequence[str], noun: str) -> None:
        self.llm, self.names, self.noun = llm, names, noun
        self.titles, self.counts = Titles(names[1:]), Counter[str]()

    def __call__(self, reply: Reply, said: str) -> str:
        """The answer to what was said, as the model words it; the rules' sentences if it names
        something of its own, or does not come."""
        own = answer(reply, self.names)
        if reply.told or not reply.items:
            return own
        try:
            text = self.llm.ask([self.request(reply, said)])[0].text
        except UserError:
            text = None
        kind, words = self.grounded((text or "").strip(), reply)
        self.counts[kind] += 1
        return words or own

    def request(self, reply: Reply, said: str) -> Request:
        """What the model is asked; titles in it are places and no words."""
        items = [f"[{n}]: {why}" for n, why in enumerate(reply.why, 1)]
        text = PROMPT.substitute(
            noun=self.noun,
            said=self.untitled(said),
            understood=self.untitled(", ".join(reply.understood)) or "nothing by name",
            asked=self.untitled(", ".join(reply.asked)) or "nothing",
            items="\n".join(items),
        )
        return Request((("user", text),))

    def untitled(self, text: str) -> str:
        """A text with `that title` in the place of each title that it names."""
        for one in reversed(self.titles.mentions(text, suspicious=True)):
            text = f"{text[: one.start]}that title{text[one.end :]}"
        return text

    def grounded(self, text: str, reply: Reply) -> tuple[str, str]:
        """How an answer ended, as `counts` has it, and the answer with titles in it; no words if it
        may not be shown."""
        if not text:
            return "missing", ""
        places = [int(number) for number in PLACE.findall(text)]
        known = [*reply.why, *map(self.untitled, [*reply.understood, *reply.asked])]
        rest = PLACE.sub("it", text)
        if not all(1 <= place <= len(reply.items) for place in places):
            return "ungrounded", ""
        if names_something(rest, self.titles, known):
            return "ungrounded", ""
        titled = PLACE.sub(lambda found: self.names[reply.items[int(found[1]) - 1]], text)
        return "worded", " ".join(titled.split())

    def told(self) -> str:
        """The counts in a sentence."""
        total = self.counts.total()
        return (
            f"{total:,} answers: {self.counts['worded']:,} worded by the model, "
            f"{self.counts['ungrounded']:,} named something that is not in the list and were not "
            f"shown, {self.counts['missing']:,} did not come"
        )
