"""C2-CRS' pre-training and fine-tuning over contexts that are tensors."""

import torch
import torch.nn.functional as F
from torch import Tensor

from crs.data.cases import ROW, Cases
from crs.data.contexts import PAD, Contexts
from crs.evaluation.metrics import means
from crs.evaluation.ranking import ranks
from crs.models.c2crs import recipe
from crs.models.c2crs.blocks import place_of
from crs.models.c2crs.losses import coarse_loss, fine_loss, released_fine_loss
from crs.models.c2crs.networks import C2CRS, Batch
from crs.training.devices import first_of_each, whole_batch
from crs.training.loop import TrainingTask

PAIRS = (("graph", "context"), ("graph", "review"), ("context", "review"))


class Warmup(TrainingTask):
    """Contrastive pre-training: the coarse loss, or both (docs/c2crs.md, eq. 3 and 4).

    Args:
        rows, valid: contexts to train and to validate on, each once.
        fine: whether the fine loss takes part.
    """

    monitor = "agreement"

    def __init__(
        self,
        model: C2CRS,
        contexts: Contexts,
        rows: Tensor,
        valid: Tensor,
        options: recipe.C2CRS,
        fine: bool,
    ) -> None:
        super().__init__()
        self.model, self.contexts, self.options, self.fine = model, contexts, options, fine
        self.rows, self.valid = rows, valid
        self.keep = "last" if options.schedule == "fixed" else "best"

    def cases(self) -> int:
        """Training contexts."""
        return len(self.rows)

    def draw(self, rows: Tensor) -> Batch:
        """Some contexts as the losses take them."""
        return Batch.of(self.contexts, rows, self.device)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The loss of a batch of contexts and its parts."""
        model, options = self.model, self.options
        row, at, own = batch.mentions.unbind(1)
        entity, reader = self.gathered(own, whole_batch(row))
        nodes, place = entity.unique(return_inverse=True)
        first = torch.full_like(nodes, self.cases()).scatter_reduce(0, place, reader, "amin")
        # Entities that this batch reads, and where they are among them: padding is the first.
        known = torch.cat([nodes.new_tensor([PAD]), nodes, batch.entities.flatten()]).unique()
        seen, named = (torch.searchsorted(known, x) for x in (batch.entities.contiguous(), nodes))
        h, heads = model.graph(known), model.user_heads
        e_g = heads["graph"](model.graph_view(h, seen))
        views: list[tuple[Tensor, ...]] = [(e_g, seen[:, 0] != PAD)]
        units: dict[str, tuple[Tensor, ...]] = {"graph": (h[named], nodes, first)}
        if "context" not in options.without:
            states, packed = model.read(batch.tokens)
            e_c = heads["context"](model.context_view(states, packed))
            views.append((e_c, torch.ones_like(views[0][1])))
            words = states[place_of(packed, row * batch.tokens.shape[1] + at)]
            units["context"] = (*self.gathered(words), entity, reader)
        if self.contexts.has_reviews and "review" not in options.without:
            sentences = model.read_reviews(batch.review_tokens)
            e_r = heads["review"](model.review_view(sentences, batch.reviews))
            views.append((e_r, batch.reviews[:, 0] != 0))
            about, row, number = batch.review_about[1:].unbind(1)
            told = self.gathered(sentences[1:], about, whole_batch(row), number)
            units["review"] = first_of_each(told[3], told[2], *told[:3])
        coarse, pairs = coarse_loss([self.gathered(*view) for view in views], options.temperature)
        out = {"loss": coarse, "loss_coarse": coarse, "pairs": coarse.new_tensor(float(pairs))}
        if self.fine:
            fine, negatives = self.fine_part(units)
            loss = (options.coarse_weight * coarse + options.fine_weight * fine) / 2
            out |= {"loss": loss, "loss_fine": fine, "negatives": negatives}
        return out

    def fine_part(self, units: dict[str, tuple[Tensor, ...]]) -> tuple[Tensor, Tensor]:
        """The fine loss and its negatives an anchor, means over the pairs of views.

        Args:
            units: states [n, …] of each view, the entity and the row of each, [n].
        """
        losses, negatives = [], []
        heads, temperature = self.model.unit_heads, self.options.temperature
        ready = {name: (heads[name](unit[0]), *unit[1:]) for name, unit in units.items()}
        for one, two in PAIRS:
            if one not in ready or two not in ready:
                continue
            z, entity, row = (torch.cat(both) for both in zip(ready[one], ready[two], strict=True))
            if self.options.gate == "mask":
                loss, count = fine_loss(z, entity, temperature)
            else:
                loss, count = released_fine_loss(z, entity, row, temperature)
            losses.append(loss)
            negatives.append(count)
        return torch.stack(losses).mean(), torch.stack(negatives).mean()

    def optimiser(self) -> torch.optim.Optimizer:
        """AdamW in one pass over weights, gradients and averages: the graph has most of them."""
        return torch.optim.AdamW(
            self.parameters(),
            lr=self.settings.lr,
            weight_decay=self.settings.weight_decay,
            fused=True,
        )

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """Loss of a batch of numbers of contexts, [B]."""
        found = self.losses(self.draw(self.rows[batch.cpu()]))
        for name, value in found.items():
            self.record(name, value)
        return found["loss"]

    @torch.no_grad()
    def validate_epoch(self) -> dict[str, float]:
        """The losses on validation; `agreement` is the loss with its sign turned."""
        batches = self.valid.split(self.settings.batch_size)
        parts = [self.losses(self.draw(rows)) for rows in batches]
        means = {
            f"valid_{name}": torch.stack([part[name] for part in parts]).mean().item()
            for name in parts[0]
        }
        return {**means, "agreement": -means["valid_loss"]}


def rows_of(cases: Cases) -> Tensor:
    """The contexts of some cases, each once, [n]."""
    return cases.dialogue[ROW].unique()


def thinned(entities: Tensor, share: float) -> Tensor:
    """Left-aligned entities with a share of them left out at random, never all of a row's."""
    kept = torch.where(torch.rand(entities.shape, device=entities.device) < share, PAD, entities)
    kept = torch.where((kept != PAD).any(1, keepdim=True), kept, entities)
    order = (kept == PAD).to(torch.uint8).argsort(dim=1, stable=True)
    return kept.gather(1, order)


