"""Text encoding in float32 over the same in bfloat16, and how far the vectors are apart.

    python benchmarks/bfloat16.py

What it does to NDCG is measured by two commands, in docs/benchmarks.md.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from data import context, settings
from embedding import utterances
from measure import interleaved, options, parsed, report

from text2embedding.encoders import build


def main() -> None:
    parser = options(__doc__, runs=3)
    parser.add_argument("--texts", type=int, default=1_000)
    args = parsed(parser)
    texts = utterances(60 if args.quick else args.texts)
    embedder, trainer = settings("embedder=minilm").embedder, context(args.threads).trainer
    wide, narrow = (
        build(replace(embedder, precision=precision), trainer, Path("artifacts/downloads"))
        for precision in ("float32", "bfloat16")
    )
    a, b = wide.encode(texts), narrow.encode(texts)
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    print(f"cosine of a text's two vectors: mean {cosine.mean():.5f}, least {cosine.min():.5f}")
    times = interleaved(
        args.runs, float32=lambda: wide.encode(texts), bfloat16=lambda: narrow.encode(texts)
    )
    print(f"{len(texts):,} different texts, batches of {embedder.batch_size}; seconds a text:")
    report(times, args.threads, unit=len(texts))


if __name__ == "__main__":
    main()
