"""Tiny data and quiet settings that several tests share."""

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import hydra
import hypothesis
import numpy as np
import pandas as pd
import pytest
import torch
from hydra import initialize_config_dir
from torch import Tensor

from crs import command_line
from crs.config import Config
from crs.console import Context
from crs.data import build_dataset
from crs.models import recipes
from crs.settings.training import Trainer
from crs.stages import declared_stages
from crs.stages.simulate import Simulate
from crs.store.artifact import Artifact
from crs.tracking.run import Run

torch.set_num_threads(1)  # as many tests as cores may run at once

SHARED = Path(__file__).parents[3] / "shared" / "data"

quick = hypothesis.settings(deadline=None, max_examples=60, derandomize=True)
"""Property tests: the same examples every time, and no clock."""


def shared(name: str) -> Path:
    """A file of real data beside the repository; the test is skipped where it is absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"no {name} in shared/data beside the repository")
    return path


def padded(*rows: list[int]) -> Tensor:
    """Rows as a right-aligned batch, [B, T]."""
    width = max(map(len, rows))
    return torch.tensor([[0] * (width - len(row)) + row for row in rows])


def context(name: str = "0" * 16) -> Context:
    """A run on one thread of the CPU that shows and tracks nothing."""
    return Context(Trainer("cpu", 1, False), Run(), name)


@cache
def config(*overrides: str) -> Config:
    """The settings of conf/ for the generated data set, with these overrides."""
    command_line.register()
    with initialize_config_dir(str(command_line.CONF), version_base="1.3"):
        composed = hydra.compose("train", ["dataset=tiny", "tracker=none", *overrides])
    return command_line.to_config(composed)


def pipeline_stages() -> list[tuple[str, str]]:
    """Every stage with a model that has it: shared ones with LatentCRS, others with each owner."""
    own = sorted((model.name, stage.name) for model in recipes().values() for stage in model.stages)
    return [("latentcrs", name) for name in declared_stages()] + own


def artifact(folder: Path, summary: dict[str, Any], **files: Any) -> Artifact:
    """A finished result: frames as Parquet, arrays as npy, under the names given."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        if isinstance(value, pd.DataFrame):
            value.to_parquet(folder / f"{name}.parquet", index=False)
        else:
            np.save(folder / f"{name}.npy", value)
    (folder / "manifest.json").write_text(json.dumps({"summary": summary}))
    return Artifact(folder)


def other(found: Artifact, folder: Path, **manifest: Any) -> Artifact:
    """A copy of a result with something else in its manifest."""
    shutil.copytree(found.path, folder)
    (folder / "manifest.json").write_text(json.dumps(found.manifest | manifest))
    return Artifact(folder)


def made(stage: Any, settings: Any, inputs: dict[str, Artifact], folder: Path) -> Artifact:
    """The result of a stage's `run`."""
    folder.mkdir(parents=True, exist_ok=True)
    return artifact(folder, stage.run(settings, inputs, folder, context()))


def dataset(root: Path, *overrides: str) -> Artifact:
    """The generated data set with 60 users and 30 items, none taken twice, or as overrides say."""
    shape = ("dataset.generated.users=60", "dataset.generated.items=30", "dataset.duplicates=drop")
    settings = config(*shape, *overrides).dataset
    return made(build_dataset, settings, {}, root / "dataset" / "tiny")


def spoken(root: Path, *overrides: str) -> dict[str, Artifact]:
    """The generated data set and what the text stages make of it, with hashed vectors."""
    from data_generator import samples, simulate
    from text2embedding import embed

    settings = config("embedder=hashed", "embedder.dim=32", "samples.shown=9", *overrides)
    inputs = {"dataset": dataset(root, *overrides)}
    inputs["samples"] = made(samples, settings.samples, inputs, root / "samples" / "tiny")
    said = Simulate(settings.simulator, settings.llm)
    inputs["simulate"] = made(simulate, said, inputs, root / "simulate" / "tiny")
    inputs["embed"] = made(embed, settings.embedder, inputs, root / "embed" / "tiny")
    return inputs
