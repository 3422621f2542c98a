"""k-means of the stages `pretrain` and `intents` over faiss alone on the same points.

    python benchmarks/kmeans.py

Ours adds the checks that faiss leaves out and the unit length of the points; both look up each
point's cluster. Twice: what `pretrain` fits before every epoch on Beauty (22,363 points, 256
clusters, one start), then what `intents` fits once on MovieLens-1M (6,034 points, 512 clusters,
five starts). The last line is the ratio of the second.
"""

from functools import partial

import faiss
import numpy as np
from measure import interleaved, options, parsed, report

from pre_rec_model import kmeans

DIM, ITERATIONS = 64, 20


def bare(points: np.ndarray, k: int, restarts: int) -> None:
    """faiss with the same settings."""
    model = faiss.Kmeans(
        DIM, k, niter=ITERATIONS, nredo=restarts, seed=1, spherical=True,
        min_points_per_centroid=1, max_points_per_centroid=4096,
    )  # fmt: skip
    model.train(points)
    model.index.search(points, 1)


def main() -> None:
    args = parsed(options(__doc__, runs=7))
    sizes = [(300, 8, 1), (300, 8, 2)] if args.quick else [(22_363, 256, 1), (6_034, 512, 5)]
    for users, k, restarts in sizes:
        rng = np.random.default_rng(0)
        centres = rng.normal(size=(k, DIM))
        states = centres[rng.integers(k, size=users)] + rng.normal(size=(users, DIM))
        states = states.astype(np.float32)
        points = states / np.linalg.norm(states, axis=1, keepdims=True)
        times = interleaved(
            args.runs,
            ours=partial(
                kmeans.fit, states, k, seed=1, spherical=True, restarts=restarts,
                iterations=ITERATIONS, gpu=False, key="intents.k",
            ),
            faiss=partial(bare, points, k, restarts),
        )  # fmt: skip
        print(f"{users:,} points, {k} clusters, {restarts} starts")
        report(times, args.threads)


if __name__ == "__main__":
    main()
