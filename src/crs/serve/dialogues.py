"""Dialogues that the server keeps: so many, and none for longer than it rests."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from crs.dialogue.conversation import Conversation


class Dialogues:
    """Conversations by names that cannot be guessed.

    Beyond the bound the one that has rested longest goes.

    Args:
        most: so many are kept.
        rest: seconds after which a dialogue in which nothing happens is over.
        clock: seconds.
    """

    def __init__(self, most: int, rest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self.rest, self.clock = most, rest, clock
        self.kept: OrderedDict[str, tuple[float, Conversation]] = OrderedDict()

    def __len__(self) -> int:
        self.forget()
        return len(self.kept)

    def forget(self) -> None:
        """Drop what has rested too long."""
        over = self.clock() - self.rest
        while self.kept and next(iter(self.kept.values()))[0] < over:
            self.kept.popitem(last=False)

    def add(self, talk: Conversation) -> str:
        """Keep a conversation; its name."""
        self.forget()
        while len(self.kept) >= self.most:
            self.kept.popitem(last=False)
        name = secrets.token_urlsafe(16)
        self.kept[name] = self.clock(), talk
        return name

    def get(self, name: str) -> Conversation | None:
        """The conversation of a name, which rests from now on; None if there is none."""
        self.forget()
        if name not in self.kept:
            return None
        talk = self.kept.pop(name)[1]
        self.kept[name] = self.clock(), talk
        return talk

    def drop(self, name: str) -> bool:
        """Forget one; whether it was there."""
        return self.kept.pop(name, None) is not None
