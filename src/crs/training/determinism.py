"""One order of additions: training has the same bits whatever the timing of its threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def one_order_of_additions(device: torch.device) -> Iterator[None]:
    """Within it, training on the CPU has the same bits whatever the timing of its threads.

    The gradient of `x[index]` adds rows of a repeated index. By default threads race for the order
    of these additions. Other devices are left as they are.
    """
    if device.type != "cpu":
        yield
        return
    memory: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled(), memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    memory.fill_uninitialized_memory = False  # it costs time, and no code reads that memory
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        memory.fill_uninitialized_memory = before[1]
