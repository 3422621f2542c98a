"""A voice: answers in words of its own, which name nothing that was not ranked.

Who words them (`Speaker`) writes `[2]` for the second item of the list; the title is put in its
place. What else is written is checked (`names_something`). An answer that names a title, a name or
a number of its own is not shown: the rules' sentences are, and it is counted (docs/chat.md, voice).
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from crs.chat.explanations import answer
from crs.console import say
from crs.dialogue.conversation import Conversation
from crs.dialogue.shown import Reply
from crs.errors import UserError
from crs.titles import Titles

PLACE = re.compile(r"\[(\d+)\]")
UNNAMED = "that title"
"""In the place of a title that the voice must not see."""
TITLE = "qqqq"
"""In the place of a title, where the words around it are checked: no title itself, as `it` is."""
MARKS = re.compile(r"[\"“”„«»‹›*_`<>]|(?<!\w)['‘’]|['‘’](?!\w)")
"""Marks that stand around titles; an apostrophe inside of a word is none."""
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
BEGINS = re.compile(r"(?:^|[.!?])\s*$")
ALWAYS = frozenset(("i", "i'm", "i'd", "i'll", "i've"))
SUBJECTS = frozenset("he here it she that there these they this those we what you".split())
"""What sentences begin with, whether or not a title is called so."""


class Speaker(Protocol):
    """Words answers, with `[2]` in the place of the second title of the list.

    Attributes:
        usual: words in small letters that are no names where a sentence begins with them.
    """

    usual: frozenset[str]

    def __call__(self, talk: Conversation, reply: Reply, said: str) -> str:
        """The answer to what was said; empty if there is none.

        Raises:
            UserError: if it does not come.
        """
        ...


def names_something(text: str, titles: Titles, known: Iterable[str], usual: frozenset[str]) -> bool:
    """Whether a text names anything that it was not given.

    It does by a title of the catalogue, by marks around words, by a number, and by a word with a
    capital: inside of a sentence any, at its beginning one that is not usual or is a title. A title
    of everybody's words that has no capital is not told from the words.

    Args:
        text: without the places of titles.
        known: words that were given; they may have capitals, and numbers among them may stand.
        usual: as `Speaker.usual`.
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
        if found[0] == found[0].lower():
            continue
        bare = word.partition("'")[0]
        if not (BEGINS.search(text[: found.start()]) and usual & {word, bare}):
            return True
        if bare not in SUBJECTS and titles.named(bare, None):
            return True
    return False


def untitled(text: str, titles: Titles) -> str:
    """A text with `UNNAMED` in the place of each title that it names."""
    for one in reversed(titles.mentions(text, suspicious=True)):
        text = f"{text[: one.start]}{UNNAMED}{text[one.end :]}"
    return text


class Voice:
    """Shows the answers of a speaker that name nothing of their own, and counts how they ended.

    Args:
        names: the titles of the catalogue, by our number; the first is unused.
        titles: the same, to be found in a text.

    Attributes:
        counts: `worded`; `ungrounded`, which named something of their own; and `missing`, which did
            not come.
    """

    def __init__(self, speaker: Speaker, names: Sequence[str], titles: Titles) -> None:
        self.speaker, self.names, self.titles = speaker, names, titles
        self.counts, self.reasons = Counter[str](), set[str]()

    def __call__(self, talk: Conversation, reply: Reply, said: str) -> str:
        """The answer to what was said, as the speaker words it; the rules' sentences if it names
        something of its own, or does not come, and as long as nothing is said. Each reason why
        one does not come is told once."""
        own = answer(reply, self.names)
        if reply.told or not reply.items or not talk.talk.turns:
            return own
        try:
            text = self.speaker(talk, reply, said)
        except UserError as error:
            text = ""
            if str(error) not in self.reasons:
                self.reasons.add(str(error))
                say(f"voice     the rules answer: {error}")
        kind, words = self.grounded(text.strip(), reply)
        self.counts[kind] += 1
        return words or own

    def grounded(self, text: str, reply: Reply) -> tuple[str, str]:
        """How an answer ended, as `counts` has it, and the answer with titles in it; no words if it
        may not be shown."""
        if not text:
            return "missing", ""
        places = [int(number) for number in PLACE.findall(text)]
        said = [untitled(one, self.titles) for one in (*reply.understood, *reply.asked)]
        if not all(1 <= place <= len(reply.items) for place in places):
            return "ungrounded", ""
        rest = PLACE.sub(TITLE, text)
        if names_something(rest, self.titles, [*reply.why, *said], self.speaker.usual):
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
