"""How every command ends: with a sentence and a code, never with a traceback of a mistake."""

import os
import sys
from collections.abc import Callable

from crs.console import complain, interrupt_on_sigterm, show_failure
from crs.errors import UserError

MISTAKE, INTERRUPTED, CLOSED = 2, 130, 141
"""Exit codes: bad input, Ctrl-C or SIGTERM, a reader of standard output that has gone."""


def call(main: Callable[[list[str]], None], words: list[str]) -> None:
    """Run a command with its words; leave with a code if it does not succeed."""
    sys.excepthook = show_failure
    interrupt_on_sigterm()
    try:
        main(words)
        sys.stdout.flush()
    except UserError as mistake:
        complain(mistake)
        sys.exit(MISTAKE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(CLOSED)
