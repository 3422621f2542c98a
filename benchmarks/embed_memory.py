"""Peak memory of the stage `embed` over 20,000 and 200,000 short texts, `embedder=hashed`.

    python benchmarks/embed_memory.py

Each size runs in a process of its own, after one that makes nothing but imports; the last line is
what a further text costs at the peak, beside the bytes of its vector on disk.
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

SIZES = (20_000, 200_000)
WORDS = "quiet fast dark bright western comedy drama film from the nineties please".split()


def texts(count: int) -> list[str]:
    """Different texts of about ten words."""
    return [
        " ".join(WORDS[(i * 7 + j * (i % 11 + 1)) % len(WORDS)] for j in range(9)) + f" {i}"
        for i in range(count)
    ]


def main(count: int) -> None:
    from crs.config import Embedder, Trainer
    from crs.console import Context
    from crs.store import Artifact
    from crs.tracking import Run
    from text2embedding import embed

    if not count:
        embed.use_threads(Trainer("cpu", 1, False))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return
    settings = Embedder("hashed", 256, 1024, 16384, "float32", None, False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "store" / "embed" / "x"
        folder.mkdir(parents=True)
        spoken = Artifact(Path(sys.argv[2]))
        context = Context(Trainer("cpu", 1, False), Run(), "x")
        assert embed.run(settings, {"simulate": spoken}, folder, context)["different"] == count
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def measure() -> None:
    peaks = {}
    for count in (0, *SIZES):
        with tempfile.TemporaryDirectory() as folder:
            import pandas as pd

            frame = pd.DataFrame({"text": pd.array(texts(count), dtype="string")})
            frame.to_parquet(Path(folder) / "utterances.parquet")
            command = [sys.executable, __file__, str(count), folder]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks[count] = int(done.stdout) / 1024
        print(f"{count:>9,} texts   peak {peaks[count]:7.1f} MB")
    few, many = SIZES
    each = (peaks[many] - peaks[few]) * 2**20 / (many - few)
    print(f"each further text {each:.0f} bytes at the peak; its vector has {256 * 2} on disk")


if __name__ == "__main__":
    main(int(sys.argv[1])) if sys.argv[1:] else measure()
