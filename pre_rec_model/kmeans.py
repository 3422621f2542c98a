"""k-means with FAISS, which keeps silent where it should not: the checks are here."""

from dataclasses import dataclass

import numpy as np

from crs.errors import UserError


@dataclass
class Clusters:
    """A fitted clustering.

    Attributes:
        centres: [K, d]; unit vectors if spherical.
        assignment: cluster of each point, [n].
        objective: of the best restart: sum of squared distances, or of similarities if spherical.
        used: clusters that own at least one point.
    """

    centres: np.ndarray
    assignment: np.ndarray
    objective: float
    used: int


def fit(
    points: np.ndarray,
    k: int,
    *,
    seed: int,
    spherical: bool,
    restarts: int,
    iterations: int,
    gpu: bool,
    key: str,
) -> Clusters:
    """Cluster points, [n, d] float32; spherical clusters the directions alone.

    Args:
        key: the setting that gives `k`, for messages.
    Raises:
        UserError: for fewer different points than clusters (faiss would invent centres), for
            points that are not finite, and for a GPU that faiss cannot use (it would fall back).
    """
    import faiss

    if gpu and not (hasattr(faiss, "StandardGpuResources") and faiss.get_num_gpus() > 0):
        section = key.split(".")[0]
        raise UserError(
            f"{section}.gpu=true but this faiss sees no GPU; type {section}.gpu=false, or install "
            "the `gpu` extra in place of faiss-cpu"
        )
    points = np.ascontiguousarray(points, dtype=np.float32)
    if not np.isfinite(points).all():
        raise UserError(f"{key}: the vectors to cluster are not finite; lower pretrain.lr")
    if spherical:
        points = points / np.linalg.norm(points, axis=1, keepdims=True).clip(1e-12)
    different = len(np.unique(points, axis=0))
    if different < k:
        raise UserError(
            f"{key}={k} but only {different} different vectors: lower {key} or use a larger dataset"
        )
    model = faiss.Kmeans(
        points.shape[1],
        k,
        niter=iterations,
        nredo=restarts,
        seed=seed & 0x7FFFFFFF,
        spherical=spherical,
        gpu=gpu,
        min_points_per_centroid=1,
        max_points_per_centroid=4096,
    )
    model.train(points)
    assert model.centroids is not None and model.obj is not None  # `train` sets both
    _, nearest = model.index.search(points, 1)
    assignment = nearest[:, 0]
    return Clusters(
        model.centroids.copy(), assignment, float(model.obj[-1]), len(np.unique(assignment))
    )
