"""Stage `cross_fit`: states of the training cases, each by an encoder that never saw its user."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from crs.console import Context
from crs.data.cases import cases_of
from crs.data.sequences import Sequences
from crs.errors import UserError
from crs.nn.encoder import Encoder
from crs.nn.sequential import encode, load_encoder
from crs.stages.pretrain import CrossFit
from crs.store.artifact import Artifact
from crs.training.loop import derive, fit
from pre_rec_model.iclrec import ICLRec


def folds_of(users: int, folds: int, seed: int) -> Tensor:
    """The fold of each user, of equal sizes up to one, drawn at random; row 0 is no user.

    Returns:
        [users + 1].
    """
    drawn = torch.Generator().manual_seed(derive(seed, "cross fit"))
    fold = torch.randperm(users, generator=drawn) % folds
    return torch.cat([torch.tensor([-1]), fold])


def rotation(table: Tensor, onto: Tensor) -> Tensor:
    """The orthogonal R that minimises ||table R - onto||_F (Schönemann, 1966): U Vᵀ of tableᵀ onto.

    Args:
        table: items of one encoder, [N, d].
        onto: the same items of another, [N, d].
    Returns:
        [d, d].
    """
    u, _, vh = torch.linalg.svd(table.T @ onto)
    return u @ vh


def run(
    settings: CrossFit, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `states.npy`: h of each training case, in the order of `cases_of`, [cases, d].

    The dot product of a state and an item does not change if both are rotated. So the states of a
    fold's encoder are rotated to where its items lie closest to those of the encoder of all users,
    whose items they are scored against.

    Raises:
        UserError: if the rows of the data set are no users.
    """
    sequences, cases = Sequences.of(inputs["dataset"]), cases_of(inputs, "train")
    if not cases.sequences.of_users:
        raise UserError("em.folds: the cases of this data set have no users to make folds of")
    whole = load_encoder(inputs["pretrain"])
    onto = whole.item_table.weight[1 : whole.items + 1]
    fold = folds_of(len(sequences.users), settings.folds, settings.pretrain.seed)
    states = np.zeros((len(cases), whole.dim), dtype=np.float32)
    summary: dict[str, Any] = {}
    for number in range(settings.folds):
        torch.manual_seed(derive(settings.pretrain.seed, "encoder"))
        encoder = Encoder(**inputs["pretrain"].load("encoder.json"))
        task = ICLRec(encoder, settings.pretrain, sequences, fold != number)
        found = fit(task, f"fold_{number}", settings.pretrain, folder, context)
        encoder.cpu().eval().requires_grad_(False)
        table = encoder.item_table.weight[1 : encoder.items + 1].float()
        turn = rotation(table, onto)
        held_out = (fold[cases.row] == number).nonzero()[:, 0]
        states[held_out.numpy()] = (encode(encoder, cases[held_out]) @ turn).numpy()
        away = (table @ turn - onto).norm() / onto.norm()
        summary |= {f"fold_{number}_{key}": value for key, value in found.items()}
        summary[f"fold_{number}_distance"] = round(float(away), 4)
    np.save(folder / "states.npy", states)
    return summary
