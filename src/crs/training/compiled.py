"""torch.compile for the parts of a network whose shapes differ between batches in one size alone.

A class names such methods of its own in `compiles`. What else a step does packs positions by the
lengths of a batch, so that a program made for one batch does not serve the next.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from crs.errors import UserError

COMPILERS = ("g++", "clang++")
"""What torch.compile makes programs for a CPU with, if `CXX` names no other."""

PROGRAMS = 64
"""Programs of a function at most, one for each kind of layer, for training, and for validation."""


@contextmanager
def compiled(module: nn.Module, group: str) -> Iterator[Callable[[], None]]:
    """Within it the methods that a network names in `compiles` are compiled.

    Args:
        group: the group of settings that asked for it.
    Yields:
        what refuses, by a UserError, a training that has called none of them.
    Raises:
        UserError: if this machine has no C++ compiler.
    """
    off = f"type {group}.compile=false"
    if not any(map(shutil.which, (os.environ.get("CXX") or "", *COMPILERS))):
        raise UserError(f"{group}.compile: there is no C++ compiler here; install g++, or {off}")
    # torch keeps some programs of a function, over all trainings of a process, and would then run
    # it as it is, where dropout draws other numbers.
    torch.compiler.reset()
    limit = torch._dynamo.config.patch(recompile_limit=PROGRAMS, fail_on_recompile_limit_hit=True)
    parts = [(part, name) for part in module.modules() for name in getattr(part, "compiles", ())]
    called: set[str] = set()

    def noted(name: str, method: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def call(*args: Tensor) -> Tensor:
            called.add(name)
            return method(*args)

        return call

    def check() -> None:
        if not called:
            kind = type(module).__name__
            raise UserError(f"{group}.compile: {kind} runs nothing that is compiled; {off}")

    for part, name in parts:
        setattr(part, name, noted(name, torch.compile(getattr(part, name), dynamic=True)))
    try:
        with limit:
            yield check
    finally:
        for part, name in parts:
            delattr(part, name)
