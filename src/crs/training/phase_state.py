"""What a phase of a training keeps after each epoch, to go on from and to end with."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from crs.errors import NotFiniteError, PartialResultError
from crs.store.artifact import RESUME, UNFINISHED, checksum, keep, kept

LAST = "last.ckpt"
"""In the folder of a phase: its state after the newest epoch."""
PART = 1 << 24
"""Numbers that are looked at together: 64 MB, and their comparisons."""


def finite(tensors: Iterable[Tensor]) -> bool:
    """Whether no number of some tensors is NaN or infinite; what is compared is bounded."""
    numbers = (part for x in tensors if x.is_floating_point() for part in x.flatten().split(PART))
    return all(bool(part.isfinite().all()) for part in numbers)


def write_weights(module: nn.Module, path: Path) -> None:
    """A module's parameters and buffers as safetensors.

    Raises:
        NotFiniteError: if one is NaN or infinite.
    """
    weights = {k: v.contiguous() for k, v in module.state_dict().items()}
    if wrong := [name for name, value in weights.items() if not finite([value])]:
        raise NotFiniteError(f"the weights {', '.join(wrong[:3])} are not finite")
    save_file(weights, path)


def best_weights(place: Path, epoch: int) -> Path:
    """The file of the weights of a phase's best epoch; -1: those it began with.

    The state says which epoch is the best one. So weights of an epoch that a kill left without a
    state never count, also where the epoch has other bits when it is made again.
    """
    return place / f"best-{epoch + 1}.safetensors"


def keep_weights(module: nn.Module, place: Path, epoch: int) -> None:
    """Keep a module's weights as the best of a phase."""
    path = best_weights(place, epoch)
    write_weights(module, temporary := path.with_name(f"{path.name}{UNFINISHED}"))
    keep(temporary, path)


def keep_state(state: dict[str, Any], place: Path) -> None:
    """Keep what a phase goes on from; then no other weights than those of its best epoch."""
    # Through a file of Python's, which tells why it cannot be written.
    with (temporary := place / f"{LAST}{UNFINISHED}").open("wb") as file:
        torch.save(state, file)
    keep(temporary, place / LAST)
    best = best_weights(place, state["stopper"]["best_epoch"])
    for other in {*place.glob("best-*")} - {best, checksum(best)}:
        other.unlink()


def kept_state(place: Path) -> dict[str, Any] | None:
    """What an earlier run kept to go on from; None if there is nothing.

    Raises:
        PartialResultError: if it is damaged, or the best weights are gone.
    """
    if not kept(place / LAST):
        return None
    state = dict(torch.load(place / LAST, map_location="cpu", weights_only=True))
    best = best_weights(place, state["stopper"]["best_epoch"])
    if not kept(best):
        raise PartialResultError(f"{RESUME}/{place.name}/{best.name} is gone")
    return state
