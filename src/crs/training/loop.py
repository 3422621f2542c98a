"""Training: epochs that can be repeated, resumed to the bit, and stopped early.

The loop is ours, device and precision are Lightning Fabric's. Every epoch starts by reseeding from
(stage seed, phase, epoch) and sets its learning rate from the epoch alone, so that nothing but
weights, optimiser and stopper has to be kept between epochs.
"""

import hashlib
import math
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from safetensors.torch import load_file
from torch import Tensor, nn

from crs.console import Context
from crs.errors import NotFiniteError
from crs.settings.training import Optimisation
from crs.store.artifact import RESUME, UNFINISHED, replace_synced, write_json
from crs.training import devices, sharded
from crs.training.compiled import compiled
from crs.training.determinism import one_order_of_additions
from crs.training.early_stopping import Stopper
from crs.training.ema import Average
from crs.training.memory import give_back
from crs.training.phase_state import (
    best_weights,
    finite,
    keep_state,
    keep_weights,
    kept_state,
    write_weights,
)
from crs.training.team import together


def derive(*parts: Any) -> int:
    """A seed for these parts, e.g. (stage seed, phase, epoch): 63 bits of their sha256."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big") >> 1


class TrainingTask(nn.Module):
    """What `fit` trains: a module that owns its data, computes its loss and validates itself."""

    settings: Optimisation
    keep = "best"
    """Weights that are left at the end: those of the `best` epoch, or of the `last` one."""
    monitor = "ndcg@10"
    """The validation metric by which the best epoch is chosen: the higher the better."""
    current_epoch = -1
    """Number of the epoch under way."""
    counts = True
    """Whether this device's cases of the batch count; else they stand in for none."""

    def __init__(self) -> None:
        super().__init__()
        self.recorded: dict[str, list[Tensor]] = {}

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.parameters()).device

    @abstractmethod
    def cases(self) -> int:
        """Number of training cases; `training_step` is handed batches of their numbers, [B]."""

    def passes(self) -> list[str]:
        """Kinds of pass over the data that make an epoch; `training_step` sees each in turn."""
        return ["train"]

    def batches(self) -> int:
        """Batches of one pass."""
        return -(-self.cases() // self.settings.batch_size)

    def start_epoch(self, epoch: int) -> None:
        """Called before each epoch, after reseeding."""

    @abstractmethod
    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """Loss, a scalar, of a batch of case numbers, [B]; the index counts within the epoch.

        On several devices the batch is a share, and the mean over devices of what they return is
        the loss of the whole batch: `overall` and `gathered` make it so.
        """

    @abstractmethod
    def validate_epoch(self) -> dict[str, float]:
        """Figures after an epoch, `monitor` among them."""

    def more_state(self) -> dict[str, Any]:
        """What a resumed run needs beside weights and optimiser: tensors and plain values."""
        return {}

    def take_state(self, state: dict[str, Any]) -> None:
        """Take up what `more_state` gave."""

    def forward(self, batch: Tensor, batch_index: int) -> Tensor:
        """`training_step`, as DDP calls it."""
        return self.training_step(batch, batch_index)

    def overall(self, mean: Tensor, count: int) -> Tensor:
        """The mean over the parts of a whole batch, of a mean over `count` parts on this device."""
        return devices.overall(mean, count if self.counts else 0)

    def gathered(self, *rows: Tensor) -> tuple[Tensor, ...]:
        """Rows of a whole batch, [n, …] each, of the rows on this device."""
        return devices.gathered(*(x if self.counts else x[:0] for x in rows))

    def record(self, name: str, value: Tensor) -> None:
        """Keep a scalar for the epoch's mean, without waiting for the device."""
        self.recorded.setdefault(name, []).append(value.detach())

    def optimiser(self) -> torch.optim.Optimizer:
        """AdamW; with weight decay 0 it is Adam."""
        return torch.optim.AdamW(
            [p for p in self.parameters() if p.requires_grad],
            lr=self.settings.lr,
            weight_decay=self.settings.weight_decay,
            foreach=True,  # the same bits as one parameter after another, in half the time
        )


def shuffled(n: int, batch_size: int, passes: int) -> Iterator[Tensor]:
    """Batches of an epoch, tensors of case numbers: each pass goes over all cases once, in an
    order of its own."""
    for _ in range(passes):
        yield from devices.once(lambda: torch.randperm(n)).split(batch_size)


def rate(settings: Optimisation, epoch: int) -> float:
    """Learning rate of an epoch: falls linearly to `final_lr_factor` of it over `decay_epochs`."""
    if not settings.decay_epochs:
        return settings.lr
    done = min(1.0, epoch / settings.decay_epochs)
    return settings.lr * (1 + done * (settings.final_lr_factor - 1))


def save_weights(module: nn.Module, path: Path) -> None:
    """A module's parameters and buffers as safetensors, whole or not at all.

    Raises:
        NotFiniteError: if one is NaN or infinite.
    """
    write_weights(module, temporary := path.with_suffix(UNFINISHED))
    replace_synced(temporary, path)


def fit(
    module: TrainingTask,
    phase: str,
    settings: Optimisation,
    folder: Path,
    context: Context,
    lower: str | None = None,
) -> dict[str, float]:
    """Train a module until validation stops improving, and leave the best weights in it.

    A phase that was interrupted resumes after its last whole epoch; a finished one is loaded.
    Writes `<phase>.json`: the metrics of each epoch.

    Args:
        module: what is trained; its `settings` are set to `settings`.
        phase: name of this training within its stage; enters the seeds.
        folder: the partial result; state is kept in its `resume/<phase>`.
        lower: the setting of the learning rate, where it is not `<class of settings>.lr`.
    Returns:
        best validation metric, its epoch, and the number of epochs run.
    Raises:
        NotFiniteError: if a loss, a weight or a score becomes NaN or infinite; with the phase, the
            epoch and the setting to lower.
        PartialResultError: if what an earlier run left is damaged.
    """
    place = folder / RESUME / phase.replace(" ", "_")
    place.mkdir(parents=True, exist_ok=True)
    module.settings = settings
    stopper, saved = Stopper(settings), kept_state(place)
    if saved is not None:
        vars(stopper).update(saved["stopper"])
        context.tracker.replay(phase, stopper.history)
    if not stopper.over:
        try:
            of_first = devices.OfFirst(saved)
            together(train, module, phase, place, stopper, of_first, context=context)
        except NotFiniteError as error:
            epoch = max(module.current_epoch, 0)
            lower = lower or f"{type(settings).__name__.lower()}.lr"
            raise NotFiniteError(
                f"phase {phase}, epoch {epoch + 1}: {error}; lower {lower} ({settings.lr:g})"
            ) from error
    write_json(folder / f"{phase}.json", stopper.history)
    module.cpu()
    sharded.make_room(module)
    module.load_state_dict(load_file(best_weights(place, stopper.best_epoch)))
    module.eval()
    return {"best": stopper.best, "best_epoch": stopper.best_epoch, "epochs": stopper.epoch + 1}


def update(
    fabric: Fabric,
    module: TrainingTask,
    step: nn.Module,
    optimiser: Any,
    batch: Tensor,
    index: int,
) -> Tensor:
    """One step of the optimiser, as `fabric` has set it up; returns the loss.

    Args:
        step: the module as its backward pass is to be made, `devices.replicated`.
    """
    own, module.counts = devices.share(batch)
    with fabric.autocast():
        # Or a weight that is used twice would have its gradients added in 16 bits.
        torch.set_autocast_cache_enabled(False)
        loss = step(own.to(fabric.device), index)
    optimiser.zero_grad()
    fabric.backward(loss)
    if clip := module.settings.max_grad_norm:
        fabric.clip_gradients(module, optimiser, max_norm=clip, error_if_nonfinite=False)
    optimiser.step()
    return loss.detach()


def validated(module: TrainingTask) -> dict[str, float]:
    """The metrics of `validate_epoch`, which one device computes.

    Raises:
        NotFiniteError: if a weight or a metric is not finite.
    """
    if not finite(module.parameters()):
        raise NotFiniteError("a weight is not finite")
    with devices.alone():
        scores = module.validate_epoch()
    for name, score in scores.items():
        if not math.isfinite(score):
            raise NotFiniteError(f"the validation's {name} is not finite")
    return scores


def train(
    module: TrainingTask,
    phase: str,
    place: Path,
    stopper: Stopper,
    of_first: devices.OfFirst,
    context: Context,
) -> None:
    """The epochs that are still to be made, on every device; rank 0 validates and keeps.

    Args:
        place: the best weights and the state after each epoch are kept there.
        of_first: the state that an earlier run left, on however many devices, or None.
    """
    settings = module.settings
    fabric = devices.fabric(context.trainer, settings.precision)
    saved = sharded.dealt(module, of_first)
    if saved is not None:
        module.load_state_dict(saved["weights"])
        module.take_state(saved["more"])
    optimiser = fabric.setup(module, module.optimiser())[1]
    step = devices.replicated(module, sharded.table_of(module)[0])
    average = Average(module, settings.ema_decay)
    if saved is not None:
        average.take(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        context.note(f"{phase}: resumes after {stopper.epoch + 1} epochs")
    else:
        module.eval()
        with sharded.whole(module):
            if devices.rank() == 0:
                # The initial weights count as an epoch: training never makes a module worse.
                stopper.best = validated(module)[module.monitor]
                keep_weights(module, place, stopper.best_epoch)
    passes = len(module.passes())
    total = module.batches() * passes
    bar = context.bar(
        total * settings.epochs, total * (stopper.epoch + 1), label=phase, unit="batch"
    )
    group = type(settings).__name__.lower()
    faster = compiled(module, group) if settings.compile else nullcontext(lambda: None)
    with bar, faster as check, one_order_of_additions(fabric.device):
        for epoch in range(stopper.epoch + 1, settings.epochs):
            torch.manual_seed(derive(settings.seed, phase, epoch) + devices.rank())
            lr = rate(settings, epoch)
            for group in optimiser.param_groups:
                group["lr"] = lr
            module.train()
            module.recorded.clear()
            module.current_epoch = epoch
            module.start_epoch(epoch)
            batches = shuffled(module.cases(), settings.batch_size, passes)
            losses = []
            for index, batch in enumerate(batches):
                losses.append(update(fabric, module, step, optimiser, batch, index))
                average.update()
                bar.update()
            check()
            if not finite(
                [devices.average(torch.stack(losses))]
            ):  # one look an epoch: nothing waits for the device at every step
                raise NotFiniteError("the loss is not finite")
            means = {
                k: devices.average(torch.stack(v).mean()).item() for k, v in module.recorded.items()
            }
            module.eval()
            with sharded.whole(module, optimiser):
                if devices.rank() == 0:
                    with average.shown():
                        scores = validated(module)
                        score = scores[module.monitor]
                        if stopper.update(score, epoch, module.keep == "last"):
                            keep_weights(module, place, epoch)
                    row = {"epoch": epoch, **means, **scores}
                    context.tracker.log({f"{phase}/{k}": v for k, v in {**row, "lr": lr}.items()})
                    bar.set_postfix_str(
                        f"epoch {epoch + 1}, {module.monitor} {score:.4f}, best {stopper.best:.4f}",
                        refresh=False,
                    )
                    stopper.history.append(row)
                    state = {
                        "weights": module.state_dict(),
                        "optimiser": optimiser.state_dict(),
                        "average": average.kept,
                        "stopper": stopper.state(),
                        "more": module.more_state(),
                    }
                    keep_state(state, place)
                    if not stopper.over:
                        context.watch(phase, epoch, score)
            give_back()
            if devices.once(lambda: stopper.over):
                return