class Recommend(TrainingTask):
    """Fine-tuning: cross-entropy of the target among all entities, or among the items (eq. 6).

    Args:
        train, valid: cases with the rows of their contexts.
        seen_out: validation leaves the history out of the ranking.
    """

    def __init__(
        self,
        model: C2CRS,
        contexts: Contexts,
        train: Cases,
        valid: Cases,
        options: recipe.C2CRS,
        seen_out: bool,
    ) -> None:
        super().__init__()
        self.model, self.contexts, self.options = model, contexts, options
        self.rows, self.target = train.dialogue[ROW], train.target
        self.valid, self.seen_out = valid, seen_out
        self.classes = model.items if options.softmax == "items" else len(model.bias) - 1

    def cases(self) -> int:
        """Training cases."""
        return len(self.target)

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """-log softmax_i( q . h_i + bias_i )[target]."""
        index, last = batch.cpu(), self.classes + 1
        h, contexts = self.model.graph(), Batch.of(self.contexts, self.rows[index], self.device)
        if self.options.entity_dropout:
            contexts.entities = thinned(contexts.entities, self.options.entity_dropout)
        q = F.dropout(self.model.query(h, contexts), self.options.query_dropout)
        scores = q @ h[1:last].T + self.model.bias[1:last]
        loss = F.cross_entropy(scores, self.target[index].to(self.device) - 1)
        loss = self.overall(loss, len(index))
        self.record("loss", loss)
        return loss

    @torch.no_grad()
    def validate_epoch(self) -> dict[str, float]:
        """Metrics at 10 over the items."""
        cases, n = self.valid, self.model.items
        h = self.model.graph()
        queries = queries_of(self.model, self.contexts, h, cases.dialogue[ROW], self.device)
        found = ranks(
            queries,
            (h[: n + 1].cpu(), self.model.bias[: n + 1].cpu()),
            cases.target,
            cases.excluded if self.seen_out else None,
            n_items=n,
        )
        return means(found.numpy())


CHUNK = 512


def queries_of(
    model: C2CRS, contexts: Contexts, h: Tensor, rows: Tensor, device: torch.device
) -> Tensor:
    """Queries of contexts, in chunks, each different row once, [n, d] on the CPU."""
    own, place = rows.unique(return_inverse=True)
    parts = [model.query(h, Batch.of(contexts, part, device)).cpu() for part in own.split(CHUNK)]
    return torch.cat(parts)[place] if len(own) else torch.empty(0, h.shape[1])
