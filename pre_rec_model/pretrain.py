"""Stage `pretrain`: train the sequence encoder, or take it from a checkpoint."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from crs.console import Context
from crs.data.cases import Cases
from crs.data.sequences import Sequences, leave_one_out
from crs.errors import UserError
from crs.nn.encoder import Encoder
from crs.nn.sequential import encode
from crs.stages.pretrain import Pretrain
from crs.store.artifact import Artifact, write_json
from crs.training.loop import derive, fit, save_weights
from pre_rec_model import checkpoint
from pre_rec_model.iclrec import ICLRec


def block_of(settings: Pretrain) -> dict[str, Any]:
    """The kind of the encoder's layers, where they are not a Transformer's.

    The filter of BSARec reads later items of a row only where training has none of them as targets.
    """
    if settings.block == "bsarec":
        filtered = {"alpha": settings.alpha, "cutoff": settings.cutoff}
        return {"block": "bsarec", **filtered, "ahead": settings.cases == "prefix"}
    return {} if settings.block == "transformer" else {"block": settings.block}


def run(
    settings: Pretrain, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `encoder.safetensors`, `encoder.json` (its shape), `users.npy` and `states.npy`.

    `states.npy` [users, d] is the newest state of each user's training input under the final
    weights: what LatentCRS compares with intents, and therefore what `intents` clusters.
    """
    sequences = Sequences.of(inputs["dataset"])
    if settings.checkpoint is not None:
        encoder, shape = checkpoint.load(
            Path(settings.checkpoint).expanduser(),
            inputs["dataset"],
            settings.heads,
            settings.norm,
            **block_of(settings),
        )
        summary: dict[str, Any] = {"checkpoint": Path(settings.checkpoint).name}
    else:
        shape = {
            "items": sequences.n_items,
            "dim": settings.dim,
            "layers": settings.layers,
            "heads": settings.heads,
            "max_len": settings.max_len,
            "dropout": settings.dropout,
            "attention_dropout": settings.attention_dropout,
            "norm": settings.norm,
            **block_of(settings),
        }
        torch.manual_seed(derive(settings.seed, "encoder"))
        module = ICLRec(Encoder(**shape), settings, sequences)
        if module.cases() == 0:
            longest = int(sequences.lengths(sequences.users).max())
            raise UserError(
                f"dataset: all users are too short to train on ({4 + settings.holdout} items "
                f"needed, the longest has {longest}); "
                + ("lower pretrain.holdout" if settings.holdout else "use a larger dataset")
            )
        summary = fit(module, "pretrain", settings, folder, context)
        encoder = module.encoder
        context.note(
            f"validation NDCG@10 {summary['best']:.4f} at epoch {summary['best_epoch'] + 1} of "
            f"{summary['epochs']}"
        )
    encoder.eval()
    save_weights(encoder, folder / "encoder.safetensors")
    write_json(folder / "encoder.json", shape)
    user, cut = leave_one_out(sequences, "train")
    np.save(folder / "users.npy", user.numpy())
    np.save(folder / "states.npy", encode(encoder, Cases(sequences, user, cut)).numpy())
    return summary
