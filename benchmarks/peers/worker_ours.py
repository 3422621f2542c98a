"""SASRec of this project, driven by compare.py: the stage `pretrain` itself, epoch by epoch."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from channel import Channel
from data import context, settings

from crs.data.cases import Cases
from crs.data.sequences import Sequences, leave_one_out
from crs.nn.sequential import encode
from crs.store.artifact import Artifact
from pre_rec_model import pretrain
from pre_rec_model.iclrec import ICLRec

channel = Channel()


class Driven(ICLRec):
    """Waits for a command before each epoch; its cases for validation are those of the test."""

    def start_epoch(self, epoch: int) -> None:
        """The clock runs from here to the end of the epoch's last step."""
        super().start_epoch(epoch)
        self.valid = Cases(self.sequences, *leave_one_out(self.sequences, "test"))
        channel.wait(self.evaluate, self.vectors)

    def validate_epoch(self) -> dict[str, float]:
        """Instead of validating, tell the time; called once before the first epoch, too."""
        if channel.began:
            channel.trained(-(-self.cases() // self.options.batch_size))
        return {"ndcg@10": 0.0}

    def evaluate(self) -> dict[str, float]:
        """States of all users, ranks in the whole catalogue with seen items out, HR and NDCG."""
        self.eval()
        figures = super().validate_epoch()
        self.train()
        return figures

    def vectors(self, path: str) -> None:
        """What an item's score is made of."""
        self.eval()
        items = np.arange(1, self.encoder.items + 1)
        table = self.encoder.item_table.weight.detach().numpy()[items]
        states = encode(self.encoder, self.valid).numpy()
        np.savez(path, users=self.valid.row.numpy(), states=states, items=items, table=table)
        self.train()


def main() -> None:
    asked = channel.settings
    options = replace(
        settings("model=sasrec", "dataset=custom").pretrain,  # it has no preset
        **{key: asked[key] for key in ("dim", "layers", "heads", "max_len", "lr", "seed")},
        dropout=asked["dropout"], attention_dropout=asked["dropout"],
        batch_size=asked["batch_size"], epochs=10_000, patience=10_000,
    )  # fmt: skip
    pretrain.ICLRec = Driven  # type: ignore[misc]
    inputs = {"dataset": Artifact(Path(asked["artifact"]))}
    assert Sequences.of(inputs["dataset"]).n_items == asked["items"]
    with tempfile.TemporaryDirectory() as folder:
        pretrain.run(options, inputs, Path(folder), context(asked["threads"]))


if __name__ == "__main__":
    main()
