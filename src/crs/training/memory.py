"""Memory that an epoch freed goes back to the system."""

import ctypes
from functools import cache
from typing import Any


@cache
def c_library() -> Any:
    """The functions of the C library that this process has loaded."""
    return ctypes.CDLL(None)


def give_back() -> None:
    """Give free pieces of the heap back to the system, where the C library is glibc.

    Batches have many widths, so their tensors have many sizes. glibc keeps what was freed between
    pieces in use, and later batches do not fit there: a process grew by some 10 MB an epoch while
    its tensors stayed the same (benchmarks/training_memory.py). `crs` itself bounds what oneDNN
    keeps of each width.
    """
    try:
        trim = c_library().malloc_trim
    except (AttributeError, OSError, TypeError):  # other C libraries, macOS and Windows
        return
    trim(0)
