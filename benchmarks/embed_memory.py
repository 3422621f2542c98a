"""Peak memory of the stage `embed` over 20,000 and 200,000 short texts, `embedder=hashed`.

    python benchmarks/embed_memory.py

Each size runs in a process of its own, after one that makes nothing but imports. For each the peak
after every shard is printed, and last what a further text costs, beside the bytes it has itself.
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


def peak() -> float:
    """The largest resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(count: int) -> None:
    from crs.console import Context
    from crs.settings.training import Trainer
    from crs.stages.embed import Embedder
    from crs.store.artifact import Artifact
    from crs.threads import use_threads
    from crs.tracking.run import Run
    from text2embedding import embed

    use_threads(1)
    if not count:
        print(peak())
        return
    settings = Embedder("hashed", 256, 1024, 16384, "float32", None, False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "store" / "embed" / "x"
        folder.mkdir(parents=True)
        spoken = Artifact(Path(sys.argv[2]))
        context = Context(Trainer("cpu", 1, False), Run(), "x")
        write = embed.write_rows
        embed.write_rows = lambda *args: (write(*args), print(peak()))[0]
        assert embed.run(settings, {"simulate": spoken}, folder, context)["different"] == count


def measure() -> None:
    peaks = {}
    for count in (0, *SIZES):
        with tempfile.TemporaryDirectory() as folder:
            import pandas as pd

            frame = pd.DataFrame({"text": pd.array(texts(count), dtype="string")})
            frame.to_parquet(Path(folder) / "utterances.parquet")
            command = [sys.executable, __file__, str(count), folder]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        shards = [float(line) for line in done.stdout.split()]
        peaks[count] = shards[-1]
        print(f"{count:>7,} texts   peak after each shard, MB:", *(f"{mb:.0f}" for mb in shards))
    few, many = SIZES
    each = (peaks[many] - peaks[few]) * 2**20 / (many - few)
    own = sum(map(len, texts(many))) / many
    print(f"a further text takes {each:.0f} bytes; itself it has {own:.0f}, its vector on disk 512")


if __name__ == "__main__":
    main(int(sys.argv[1])) if sys.argv[1:] else measure()
