"""Tokens of responses as words (`crs.data.contexts.Contexts.responses`)."""

from torch import Tensor

from crs.data.contexts import END, ITEM, PAD, SPECIAL, START


def words_of(ids: Tensor, words: list[str]) -> list[list[str]]:
    """Tokens of each row, without the special ones but `__item__` and `__unk__`."""
    silent = {PAD, START, END}
    return [[words[i] for i in row if i not in silent] for row in ids.tolist()]


def is_item(token: str) -> bool:
    """A token that stands for an item."""
    return token == SPECIAL[ITEM] or (token.startswith("@") and token[1:].isdecimal())
