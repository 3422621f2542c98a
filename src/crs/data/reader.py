"""The name of a reader in the name of a data set: never that of its module.

A reader of ours says its name and version where it is defined; they are read from the source text,
so that a plan imports no reader. One of the user's own is named by the sha256 of its file.
"""

import ast
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from crs.errors import UserError

F = TypeVar("F", bound=Callable[..., object])
MOVED = {"sequences_txt": "iclrec_text", "generated": "synthetic"}
"""Readers that had another module name while they were in `crs.data`."""


@dataclass(frozen=True)
class Reader:
    """What a reader says of itself."""

    name: str
    version: int
    unnamed_in: tuple[str, ...] = ()
    newer: Mapping[str, int] = field(default_factory=dict)

    def label(self, dataset: str, folder: Path | None = None) -> str | None:
        """`name/version`; None where that is in no name."""
        read = (folder / file for file in self.newer) if folder else ()
        version = max([self.version, *(self.newer[file.name] for file in read if file.is_file())])
        if version == 1 and dataset in self.unnamed_in:
            return None
        return f"{self.name}/{version}"


def reader(
    name: str,
    version: int,
    unnamed_in: tuple[str, ...] = (),
    newer: Mapping[str, int] | None = None,
) -> Callable[[F], F]:
    """Declare a reader; all arguments are literals.

    Args:
        name: stays the same wherever the function moves.
        version: raised when the same file gives other tables.
        unnamed_in: data sets that it read before readers were in names, fixed for ever: version 1
            is in no name there, so that those results kept theirs.
        newer: version of a folder that has a file which older versions did not read, by file.
    """
    del name, version, unnamed_in, newer
    return lambda function: function


@cache
def declared(target: str) -> Reader | None:
    """What a reader, `module:function`, says of itself; None for one that says nothing.

    Raises:
        UserError: if there is no such reader.
    """
    module, _, name = target.partition(":")
    for node in ast.parse(source(module, target)).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            for call in node.decorator_list:
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == reader.__name__:
                    words = {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
                    return Reader(*map(ast.literal_eval, call.args), **words)
            return None
    raise UserError(f"dataset.sources: {module} has no function {name!r} that could read")


def source(module: str, target: str) -> bytes:
    """The source text of a reader's module.

    Raises:
        UserError: if there is none.
    """
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None:
        old, _, leaf = module.rpartition(".")
        if old == "crs.data" and find_spec(new := f"crs.data.readers.{MOVED.get(leaf, leaf)}"):
            raise UserError(f"dataset.sources: the reader {target!r} is in {new} now; type that")
        raise UserError(f"dataset.sources: there is no module for the reader {target!r}")
    return Path(spec.origin).read_bytes()


def label_of(target: str, dataset: str, folder: Path | None = None) -> str | None:
    """What stands for a reader in the name of a data set; None where nothing does.

    Args:
        folder: the path of what it reads on this machine.
    """
    found = declared(target)
    if found is not None:
        return found.label(dataset, folder)
    return hashlib.sha256(source(target.partition(":")[0], target)).hexdigest()
