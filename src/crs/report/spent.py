"""What the result of one seed took, and how large its model is."""

import math
from dataclasses import dataclass

from crs.report.collect import Record
from crs.report.lineage import costs, known
from crs.store.artifact import Artifact

LAST, ENCODER = "train", "pretrain"
"""The stage that trains a model, and that of the encoder which some models read as it is."""


@dataclass(frozen=True)
class Spent:
    """What a result and all that it stands on took.

    Attributes:
        seconds: by stage, of a run that begins with an empty store.
        memory_mb: the most that a process which made one of them had by then.
        parameters: of the trained model.
    """

    seconds: dict[str, float]
    memory_mb: int
    parameters: int


def spent(record: Record) -> Spent:
    """As the manifests and the weights in the store have it."""
    there = [artifact for artifact in record.stages.values() if known(artifact)]
    return Spent(
        {cost.stage: cost.seconds for cost in costs(there)},
        max(artifact.manifest.get("peak_memory_mb", 0) for artifact in there),
        sum(map(numbers_in, trained(record.stages))),
    )


def trained(stages: dict[str, Artifact]) -> list[Artifact]:
    """The results whose weights are the model: what `train` wrote, and the encoder that it reads;
    without `train` the encoder; neither where nothing is trained."""
    if LAST not in stages:
        return [stages[ENCODER]] if ENCODER in stages else []
    last = stages[LAST]
    return [last, *(stages[name] for name in last.manifest["inputs"] if name == ENCODER)]


def numbers_in(artifact: Artifact) -> int:
    """How many numbers the weights of a result have, by the heads of their files."""
    from safetensors import safe_open

    count = 0
    for name in artifact.manifest["files"]:
        if name.endswith(".safetensors"):
            with safe_open(artifact.path / name, "numpy") as weights:
                shapes = (weights.get_slice(key).get_shape() for key in weights.keys())  # noqa: SIM118
                count += sum(map(math.prod, shapes))
    return count
