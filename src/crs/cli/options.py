"""Options of the commands that are not Hydra's own."""

import argparse
from typing import Any, NoReturn

from crs.errors import UserError


class Parser(argparse.ArgumentParser):
    """Raises what is wrong instead of leaving, and takes no shortened option.

    Args:
        hint: ends the sentence; says what there is.
    """

    def __init__(self, hint: str, **values: Any) -> None:
        self.hint = hint
        super().__init__(add_help=False, allow_abbrev=False, **values)

    def error(self, message: str) -> NoReturn:
        """Raise it.

        Raises:
            UserError: always.
        """
        raise UserError(f"{message}; {self.hint}")


def usual(hint: str) -> Parser:
    """A parser that knows `--help` and `--version`."""
    parser = Parser(hint)
    parser.add_argument("--help", "-h", action="store_true")
    parser.add_argument("--version", action="store_true")
    return parser
