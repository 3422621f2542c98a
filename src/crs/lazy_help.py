"""Hydra's flags on Python 3.14."""

from argparse import Action, ArgumentParser
from typing import Any


def accept_lazy_help(parser: Any = ArgumentParser) -> None:
    """Let Hydra add its flags where argparse looks at the help of each flag at once.

    From Python 3.14 on argparse refuses a help that is no string. Hydra 1.3.8 gives
    `--shell-completion` an object that becomes a string when it is shown, so that no command of
    Hydra's would start. Such a help is left unchecked; all others are checked as before.
    """
    check = getattr(parser, "_check_help", None)
    if check is None or getattr(check, "of_strings", False):
        return

    def of_strings(self: ArgumentParser, action: Action) -> None:
        if action.help is None or isinstance(action.help, str):
            check(self, action)

    setattr(of_strings, "of_strings", True)  # noqa: B010 (a second call finds it)
    parser._check_help = of_strings
