"""Training with Lightning: epochs that can be repeated, resumed to the bit, and stopped early.

Every epoch starts by reseeding from (stage seed, phase, epoch) and sets its learning rate from
the epoch alone, so that nothing but weights, optimiser and stopper has to be kept between epochs.
"""

import hashlib
import logging
import warnings
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from safetensors.torch import load_file, save_file
from torch import Tensor

from crs.config import Optimisation
from crs.console import Context
from crs.errors import UserError
from crs.store import RESUME, replace_synced, write_json

KEPT = ("best", "best_epoch", "stale", "epoch", "history")
"""What the stopper keeps between epochs."""

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="lightning")
warnings.filterwarnings("ignore", message=".*does not have many workers.*")


def derive(*parts: Any) -> int:
    """A seed for these parts, e.g. (stage seed, phase, epoch): 63 bits of their sha256."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big") >> 1


class Trained(LightningModule):
    """What `fit` trains: a Lightning module that owns its data and validates itself."""

    settings: Optimisation
    keep = "best"
    """Weights that are left at the end: those of the `best` epoch, or of the `last` one."""
    monitor = "ndcg@10"
    """The validation figure by which the best epoch is chosen: the higher the better."""

    def __init__(self) -> None:
        super().__init__()
        self.recorded: dict[str, list[Tensor]] = {}

    @abstractmethod
    def cases(self) -> int:
        """Number of training cases; `training_step` is handed batches of their numbers, [B]."""

    def passes(self) -> list[str]:
        """Kinds of pass over the data that make an epoch; `training_step` sees each in turn."""
        return ["train"]

    def start_epoch(self, epoch: int) -> None:
        """Called before each epoch, after reseeding."""

    @abstractmethod
    def validate_epoch(self) -> dict[str, float]:
        """Figures after an epoch, `monitor` among them."""

    def record(self, name: str, value: Tensor) -> None:
        """Keep a scalar for the epoch's mean, without waiting for the device."""
        self.recorded.setdefault(name, []).append(value.detach())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW; with weight decay 0 it is Adam."""
        return torch.optim.AdamW(
            [p for p in self.parameters() if p.requires_grad],
            lr=self.settings.lr,
            weight_decay=self.settings.weight_decay,
            foreach=True,  # the same bits as one parameter after another, in half the time
        )


class Passes:
    """Batches of an epoch, tensors of case numbers: each pass goes over all cases once, in an
    order of its own."""

    def __init__(self, n: int, batch_size: int, passes: int) -> None:
        self.n, self.batch_size, self.passes = n, batch_size, passes

    def __len__(self) -> int:
        return self.passes * -(-self.n // self.batch_size)

    def __iter__(self) -> Iterator[Tensor]:
        for _ in range(self.passes):
            yield from torch.randperm(self.n).split(self.batch_size)


class Epochs(Callback):
    """Reseeds, sets the learning rate, validates, keeps the best weights, stops, saves."""

    def __init__(self, phase: str, settings: Optimisation, folder: Path, context: Context) -> None:
        self.phase, self.settings, self.folder, self.context = phase, settings, folder, context
        self.best, self.best_epoch, self.stale, self.epoch = float("-inf"), -1, 0, -1
        self.history: list[dict[str, float]] = []
        self.bar: Any = None

    def state_dict(self) -> dict[str, Any]:
        """The stopper, as Lightning saves it."""
        return {name: getattr(self, name) for name in KEPT}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The stopper, as it was saved."""
        vars(self).update(state)

    @property
    def over(self) -> bool:
        """No further epoch is to be made."""
        return self.stale > self.settings.patience or self.epoch + 1 >= self.settings.epochs

    def factor(self, epoch: int) -> float:
        """Learning-rate factor of an epoch: linear from 1 to `decay_to` over `decay_epochs`."""
        if not self.settings.decay_epochs:
            return 1.0
        done = min(1.0, epoch / self.settings.decay_epochs)
        return 1 + done * (self.settings.decay_to - 1)

    def on_train_start(self, trainer: Trainer, module: Trained) -> None:  # type: ignore[override]
        """Count the weights as they come: training never leaves a module worse than it was."""
        if self.epoch < 0:
            module.eval()
            self.best = module.validate_epoch()[module.monitor]
            module.train()
            save_weights(module, self.folder / "best.safetensors")

    def on_train_epoch_start(self, trainer: Trainer, module: Trained) -> None:  # type: ignore[override]
        """Make the epoch a function of (seed, phase, epoch) and what was saved."""
        epoch = trainer.current_epoch
        torch.manual_seed(derive(self.settings.seed, self.phase, epoch))
        for group in trainer.optimizers[0].param_groups:
            group["lr"] = self.settings.lr * self.factor(epoch)
        module.train()
        module.recorded.clear()
        if self.bar is None:
            batches = int(trainer.num_training_batches)
            self.bar = self.context.bar(
                batches * self.settings.epochs, batches * epoch, self.phase, "batch"
            )
        module.start_epoch(epoch)

    def on_train_batch_end(self, *args: Any) -> None:
        """Move the bar."""
        self.bar.update()

    def on_train_epoch_end(self, trainer: Trainer, module: Trained) -> None:  # type: ignore[override]
        """Validate; keep the weights if they are the best; save everything; stop in time."""
        self.epoch = trainer.current_epoch
        module.eval()
        scores = module.validate_epoch()
        module.train()
        means = {k: torch.stack(v).mean().item() for k, v in module.recorded.items()}
        self.context.tracker.log(
            {f"{self.phase}/{k}": v for k, v in {**means, **scores}.items()}
            | {f"{self.phase}/epoch": self.epoch, "lr": trainer.optimizers[0].param_groups[0]["lr"]}
        )
        if (score := scores[module.monitor]) > self.best or module.keep == "last":
            self.best, self.best_epoch, self.stale = score, self.epoch, 0
            save_weights(module, self.folder / "best.safetensors")
        else:
            self.stale += 1
        self.bar.set_postfix_str(f"{module.monitor} {score:.4f}, best {self.best:.4f}")
        self.history.append({"epoch": self.epoch, **means, **scores})
        trainer.save_checkpoint(self.folder / "last.new")
        replace_synced(self.folder / "last.new", self.folder / "last.ckpt")
        trainer.should_stop = self.over

    def on_fit_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Close the bar."""
        if self.bar is not None:
            self.bar.close()


def save_weights(module: torch.nn.Module, path: Path) -> None:
    """A module's parameters and buffers as safetensors, whole or not at all."""
    temporary = path.with_suffix(".new")
    save_file({k: v.contiguous() for k, v in module.state_dict().items()}, temporary)
    replace_synced(temporary, path)


