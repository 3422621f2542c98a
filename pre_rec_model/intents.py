"""Stage `intents`: the latent intents, k-means centres (docs/latentcrs.md, sections 4 and 7)."""

from pathlib import Path
from typing import Any

import numpy as np

from crs.console import Context
from crs.stages.intents import Intents
from crs.store.artifact import Artifact
from pre_rec_model import kmeans

POINTS = {"pretrain": "states.npy", "direct": "residuals.npy"}
"""What is clustered, by the stage that wrote it."""


def clustered(points: np.ndarray, settings: Intents) -> kmeans.Clusters:
    """The clusters of points [n, d].

    Residuals are all 0 where the network found nothing better than its start: so are the intents.
    """
    if not points.any():
        centres = np.zeros((settings.k, points.shape[1]), dtype=np.float32)
        return kmeans.Clusters(centres, np.zeros(len(points), dtype=np.int64), 0.0, 1)
    return kmeans.fit(
        points,
        settings.k,
        seed=settings.seed,
        spherical=settings.spherical,
        restarts=settings.restarts,
        iterations=settings.iterations,
        gpu=settings.gpu,
        key="intents.k",
    )


def run(
    settings: Intents, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Cluster the encoder's user states, or the residuals of LatentCRS over items with words.

    Writes `centres.npy` [K, d] and `assignment.npy` [users], or of training cases.

    Spherical k-means has unit centres; they are scaled to the mean length of the points, so that
    centres and points are in the same space.
    """
    (source,) = inputs.values()
    points = np.array(source.load(POINTS[next(iter(inputs))]))
    found = clustered(points, settings)
    length = float(np.linalg.norm(points, axis=1).mean()) if settings.spherical else 1.0
    np.save(folder / "centres.npy", found.centres * length)
    np.save(folder / "assignment.npy", found.assignment)
    sizes = np.bincount(found.assignment, minlength=settings.k)
    context.note(f"{settings.k} intents, {int(np.median(sizes))} points in the median one")
    return {
        "k": settings.k,
        "used": found.used,
        "objective": found.objective,
        "largest": int(sizes.max()),
        "median_size": float(np.median(sizes)),
    }
