"""SASRec of RecBole, driven by compare.py in an environment of its own."""

from pathlib import Path

import numpy as np
import torch
from channel import Channel, sequences
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.trainer import Trainer
from recbole.utils import get_model, init_seed

channel = Channel()
asked = channel.settings
torch.set_num_threads(asked["threads"])
NAME = "sequences"
folder = Path.cwd() / NAME
folder.mkdir()
with (folder / f"{NAME}.inter").open("w") as file:
    file.write("user_id:token\titem_id:token\ttimestamp:float\n")
    for user, items in sequences(asked["sequences"]).items():
        file.writelines(f"{user}\t{item}\t{place}\n" for place, item in enumerate(items))
config = Config(model="SASRec", dataset=NAME, config_dict={
    "data_path": str(Path.cwd()), "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
    "n_layers": asked["layers"], "n_heads": asked["heads"], "hidden_size": asked["dim"],
    "inner_size": 4 * asked["dim"], "hidden_dropout_prob": asked["dropout"],
    "attn_dropout_prob": asked["dropout"], "MAX_ITEM_LIST_LENGTH": asked["max_len"],
    "loss_type": "CE", "train_neg_sample_args": None, "learning_rate": asked["lr"],
    "train_batch_size": asked["batch_size"], "metrics": ["Hit", "NDCG"], "topk": [10],
    "valid_metric": "NDCG@10", "use_gpu": False, "seed": asked["seed"], "state": "ERROR",
    "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user",
                  "mode": "full"},
})  # fmt: skip
init_seed(config["seed"], config["reproducibility"])
data = create_dataset(config)
train, valid, test = data_preparation(config, data)
model = get_model("SASRec")(config, train.dataset)
trainer = Trainer(config, model)
trainer.eval_collector.data_collect(train)


def evaluate() -> dict[str, float]:
    """Its own full ranking and metrics, in which seen items stay."""
    found = trainer.evaluate(test, load_best_model=False, show_progress=False)
    return {"ndcg@10": float(found["ndcg@10"]), "hr@10": float(found["hit@10"])}


@torch.no_grad()
def vectors(path: str) -> None:
    """What an item's score is made of."""
    model.eval()
    users, states = [], []
    for interaction, *_ in test:
        users.append(interaction["user_id"])
        states.append(model(interaction["item_id_list"], interaction["item_length"]))
    user_names, item_names = (data.field2id_token[field] for field in ("user_id", "item_id"))
    np.savez(
        path, users=user_names[torch.cat(users).numpy()].astype(int),
        states=torch.cat(states).numpy(), items=item_names[1:].astype(int),
        table=model.item_embedding.weight.numpy()[1:],
    )  # fmt: skip


for epoch in range(10_000):
    channel.wait(evaluate, vectors)
    trainer._train_epoch(train, epoch)
    channel.trained(len(train))
