"""torch.compile for the parts of a network whose shapes differ between batches in one size alone.

A class names such methods of its own in `compiles`. What else a step does packs positions by the
lengths of a batch, so that a program made for one batch does not serve the next.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from crs.errors import UserError

COMPILERS = ("g++", "clang++")
"""What torch.compile makes programs for a CPU with, if `CXX` names no other."""


@contextmanager
def compiled(module: nn.Module, group: str) -> Iterator[None]:
    """Within it the methods that a network names in `compiles` are compiled.

    Args:
        group: the group of settings that asked for it.
    Raises:
        UserError: if the network has no such method, or this machine no C++ compiler.
    """
    parts = [(part, name) for part in module.modules() for name in getattr(part, "compiles", ())]
    off = f"type {group}.compile=false"
    if not parts:
        raise UserError(f"{group}.compile: no part of {type(module).__name__} compiles; {off}")
    if not any(map(shutil.which, (os.environ.get("CXX") or "", *COMPILERS))):
        raise UserError(f"{group}.compile: there is no C++ compiler here; install g++, or {off}")
    for part, name in parts:
        setattr(part, name, torch.compile(getattr(part, name), dynamic=True))
    try:
        yield
    finally:
        for part, name in parts:
            delattr(part, name)
