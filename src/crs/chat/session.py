"""What one person and the system said, without a page."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from crs.chat.explanations import answer, beside
from crs.chat.voice import UNNAMED
from crs.dialogue.conversation import Conversation
from crs.dialogue.questions import DECADE
from crs.dialogue.shown import Reply
from crs.escape import terminal

Wording = Callable[[Conversation, Reply, str], str]
"""Words the answer to what was said in a conversation (`crs.chat.voice.Voice`)."""
SUGGESTED = 3
"""So many attributes or decades are suggested."""


@dataclass
class Line:
    """What somebody said; with the list that the system showed.

    Attributes:
        role: `user` or `assistant`.
        items: title and why, best first.
    """

    role: str
    text: str
    items: list[tuple[str, str]] = field(default_factory=list)


class Session:
    """One person's conversation, and what was said in it.

    Args:
        voice: words the answers; None: the rules' own sentences.
    """

    def __init__(self, talk: Conversation, voice: Wording | None = None) -> None:
        self.talk, self.voice, self.titles = talk, voice, talk.names.titles
        self.lines: list[Line] = []
        self.reply = talk.show()
        if self.reply.question:
            self.lines.append(self.answered(self.reply.question))

    def say(self, text: str, shown: str = "") -> None:
        """Words of the person.

        Args:
            shown: what the conversation has in their place.
        """
        reply = self.talk.say(text)
        self.add(shown or text, reply)

    def like(self, place: int) -> None:
        """More like an item of the list, counted from 0."""
        title = self.titles[self.reply.items[place]]
        self.say(f"more like {place + 1}", f"More like {title}")

    def why(self, place: int) -> None:
        """Why an item of the list is there."""
        self.say(f"why {place + 1}?", f"Why {self.titles[self.reply.items[place]]}?")

    def undo(self) -> None:
        """Take back the newest thing that was said or refused."""
        self.say("undo", "Undo")

    def refuse(self, place: int) -> None:
        """An item of the list is not wanted."""
        item = self.reply.items[place]
        self.add(f"Not {self.titles[item]}", self.talk.refuse(item), heard=f"Not {UNNAMED}")

    def add(self, said: str, reply: Reply, heard: str = "") -> None:
        """Keep what was said and what it led to.

        Args:
            heard: what the voice is told in its place.
        """
        self.reply = reply
        own = answer(reply, self.titles)
        words = self.voice(self.talk, reply, heard or said) if self.voice else own
        self.lines.append(Line("user", said))
        self.lines.append(self.answered(f"{words} {reply.question}".strip()))

    def answered(self, text: str) -> Line:
        """A line of the system, with its list."""
        titles = [] if self.reply.told else [self.titles[item] for item in self.reply.items]
        shown = [(one, beside(self.reply, place, one)) for place, one in enumerate(titles)]
        return Line("assistant", text, shown)

    def suggestions(self) -> list[str]:
        """What the person may say next: answers to the question, else what the list is of."""
        years, kinds = Counter[str](), Counter[str]()
        for about in self.reply.about:
            for one in about:
                (years if one.isdecimal() else kinds)[one] += 1
        found = [kind for kind, _ in kinds.most_common() if kind not in self.reply.asked]
        if self.talk.question == DECADE:
            decades = dict.fromkeys(f"from the {year[:-1]}0s" for year, _ in years.most_common())
            found = [*[*decades][:SUGGESTED], "any year is fine"]
        elif self.talk.question:
            found = ["yes", "no", "I don't mind"]
        else:
            found = found[:SUGGESTED]
        return [*found, "something newer", "none of these"] if self.reply.items else found

    def transcript(self) -> str:
        """All that was said, and the lists, as plain text."""
        found = []
        for line in self.lines:
            found.append(f"{'You' if line.role == 'user' else 'System'}: {terminal(line.text)}")
            for number, (title, why) in enumerate(line.items, 1):
                found.append(f"  {number}. {terminal(title)}{f' - {terminal(why)}' if why else ''}")
        return "\n".join([*found, ""])
