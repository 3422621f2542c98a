"""Ids of the user's file, and our own numbers of the same items and users (1, 2, …)."""

from collections.abc import Iterable
from typing import Any

from crs.errors import UserError


class Number(int):
    """An item's or a user's place in our tables; a plain number is an id of the user's file."""

    def __repr__(self) -> str:
        return f"Number({int(self)})"


class Ids:
    """What the user's file calls the items or the users.

    Args:
        what: `item` or `user`.
        raw: the file's ids, in the order of our numbers.
    Attributes:
        whole: all of them are whole numbers that fit into 63 bits; they are spoken of as numbers.
    """

    def __init__(self, what: str, raw: Iterable[str]) -> None:
        self.what, self.raw = what, ["", *raw]
        self.whole = all(
            name.isdecimal() and name == str(int(name)) and int(name) < 2**63
            for name in self.raw[1:]
        )
        self.numbers = {name: Number(n) for n, name in enumerate(self.raw) if n}

    def __getitem__(self, number: int) -> int | str:
        """The file's id of one of our numbers."""
        return int(self.raw[number]) if self.whole else self.raw[number]

    def __contains__(self, given: Any) -> bool:
        """Whether it is one of our numbers in range, or an id of the file."""
        if isinstance(given, Number):
            return 1 <= given < len(self.raw)
        return str(given) in self.numbers

    def number(self, given: Any) -> Number:
        """Our number of an id of the file; a `Number` is one already.

        Raises:
            UserError: if there is no such id.
        """
        if given not in self:
            some = ", ".join(self.raw[1:4])
            raise UserError(
                f"{self.what}: there is no {self.what} {given!s}; ids are those of your file, as "
                f"{some}"
            )
        return given if isinstance(given, Number) else self.numbers[str(given)]
