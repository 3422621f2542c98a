"""A decoder that was trained on people's answers and words its own (docs/chat.md, voice)."""

from collections.abc import Sequence
from typing import Protocol

from crs.chat.sentences import Writing
from crs.data.cases import Cases
from crs.data.response_tokens import is_item
from crs.dialogue.conversation import Conversation
from crs.dialogue.shown import Reply
from crs.dialogue.state import Talk
from crs.titles.everyday import everyday


class Speech(Protocol):
    """A decoder: `crs.models.<name>.speech` has `speech(result, inputs)`, which makes it."""

    def tokens(self, cases: Cases, talks: Sequence[Talk]) -> list[list[str]]:
        """What it says next in some dialogues, with `__item__` or `@12` for items."""
        ...


def placed(tokens: Sequence[str], items: Sequence[int]) -> list[str]:
    """Tokens with `[2]` in the place of an item: its own if it is the second of the list, else the
    best one that is not named yet. Where the list is at its end the place is one that it lacks.

    Args:
        items: of the list, best first, our numbers.
    """
    left = {f"@{item}": f"[{n}]" for n, item in enumerate(items, 1)}
    out = []
    for token in tokens:
        if is_item(token):
            own = token if token in left else next(iter(left), "")
            token = left.pop(own, f"[{len(items) + 1}]")
        out.append(token)
    return out


class DecoderSpeaker:
    """Takes the words from a decoder (`crs.chat.voice.Speaker`).

    Args:
        writing: how the people write whom it has learned from.
    """

    def __init__(self, speech: Speech, writing: Writing) -> None:
        self.speech, self.writing = speech, writing
        self.usual = everyday() | writing.small

    def __call__(self, talk: Conversation, reply: Reply, said: str) -> str:
        """What the decoder says next; it reads the talk itself, and not `said`."""
        (tokens,) = self.speech.tokens(talk.asked(), [talk.talk])
        return self.writing.sentences(placed(tokens, reply.items))
