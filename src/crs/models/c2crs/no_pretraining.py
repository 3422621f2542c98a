"""Stage `direct` of C2-CRS: the recommender without pre-training."""

from pathlib import Path
from typing import Any

from crs.console import Context
from crs.models.c2crs import train
from crs.models.c2crs.recipe import C2CRSTrainSettings
from crs.store.artifact import Artifact


def run(
    settings: C2CRSTrainSettings, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """As stage `train`, whose inputs have a `warmup`; here there is none."""
    return train.run(settings, inputs, folder, context)