def fit(
    module: Trained, phase: str, settings: Optimisation, folder: Path, context: Context
) -> dict[str, float]:
    """Train a module until validation stops improving, and leave the best weights in it.

    A phase that was begun goes on after its last whole epoch; one that was finished is loaded.
    Writes `<phase>.json`: the figures of each epoch.

    Args:
        module: what is trained; its `settings` are set to `settings`.
        phase: name of this training within its stage; enters the seeds.
        folder: the half-made result; state is kept in its `resume/<phase>`.
    Returns:
        best validation figure, its epoch, and the number of epochs run.
    """
    place = folder / RESUME / phase.replace(" ", "_")
    place.mkdir(parents=True, exist_ok=True)
    module.settings = settings
    last, best = place / "last.ckpt", place / "best.safetensors"
    epochs = Epochs(phase, settings, place, context)
    resume = last.is_file()
    if resume:
        saved = torch.load(last, map_location="cpu", weights_only=True)
        epochs.load_state_dict(saved["callbacks"][epochs.state_key])
    if context.trainer.accelerator in ("gpu", "cuda") and not torch.cuda.is_available():
        raise UserError("trainer.accelerator: torch sees no GPU here; type trainer=cpu")
    if not epochs.over:
        if resume:
            context.note(f"{phase}: {epochs.epoch + 1} epochs were there")
        batches = Passes(module.cases(), settings.batch_size, len(module.passes()))
        trainer = Trainer(
            accelerator=context.trainer.accelerator,
            devices=1,
            precision=settings.precision,  # type: ignore[arg-type]
            max_epochs=settings.epochs,
            gradient_clip_val=settings.clip or None,
            callbacks=[epochs],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        try:
            trainer.fit(module, batches, ckpt_path=last if resume else None, weights_only=True)
        except SystemExit as stop:
            if isinstance(stop.__context__, KeyboardInterrupt):  # so Lightning hands on a Ctrl-C
                raise KeyboardInterrupt from None
            raise
    write_json(folder / f"{phase}.json", epochs.history)
    module.cpu()
    if best.is_file():
        module.load_state_dict(load_file(best))
    module.eval()
    return {"best": epochs.best, "best_epoch": epochs.best_epoch, "epochs": epochs.epoch + 1}
