"""What the indexes of `crs export` find and how fast: exact, HNSW, IVF-PQ.

    python benchmarks/indexes.py --items 1000000 --kinds ivfpq    # without a graph

Generated vectors of d = 64: items lie around 2,000 centres at half the centres' spread, queries
around items, and lengths differ, as popularity makes them. Prints, of each kind, seconds to build,
bytes an item in the file, milliseconds a query and recall@10 against exact search. The last line is
exact search over the first of `--kinds`, in time a query.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
from measure import interleaved, options, parsed, report

from crs.export import index

CENTRES, DIM = 2_000, 64


def generated(items: int, queries: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of items and queries, float32."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((CENTRES, DIM), dtype=np.float32)
    noise = rng.standard_normal((items, DIM), dtype=np.float32)
    vectors = centres[rng.integers(CENTRES, size=items)] + noise / 2
    vectors *= rng.lognormal(0, 0.2, (items, 1)).astype(np.float32)
    near = vectors[rng.integers(items, size=queries)]
    return vectors, near + rng.standard_normal(near.shape, dtype=np.float32) / 2


def main() -> None:
    parser = options(__doc__, runs=3)
    parser.add_argument("--items", type=int, default=50_000, help="default 50,000")
    parser.add_argument("--kinds", nargs="+", choices=["ivfpq", "hnsw"], default=["ivfpq", "hnsw"])
    args = parsed(parser)
    items, queries = (1_000, 20) if args.quick else (args.items, 500)
    vectors, asked = generated(items, queries)
    ids = np.arange(1, items + 1)
    made, lines = {}, []
    for kind in ["flat", *args.kinds]:  # exact search first: it tells the recall
        began = time.perf_counter()
        made[kind] = index.build(vectors, ids, kind)
        took = time.perf_counter() - began
        with tempfile.TemporaryDirectory() as folder:
            index.write(made[kind], file := Path(folder) / kind)
            size = file.stat().st_size / items
        exact = made["flat"].search(asked, 10)[1]
        found = index.recall(made[kind], exact, asked)
        lines.append(f"{kind:<8}{took:>8.1f} s to build{size:>6.0f} bytes an item, {found:.3f}")
    print(f"{items:,} items; recall@10 of {queries} queries:", *lines, sep="\n")
    searches = {kind: lambda one=one: one.search(asked, 10) for kind, one in made.items()}
    times = interleaved(args.runs, **searches)
    report(times, args.threads, unit=queries)


if __name__ == "__main__":
    main()
