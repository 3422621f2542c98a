"""SASRec of RePlay, driven by compare.py in an environment of its own."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from channel import Channel, sequences
from lightning import Callback, LightningModule, Trainer, seed_everything
from replay.data import FeatureHint, FeatureType
from replay.data.nn import ParquetModule, TensorFeatureInfo, TensorSchema
from replay.nn.lightning import LightningModule as Trained
from replay.nn.lightning.callback import ComputeMetricsCallback
from replay.nn.lightning.optimizer import OptimizerFactory
from replay.nn.lightning.postprocessor import SeenItemsFilter
from replay.nn.sequential import SasRec
from replay.nn.transform.template import make_default_sasrec_transforms

channel = Channel()
asked = channel.settings
torch.set_num_threads(asked["threads"])
seed_everything(asked["seed"])
n_items = asked["items"]
users = sequences(asked["sequences"])
# It counts items from 0 and puts padding behind the last.
rows = {user: [item - 1 for item in items] for user, items in users.items()}
schema = TensorSchema([TensorFeatureInfo(
    "item_id", FeatureType.CATEGORICAL, is_seq=True, feature_hint=FeatureHint.ITEM_ID,
    cardinality=n_items, padding_value=n_items, embedding_dim=asked["dim"],
)])  # fmt: skip


def module(part: str, table: pd.DataFrame, columns: dict[str, dict[str, int]]) -> ParquetModule:
    """Its reader of a Parquet file for training or for test."""
    path = Path.cwd() / f"{part}.parquet"
    table.to_parquet(path)
    return ParquetModule(
        asked["batch_size"], {part: columns}, make_default_sasrec_transforms(schema),
        **{f"{part}_path": str(path)},
    )  # fmt: skip


def training() -> ParquetModule:
    """Users' items before the last two; one place more than positions, for the last target."""
    table = pd.DataFrame({"item_id": [items[:-2] for items in rows.values()]})
    columns = {"item_id": {"shape": asked["max_len"] + 1, "padding": n_items}}
    return module("train", table, columns)


def test() -> ParquetModule:
    """Users' items before the last, with all of them once more as seen, and the last as target."""
    known = [items[:-1] for items in rows.values()]
    table = pd.DataFrame({
        "user_id": list(rows), "item_id": known, "seen_ids": known,
        "ground_truth": [items[-1:] for items in rows.values()],
    })  # fmt: skip
    columns = {
        "user_id": {}, "item_id": {"shape": asked["max_len"], "padding": n_items},
        "seen_ids": {"shape": max(map(len, known)), "padding": -1},
        "ground_truth": {"shape": 1, "padding": -1},
    }  # fmt: skip
    return module("test", table, columns)


class Driven(Callback):
    """Waits for a command before each epoch."""

    def on_train_epoch_start(self, trainer: Trainer, module: LightningModule) -> None:
        """The clock runs from here to the end of the epoch's last step."""
        channel.wait(evaluate, vectors)
        module.train()

    def on_train_epoch_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Tell the time."""
        channel.trained(trainer.num_training_batches)


def trainer(callback: Callback) -> Trainer:
    return Trainer(
        max_epochs=10_000, accelerator="cpu", callbacks=[callback], logger=False,
        limit_val_batches=0,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip


model = SasRec.from_params(
    schema, embedding_dim=asked["dim"], num_heads=asked["heads"], num_blocks=asked["layers"],
    max_sequence_length=asked["max_len"], dropout=asked["dropout"], hidden_dim=4 * asked["dim"],
)  # fmt: skip
known = test()


def evaluate() -> dict[str, float]:
    """Its own test with seen items out, and its own metrics."""
    metrics = ComputeMetricsCallback(
        ["ndcg", "recall"], [10], [SeenItemsFilter(n_items)], verbose=False
    )
    # A module of its own around the same weights: that of the training has its trainer already.
    found = trainer(metrics).test(Trained(model), datamodule=known, verbose=False)[0]
    return {"ndcg@10": found["ndcg@10"], "hr@10": found["recall@10"]}


@torch.no_grad()
def vectors(path: str) -> None:
    """What an item's score is made of."""
    model.eval()
    known.setup("test")
    names, states = [], []
    for batch in map(known.compiled_transforms["test"], known.test_dataloader()):
        names.append(batch["user_id"])
        states.append(model.body(batch["feature_tensors"], batch["padding_mask"])[:, -1])
    np.savez(
        path, users=torch.cat(names).numpy(), states=torch.cat(states).numpy(),
        items=np.arange(1, n_items + 1), table=model.body.embedder.get_item_weights().numpy(),
    )  # fmt: skip


optimiser = OptimizerFactory(learning_rate=asked["lr"])
trainer(Driven()).fit(Trained(model, optimiser), datamodule=training())
