"""How many threads to use: what the container gives, unless the user says otherwise."""

import os
from pathlib import Path


def available() -> int:
    """Processors this process may use: its affinity, cut by the cgroup's quota."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        count = os.cpu_count() or 1
    quota = Path("/sys/fs/cgroup/cpu.max")
    if quota.is_file():
        limit, _, period = quota.read_text().strip().partition(" ")
        if limit.isdigit() and period.isdigit():
            count = min(count, max(1, -(-int(limit) // int(period))))
    return count


def use_threads(count: int) -> int:
    """Set the threads of torch and faiss.

    Args:
        count: how many; 0 for all that are available.
    Returns:
        how many are used.
    """
    import faiss
    import torch

    count = count or available()
    torch.set_num_threads(count)
    faiss.omp_set_num_threads(count)
    return count
