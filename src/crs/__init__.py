"""CRS Suite: experiments in conversational recommendation."""

import os

# Arrow's own allocators keep what was freed; the system's gives most of it back.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

SPIN = "5000"
"""How often a waiting thread of OpenMP looks before it sleeps: some 50 µs. Longer takes a busy
machine's processors from the threads that are waited for (benchmarks/busy.py)."""
# Read once, when torch is imported: so before it, and never over what the user set.
if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"} & set(os.environ):
    os.environ["GOMP_SPINCOUNT"] = SPIN
    os.environ["KMP_BLOCKTIME"] = "0"
# oneDNN keeps what it prepared for each shape, and batches have ever new ones: by default 1,024, at
# half a megabyte an epoch, in between tensors that cannot move (benchmarks/training_memory.py).
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
# Or DDP says at every training whether some weights have no gradient.
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
