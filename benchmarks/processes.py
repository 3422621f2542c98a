"""The stage `embed` by one process of one thread, over the same by several, the files compared;
and by one process of as many threads.

    python benchmarks/processes.py --texts 8000 --engine ray

The start of the processes and the loading of the model, which each does, are part of it.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
from data import context, settings
from embedding import utterances
from measure import interleaved, options, parsed, report

from crs.console import Context
from crs.settings.engine import Engine
from crs.store.artifact import Artifact
from crs.threads import use_threads
from text2embedding import embed


def main() -> None:
    parser = options(__doc__, runs=1)
    parser.add_argument("--texts", type=int, default=8_000)
    parser.add_argument("--shard", type=int, default=500)
    parser.add_argument("--engine", default="local", choices=["local", "ray"])
    parser.add_argument("--processes", type=int, default=2)
    args = parsed(parser)
    texts = utterances(100 if args.quick else args.texts)
    kind = "hashed" if args.quick else "minilm"
    shard = 10 if args.quick else args.shard
    embedder = replace(settings(f"embedder={kind}").embedder, shard=shard, precision="float32")
    one = context(1)
    several = replace(one, engine=Engine(args.engine, args.processes))
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        pd.DataFrame({"text": texts}).to_parquet(place / "utterances.parquet", index=False)
        inputs, made = {"simulate": Artifact(place)}, set()

        def run(on: Context, threads: int) -> None:
            use_threads(threads)
            with tempfile.TemporaryDirectory(dir=place) as folder:
                embed.run(embedder, inputs, Path(folder), on)
                made.add(Path(folder, "vectors.npy").read_bytes())

        times = interleaved(
            args.runs,
            one=lambda: run(one, 1),
            several=lambda: run(several, args.processes),
            threads=lambda: run(one, args.processes),
        )
    print(f"{len(texts):,} texts in shards of {shard}, {args.processes} processes ({args.engine}), "
          f"one thread each; files that differ: {len(made) - 1}")  # fmt: skip
    report(times, 1)


if __name__ == "__main__":
    main()
