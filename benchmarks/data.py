"""Generated inputs of the size of real ones: what is measured needs no download."""

import inspect

import hydra
import numpy as np
import torch
from hydra import initialize_config_dir

from crs import command_line
from crs.config import Config
from crs.console import Context
from crs.data.sequences import Sequences
from crs.nn.encoder import Encoder
from crs.settings.training import Trainer
from crs.stages.pretrain import Pretrain
from crs.tracking.run import Run


def settings(*overrides: str) -> Config:
    """The settings of conf/ with these overrides."""
    command_line.register()
    with initialize_config_dir(str(command_line.CONF), version_base="1.3"):
        composed = hydra.compose("train", [*overrides])
    return command_line.to_config(composed)


def context(threads: int) -> Context:
    """A run on the CPU that draws and tracks nothing."""
    return Context(Trainer("cpu", threads, False), Run(), "0" * 16)


def sequences(users: int, items: int, mean: float, spread: float, seed: int = 0) -> Sequences:
    """Users of log-normal lengths, at least 5, over items of Zipf's popularity.

    Args:
        mean, spread: of the lengths: their mean, and the standard deviation of their logarithm.
    """
    rng = np.random.default_rng(seed)
    length = 5 + rng.lognormal(np.log(mean - 5) - spread**2 / 2, spread, users).astype(int)
    share = 1 / np.arange(1, items + 1)
    drawn = rng.choice(rng.permutation(items) + 1, length.sum(), p=share / share.sum())
    offsets = np.concatenate([[0, 0], length.cumsum()])
    return Sequences(torch.from_numpy(drawn), torch.from_numpy(offsets), items)


def encoder(options: Pretrain, items: int) -> Encoder:
    """The encoder that these settings ask for."""
    names = inspect.signature(Encoder).parameters
    shape = {name: getattr(options, name) for name in names if hasattr(options, name)}
    return Encoder(items=items, **shape)
