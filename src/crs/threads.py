"""How many threads to use: what the container gives, unless the user says otherwise."""

import os
from pathlib import Path

from crs.settings.training import Trainer


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


def use_threads(trainer: Trainer) -> int:
    """Set the threads of torch and faiss; returns how many."""
    import faiss
    import torch

    count = trainer.threads or available()
    torch.set_num_threads(count)
    faiss.omp_set_num_threads(count)
    return count
