"""SASRec of RecTools, driven by compare.py in an environment of its own."""

import numpy as np
import pandas as pd
import torch
from channel import Channel, sequences
from pytorch_lightning import Callback, Trainer, seed_everything
from rectools import Columns
from rectools.dataset import Dataset
from rectools.metrics import NDCG, HitRate, calc_metrics
from rectools.models import SASRecModel
from rectools.models.nn.item_net import IdEmbeddingsItemNet

channel = Channel()
asked = channel.settings
torch.set_num_threads(asked["threads"])
seed_everything(asked["seed"])
users = sequences(asked["sequences"])


def frame(first: int | None, last: int | None) -> pd.DataFrame:
    """Interactions of each user's items [first:last], dated by their position."""
    rows = [
        (user, item, place)
        for user, items in users.items()
        for place, item in list(enumerate(items))[first:last]
    ]
    table = pd.DataFrame(rows, columns=[Columns.User, Columns.Item, Columns.Datetime])
    table[Columns.Datetime] = pd.to_datetime(table[Columns.Datetime], unit="D")
    table[Columns.Weight] = 1.0
    return table


train, known, wanted = (Dataset.construct(frame(None, -2)), Dataset.construct(frame(None, -1)),
                        frame(-1, None))  # fmt: skip


class Driven(Callback):
    """Waits for a command before each epoch."""

    def on_train_epoch_start(self, trainer: Trainer, module) -> None:
        """The clock runs from here to the end of the epoch's last step."""
        channel.wait(evaluate, vectors)
        module.train()

    def on_train_epoch_end(self, trainer: Trainer, module) -> None:
        """Tell the time."""
        channel.trained(trainer.num_training_batches)


def trainer() -> Trainer:
    return Trainer(
        max_epochs=10_000, accelerator="cpu", callbacks=[Driven()], logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip


model = SASRecModel(
    n_factors=asked["dim"], n_blocks=asked["layers"], n_heads=asked["heads"],
    session_max_len=asked["max_len"], dropout_rate=asked["dropout"], loss="softmax",
    lr=asked["lr"], batch_size=asked["batch_size"], item_net_block_types=(IdEmbeddingsItemNet,),
    get_trainer_func=trainer,
)  # fmt: skip


def evaluate() -> dict[str, float]:
    """Its own recommendation with seen items out, and its own metrics."""
    model.is_fitted = True  # it thinks so only after the last epoch
    found = model.recommend(np.array(list(users)), known, k=10, filter_viewed=True)
    metrics = {"ndcg@10": NDCG(k=10, divide_by_achievable=True), "hr@10": HitRate(k=10)}
    return calc_metrics(metrics, reco=found, interactions=wanted)


def vectors(path: str) -> None:
    """What an item's score is made of; items that training never saw have none."""
    prepared, module = model.data_preparator, model.lightning_model
    data = prepared.transform_dataset_u2i(known, np.array(list(users)))
    loader = prepared.get_dataloader_recommend(data, 256)
    states, table = module._get_user_item_embeddings(loader, "cpu")
    np.savez(
        path, users=data.user_id_map.external_ids.astype(int), states=states.numpy(),
        items=np.asarray(prepared.get_known_item_ids()).astype(int),
        table=table.numpy()[prepared.n_item_extra_tokens :],
    )  # fmt: skip


model.fit(train)
