"""C2-CRS' pre-training and fine-tuning as Lightning modules over contexts that are tensors."""

import torch
import torch.nn.functional as F
from torch import Tensor

from crs import config
from crs.cases import ROW, Cases
from crs.data.contexts import PAD, Contexts
from crs.fit import Trained
from crs.metrics import per_case
from crs.models.c2crs.losses import coarse_loss, fine_loss, released_fine_loss
from crs.models.c2crs.networks import C2CRS, Batch
from crs.ranking import ranks

PAIRS = (("graph", "context"), ("graph", "review"), ("context", "review"))


class Warmup(Trained):
    """Contrastive pre-training: the coarse loss, or both (docs/c2crs.md, eq. 3 and 4).

    Args:
        rows, valid: contexts to train and to validate on, each once.
        fine: whether the fine loss takes part.
    """

    monitor = "agreement"

    def __init__(
        self, model: C2CRS, contexts: Contexts, rows: Tensor, valid: Tensor, options: config.C2CRS,
        fine: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.model, self.contexts, self.options, self.fine = model, contexts, options, fine
        self.rows, self.valid = rows, valid
        self.keep = "last" if options.schedule == "fixed" else "best"

    def cases(self) -> int:
        """Training contexts."""
        return len(self.rows)

    def losses(self, rows: Tensor) -> dict[str, Tensor]:
        """The loss of a batch of contexts and its parts."""
        model, options = self.model, self.options
        batch = Batch.of(self.contexts, rows, self.device)
        h, reading = model.graph(), "context" not in options.without
        reviewing = self.contexts.has_reviews and "review" not in options.without
        heads = model.user_heads
        views = [(
            heads["graph"](model.graph_view(h, batch.entities)), batch.entities[:, 0] != PAD,
        )]  # fmt: skip
        states = sentences = None
        if reading:
            states = model.read(batch.tokens)
            e_c = heads["context"](model.context_view(states, batch.tokens))
            views.append((e_c, torch.ones_like(views[0][1])))
        if reviewing:
            sentences = model.read_reviews(batch.review_tokens)
            e_r = heads["review"](model.review_view(sentences, batch.reviews))
            views.append((e_r, batch.reviews[:, 0] != 0))
        coarse, pairs = coarse_loss(views, options.temperature)
        out = {"loss": coarse, "loss_coarse": coarse, "pairs": coarse.new_tensor(float(pairs))}
        if self.fine:
            fine, negatives = self.fine_part(rows, batch, h, states, sentences)
            loss = (options.coarse_weight * coarse + options.fine_weight * fine) / 2
            out |= {"loss": loss, "loss_fine": fine, "negatives": negatives}
        return out

    def fine_part(
        self, rows: Tensor, batch: Batch, h: Tensor, states: Tensor | None, sentences: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """The fine loss, a mean over the pairs of views: entity states, word states where an entity
        is mentioned, review states."""
        found, place = self.contexts.mentions[rows]
        found, place = found.to(self.device), place.to(self.device)
        at, entity = found.unbind(1)
        nodes, first = entity.unique(return_inverse=True)
        owner = torch.full_like(nodes, len(rows)).scatter_reduce(0, first, place, "amin")
        units = {"graph": (h[nodes], nodes, owner)}
        if states is not None:
            units["context"] = (states[place, at], entity, place)
        if sentences is not None:
            reader = self.first_reader(batch)
            units["review"] = (sentences[1:], batch.review_entity[1:], reader)
        losses, negatives = [], []
        heads, temperature = self.model.unit_heads, self.options.temperature
        projected = {name: heads[name](unit) for name, (unit, _, _) in units.items()}
        for one, two in PAIRS:
            if one not in units or two not in units:
                continue
            z, entities, owners = (
                torch.cat(both) for both in zip(
                    (projected[one], *units[one][1:]), (projected[two], *units[two][1:]),
                    strict=True)
            )  # fmt: skip
            if self.options.gate == "mask":
                loss, count = fine_loss(z, entities, temperature)
            else:
                loss, count = released_fine_loss(z, entities, owners, temperature)
            losses.append(loss)
            negatives.append(count)
        return torch.stack(losses).mean(), torch.stack(negatives).mean()

    @staticmethod
    def first_reader(batch: Batch) -> Tensor:
        """The first row of the batch that has each review, [M]."""
        count = len(batch.review_tokens)
        row = torch.arange(len(batch.reviews), device=batch.reviews.device)[:, None]
        first = row.new_full((count,), len(row))
        first.scatter_reduce_(0, batch.reviews.flatten(), row.expand_as(batch.reviews).flatten(),
                              "amin")  # fmt: skip
        return first[1:]

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """Loss of a batch of numbers of contexts, [B]."""
        found = self.losses(self.rows[batch.cpu()])
        for name, value in found.items():
            self.record(name, value)
        return found["loss"]

    @torch.no_grad()
    def validate_epoch(self) -> dict[str, float]:
        """The losses on validation; `agreement` is the loss with its sign turned."""
        parts = [self.losses(rows) for rows in self.valid.split(self.settings.batch_size)]
        means = {f"valid_{name}": torch.stack([part[name] for part in parts]).mean().item()
                 for name in parts[0]}  # fmt: skip
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


class Recommend(Trained):
    """Fine-tuning: cross-entropy of the target among all entities, or among the items (eq. 6).

    Args:
        train, valid: cases with the rows of their contexts.
        seen_out: validation leaves the history out of the ranking.
    """

    def __init__(
        self, model: C2CRS, contexts: Contexts, train: Cases, valid: Cases, options: config.C2CRS,
        seen_out: bool,
    ) -> None:  # fmt: skip
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
        if self.options.forget:
            contexts.entities = thinned(contexts.entities, self.options.forget)
        q = self.model.query(h, contexts)
        scores = q @ h[1:last].T + self.model.bias[1:last]
        loss = F.cross_entropy(scores, self.target[index].to(self.device) - 1)
        self.record("loss", loss)
        return loss

    @torch.no_grad()
    def validate_epoch(self) -> dict[str, float]:
        """HR, NDCG and MRR at 10 over the items."""
        cases, n = self.valid, self.model.items
        h = self.model.graph()
        queries = queries_of(self.model, self.contexts, h, cases.dialogue[ROW], self.device)
        found = ranks(
            queries, (h[: n + 1].cpu(), self.model.bias[: n + 1].cpu()), cases.target,
            cases.seen if self.seen_out else None, n_items=n,
        )  # fmt: skip
        return {f"{m}@{k}": float(v.mean()) for (m, k), v in per_case(found.numpy(), [10]).items()}


CHUNK = 512


def queries_of(
    model: C2CRS, contexts: Contexts, h: Tensor, rows: Tensor, device: torch.device
) -> Tensor:
    """Queries of contexts, in chunks, each different row once, [n, d] on the CPU."""
    own, place = rows.unique(return_inverse=True)
    parts = [model.query(h, Batch.of(contexts, part, device)).cpu() for part in own.split(CHUNK)]
    return torch.cat(parts)[place] if len(own) else torch.empty(0, h.shape[1])
