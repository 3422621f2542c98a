"""ICLRec as it is trained: next-item loss, instance and intent contrast (docs/iclrec.md)."""

from typing import Any

import torch
from torch import Tensor

from crs.data.cases import Cases
from crs.data.sequences import Sequences, leave_one_out
from crs.evaluation.metrics import means
from crs.evaluation.ranking import ranks
from crs.nn.encoder import Encoder
from crs.nn.item_rows import ItemRows
from crs.nn.losses import bce, linear_cross_entropy, mixed_softmax, sampled_softmax
from crs.nn.sequential import encode
from crs.stages.pretrain import Pretrain
from crs.training.devices import once
from crs.training.loop import TrainingTask, derive
from crs.training.rowwise import RowwiseAdam, rows_once
from crs.training.sharded import ShardedAdam, ShardedTable, whole
from pre_rec_model import augment, kmeans
from pre_rec_model.contrast import nce


def prefixes(user: Tensor, cut: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """The cuts of each row's last `most` targets, [n] -> user and cut of each prefix, [m]."""
    count = cut.clamp_max(most)
    row = torch.repeat_interleave(torch.arange(len(cut)), count)
    back = torch.arange(len(row)) - (count.cumsum(0) - count)[row]
    return user[row], cut[row] - back


class ICLRec(TrainingTask):
    """L = L_next + sum over pairs of views of (w_cl L_instance + w_icl L_intent).

    Without contrastive terms (`contrast=none`) it is SASRec.

    Args:
        among: the users that training and validation see, a mask [users + 1]; None: all.
    """

    def __init__(
        self,
        encoder: Encoder,
        settings: Pretrain,
        sequences: Sequences,
        among: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.encoder, self.options, self.sequences = encoder, settings, sequences
        # The newest training input; its target, one further, is the last that training sees.
        user, cut = leave_one_out(sequences, "train")
        kept = cut > settings.holdout
        if among is not None:
            kept &= among[user]
        self.user, self.cut = user[kept], cut[kept] - settings.holdout
        if settings.cases == "prefix":
            self.user, self.cut = prefixes(self.user, self.cut, settings.max_len)
        if settings.table != "dense":
            encoder.item_table.sparse = True
            encoder.item_table.to(getattr(torch, settings.table_precision))
        if settings.table == "sharded":
            encoder.item_table = ShardedTable.of(encoder.item_table)
        self.share = self.target_shares() if settings.sampler == "mixed" else torch.empty(0)
        self.centres = torch.empty(0)
        self.cluster = torch.empty(0, dtype=torch.long)
        user, cut = leave_one_out(sequences, "valid")
        kept = torch.ones_like(user, dtype=torch.bool) if among is None else among[user]
        self.valid = Cases(sequences, user[kept], cut[kept])

    @property
    def device(self) -> torch.device:
        """Where its weights are but for the item table, which may be elsewhere (`whole`)."""
        return self.encoder.positions.weight.device

    def cases(self) -> int:
        """Training inputs: one a user, or one a prefix."""
        return len(self.user)

    def target_shares(self) -> Tensor:
        """The share of each item in the targets of an epoch, [items]."""
        count = torch.zeros(self.encoder.items + 1, dtype=torch.long)
        for index in torch.arange(self.cases()).split(512):
            ids, targets, newest = self.tensors(index)
            trained = newest if self.options.cases == "prefix" else targets[ids > 0]
            count.index_add_(0, trained, torch.ones_like(trained))
        return count[1:] / count.sum()

    def user_states(self) -> Tensor:
        """Mean state of each training input, in evaluation mode, [cases, d]."""
        pooled = []
        with torch.no_grad():
            for part in Cases(self.sequences, self.user, self.cut).chunks(512):
                ids = part.history(self.options.max_len).to(self.device)
                states, packed = self.encoder(ids)
                pooled.append(packed.mean(states))
        return torch.cat(pooled)

    def start_epoch(self, epoch: int) -> None:
        """Refit the clusters of the intent term (spherical: directions are compared)."""
        self.share = self.share.to(self.device)
        if self.options.contrast not in ("intent", "hybrid"):
            return
        if epoch % self.options.refit == 0 or len(self.centres) == 0:
            with whole(self):
                self.centres, self.cluster = once(lambda: self.clusters(epoch))
        # A resumed run took them up before it knew its device.
        self.centres, self.cluster = self.centres.to(self.device), self.cluster.to(self.device)

    def clusters(self, epoch: int) -> tuple[Tensor, Tensor]:
        """Centres [k, d] of the users' states, and the cluster of each training input, [cases]."""
        self.encoder.eval()
        fitted = kmeans.fit(
            self.user_states().cpu().numpy(),
            self.options.k,
            seed=derive(self.options.seed, "kmeans", epoch),
            spherical=True,
            restarts=1,
            iterations=20,
            gpu=self.options.gpu,
            key="pretrain.k",
        )
        self.encoder.train()
        return torch.from_numpy(fitted.centres), torch.from_numpy(fitted.assignment)

    def more_state(self) -> dict[str, Any]:
        """The clusters: between two fits they belong to the state of training."""
        return {"centres": self.centres.cpu(), "cluster": self.cluster.cpu()}

    def take_state(self, state: dict[str, Any]) -> None:
        """Take the clusters up again."""
        self.centres, self.cluster = state["centres"], state["cluster"]

    def next_item_loss(self, ids: Tensor, targets: Tensor) -> Tensor:
        """Mean loss over the real positions of a batch, or over the newest of each row (`prefix`);
        ids and targets [B, T]."""
        states, packed = self.encoder(ids)
        target = targets.flatten()[packed.index] - 1
        if self.options.cases == "prefix":
            states, target = states[packed.last], target[packed.last]
        if self.options.loss == "cross_entropy":
            loss = linear_cross_entropy(states, self.whole_table(), target)
        else:
            loss = self.sampled_loss(states, target)
        return self.overall(loss, len(target))

    def whole_table(self) -> Tensor:
        """Without padding and mask row, [items, d]."""
        return self.encoder.item_table.weight[1 : self.encoder.items + 1]

    def sampled_loss(self, states: Tensor, target: Tensor) -> Tensor:
        """A loss that reads some rows of the item table; states [n, d], target [n]."""
        dense = self.options.table == "dense"
        table = (
            self.whole_table() if dense else ItemRows(self.encoder.item_table, self.encoder.items)
        )
        if self.options.loss == "bce":
            return bce(states, table, target)
        if self.options.sampler == "mixed":
            (in_batch,) = self.gathered(target)
            drawn = self.options.negatives
            return mixed_softmax(states, table, target, drawn, self.share, in_batch)
        return sampled_softmax(states, table, target, self.options.negatives)

    def optimiser(self) -> torch.optim.Optimizer:
        """AdamW, and for a table that is trained by rows its own steps."""
        if self.options.table == "dense":
            return super().optimiser()
        table = self.encoder.item_table.weight
        others = [p for p in self.parameters() if p.requires_grad and p is not table]
        if self.options.table == "sharded":
            return ShardedAdam(table, others, self.options.lr)
        table.register_hook(rows_once)
        return RowwiseAdam(table, others, self.options.lr)

    def tensors(self, batch: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the encoder reads and its targets, both [B, T], and each row's last target, [B]."""
        index = batch.cpu()
        user, cut = self.user[index], self.cut[index]
        ids = self.sequences.windows(user, cut, self.options.max_len)
        targets = self.sequences.windows(user, cut + 1, ids.shape[1])
        newest = self.sequences.at(user, cut)
        return ids.to(self.device), targets.to(self.device), newest.to(self.device)

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """Loss of a batch of case numbers, [B]."""
        ids, targets, newest = self.tensors(batch)
        loss = self.next_item_loss(ids, targets)
        self.record("loss_next", loss)
        if self.options.contrast != "none":
            for _ in range(self.options.views):
                loss = loss + self.contrastive_loss(self.pair_of_views(ids), newest, batch)
        return loss

    def pair_of_views(self, ids: Tensor) -> Tensor:
        """Two fresh views of each row, all first ones before all second ones, [2B, T]."""
        shares = (self.options.crop, self.options.mask, self.options.reorder)
        return torch.cat([augment.view(ids, *shares), augment.view(ids, *shares)])

    def contrastive_loss(self, views: Tensor, newest: Tensor, batch: Tensor) -> Tensor:
        """w_cl L_instance + w_icl L_intent of one pair of views.

        Args:
            views: [2B, T]; both in one pass: twice the rows, half the calls.
            newest: the last training target; rows that share it are no negatives, [B].
            batch: case numbers, [B].
        """
        options = self.options
        states, packed = self.encoder(views)
        one, two = packed.mean(states).chunk(2)
        one, two, newest, batch = self.gathered(one, two, newest, batch)
        loss = one.new_zeros(())
        if options.contrast in ("instance", "hybrid"):
            instance = nce(one, two, newest, options.temperature)
            self.record("loss_instance", instance)
            loss = loss + options.instance_weight * instance
        if options.contrast in ("intent", "hybrid"):
            cluster = self.cluster[batch]
            centre = self.centres[cluster]
            intent = (
                nce(one, centre, cluster, options.temperature)
                + nce(two, centre, cluster, options.temperature)
            ) / 2
            self.record("loss_intent", intent)
            loss = loss + options.intent_weight * intent
        return loss

    def validate_epoch(self) -> dict[str, float]:
        """Metrics at 10 of the validation items over the whole catalogue, seen items out."""
        table = self.encoder.item_table.weight.detach().cpu()
        found = ranks(
            encode(self.encoder, self.valid),
            (table, None),
            self.valid.target,
            self.valid.excluded,
            n_items=self.encoder.items,
        ).numpy()
        return means(found)
