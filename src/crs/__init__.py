"""CRS Suite: experiments in conversational recommendation."""

import os

# Arrow's own allocators keep what was freed; the system's gives most of it back.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
