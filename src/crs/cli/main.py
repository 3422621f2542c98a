"""The installed command `crs`: its subcommands, and training without one."""

import sys
from importlib import import_module

from crs.cli import command
from crs.errors import UserError
from crs.settings.check import nearest

COMMANDS = {
    "train": "find or make a result; `crs model=sasrec dataset=tiny` is the same",
    "chat": "talk to a system, in the terminal or as a page",
    "serve": "a trained system over HTTP: recommendations, dialogues, metrics",
    "export": "a trained system as FAISS, safetensors and ONNX",
    "report": "a table and a page about results, sweeps and studies",
    "store": "look into a store, take results to another, remove what is not needed",
    "doctor": "what this machine has for the suite, and what to type for the rest",
}
"""Each is a module of this package that has `main(words)`."""


TYPE = (
    "Type `crs model=latentcrs dataset=ml100k` to find or make a result (`dry_run=true` shows the "
    "plan),\n`crs --help` for all settings, or a command."
)


def told() -> str:
    """The commands as a screen of `--help` ends with them."""
    lines = [f"  crs {name:<8}{about}" for name, about in COMMANDS.items()]
    return "\n".join(["", "Commands (`crs COMMAND --help`):", "", *lines])


def chosen(words: list[str]) -> tuple[str, list[str]]:
    """The command that is typed, and its words.

    Raises:
        UserError: on a first word that is no command, flag or override.
    """
    first = words[0] if words else ""
    if first in COMMANDS:
        return first, words[1:]
    if first and "=" not in first and first[0] not in "-+~":
        near, there = nearest(first, [*COMMANDS]), ", ".join(COMMANDS)
        raise UserError(f"crs {first}: no such command.{near} There are {there}")
    return "train", words


def run(words: list[str]) -> None:
    """Hand the words to their command.

    Raises:
        UserError: as `chosen`, or as the command does.
    """
    if not words:  # nobody types this to train the default for an hour
        print(f"{TYPE}\n{told()}")
        return
    name, own = chosen(words)
    import_module(f"crs.cli.{name}").main(own)
    if words in (["--help"], ["-h"]):
        print(told())


def main() -> None:
    """What the console script calls."""
    command.call(run, sys.argv[1:])
