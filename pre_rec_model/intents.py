"""Stage `intents`: the latent intents, k-means centres of user states (LatentCRS, section 4)."""

from pathlib import Path
from typing import Any

import numpy as np

from crs.console import Context
from crs.stages.intents import Intents
from crs.store.artifact import Artifact
from pre_rec_model import kmeans


def run(
    settings: Intents, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Cluster the encoder's user states; writes `centres.npy` [K, d], `assignment.npy` [users].

    Spherical k-means has unit centres; they are scaled to the mean length of the states, so that
    centres and states are in the same space.
    """
    states = np.array(inputs["pretrain"].load("states.npy"))
    found = kmeans.fit(
        states,
        settings.k,
        seed=settings.seed,
        spherical=settings.spherical,
        restarts=settings.restarts,
        iterations=settings.iterations,
        gpu=settings.gpu,
        key="intents.k",
    )
    length = float(np.linalg.norm(states, axis=1).mean()) if settings.spherical else 1.0
    np.save(folder / "centres.npy", found.centres * length)
    np.save(folder / "assignment.npy", found.assignment)
    sizes = np.bincount(found.assignment, minlength=settings.k)
    context.note(f"{settings.k} intents, {int(np.median(sizes))} users in the median one")
    return {
        "k": settings.k,
        "used": found.used,
        "objective": found.objective,
        "largest": int(sizes.max()),
        "median_size": float(np.median(sizes)),
    }
