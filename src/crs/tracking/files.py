"""A result as a W&B artifact: small files by content, others by their place in the store."""

from typing import TYPE_CHECKING

from crs.evaluation.results import PARQUET
from crs.store.artifact import Artifact

if TYPE_CHECKING:
    import wandb

SMALL = 1 << 20
"""Bytes of a file that is recorded by content."""
WEIGHTS = ".safetensors"


def kind_of(artifact: Artifact) -> str:
    """W&B's type of an artifact: `model`, `result`, or `data` for all else."""
    names = artifact.manifest["files"]
    if PARQUET in names:
        return "result"
    return "model" if any(name.endswith(WEIGHTS) for name in names) else "data"


def recorded(artifact: Artifact, upload: str) -> "wandb.Artifact":
    """What is recorded of a result.

    Data are recorded by their place alone: whoever logs in to W&B need not be allowed to read them.

    Args:
        upload: `small`: the files of models and results up to a megabyte by content; `all`: all
            their files.
    """
    import wandb

    kind, manifest = kind_of(artifact), artifact.manifest
    about = {name: manifest[name] for name in ("settings", "inputs", "digest", "git")}
    made = wandb.Artifact(f"{artifact.stage}-{artifact.fingerprint}", kind, metadata=about)
    for name in manifest["files"]:
        path = artifact.path / name
        if kind != "data" and (upload == "all" or path.stat().st_size <= SMALL):
            made.add_file(str(path), name, policy="immutable")
        else:
            made.add_reference(path.resolve().as_uri(), name, checksum=False)
    return made
