"""Settings of every stage that trains, and of how any stage runs."""

from dataclasses import dataclass

from omegaconf import MISSING

from crs.settings.base import Settings
from crs.settings.fields import choice, number, setting


@dataclass
class Optimisation(Settings):
    """What every trained stage has: AdamW, its schedule, and when to stop."""

    lr: float = number(above=0)
    """Learning rate."""
    weight_decay: float = number(low=0)
    batch_size: int = number(low=1)
    epochs: int = number(low=1)
    """Maximum number of epochs, of each phase where there are several."""
    patience: int = number(low=0)
    """Allowed epochs in a row without a better validation NDCG@10; one more stops training."""
    max_grad_norm: float = number(low=0, stored_as="clip")
    """Largest gradient norm; 0 does not clip."""
    decay_epochs: int = number(low=0)
    """The learning rate falls linearly to `final_lr_factor` of itself over so many epochs; 0: it
    is constant."""
    final_lr_factor: float = number(low=0, high=1, stored_as="decay_to")
    ema_decay: float = number(low=0, high=0.9999, stored_as="average")
    """Decay of the exponential moving average of the weights over the steps, which is validated and
    kept in their place (crs/training/ema.py); 0: the weights themselves."""
    precision: str = choice("32-true", "bf16-mixed")
    """Lightning Fabric's name of the precision."""
    compile: bool = setting(neutral=False)
    """torch.compile for what reads one position or one case at a time (docs/benchmarks.md says what
    it gains). Dropout draws other numbers."""
    seed: int = number()


@dataclass
class Warmup(Optimisation):
    """The optimisation of a model's pre-training (stage `warmup`)."""


@dataclass
class Train(Optimisation):
    """The optimisation of a model's own stage (`train`)."""


@dataclass
class Trainer:
    """How to run: never part of a fingerprint."""

    accelerator: str = choice("auto", "cpu", "gpu", "cuda", "mps", "tpu")
    """Lightning Fabric's name of the kind of device."""
    threads: int = number(low=0)
    """0: as many as this process may use."""
    progress: bool = MISSING
    devices: int = number(1, low=1)
    """How many devices of a machine train together, each in a process; of `cpu`, processors."""
    nodes: int = number(1, low=1)
    """On how many machines. torchrun or srun starts the same command on each."""
