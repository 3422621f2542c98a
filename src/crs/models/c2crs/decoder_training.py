"""Training of C2-CRS' decoder over frozen context and graph states that are computed once."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from crs.data.contexts import PAD, Contexts, Ragged, trimmed
from crs.models.c2crs.blocks import pooled
from crs.models.c2crs.decoder import Decoder, Source, shifted
from crs.models.c2crs.losses import frequency_weight, weighted_cross_entropy
from crs.models.c2crs.networks import C2CRS, Batch
from crs.models.c2crs.recipe import Converse as Settings
from crs.store.artifact import UNFINISHED, keep, kept
from crs.training.loop import TrainingTask

CHUNK = 256


@torch.no_grad()
def read_all(model: C2CRS, contexts: Contexts, place: Path, device: torch.device) -> Ragged:
    """F of every context, real positions only, as float16 on disk; kept for a resumed stage."""
    lengths = (contexts.tokens != PAD).sum(1)
    offsets = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)])
    if not kept(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        shape = (int(offsets[-1]), model.words.embedding_dim)
        unfinished = place.with_suffix(UNFINISHED)
        out = np.lib.format.open_memmap(unfinished, "w+", np.float16, shape)
        model.to(device)
        # Rows of similar length together waste little on padding.
        for rows in lengths.argsort().split(CHUNK):
            tokens = trimmed(contexts.tokens[rows])
            states, packed = model.read(tokens.to(device))
            at = offsets[rows[packed.row.cpu()]] + packed.index.cpu() % tokens.shape[1]
            out[at.numpy()] = states.half().cpu().numpy()
        out.flush()
        keep(unfinished, place)
    return Ragged(torch.from_numpy(np.load(place, mmap_mode="c")), offsets)


class Converse(TrainingTask):
    """Fine-tuning of the decoder, and of the review encoder that it reads with.

    Graph and context encoder are frozen: their states come ready made. `settings.dropout=false`
    trains without dropout, as the released code does.

    Args:
        model: the trained encoders.
        h: H, [E + 1, d].
        states: F of every context.
        rows, valid: contexts with a response, to train and to validate on.
    """

    monitor = "log_likelihood"

    def __init__(
        self,
        decoder: Decoder,
        model: C2CRS,
        contexts: Contexts,
        h: Tensor,
        states: Ragged,
        rows: Tensor,
        valid: Tensor,
        settings: Settings,
    ) -> None:
        super().__init__()
        self.decoder, self.contexts, self.states = decoder, contexts, states
        self.rows, self.valid, self.options = rows, valid, settings
        # What is frozen is no part of this module's weights.
        self.frozen = [model, h]
        self.keep = "last" if settings.schedule == "fixed" else "best"
        self.reading = contexts.has_reviews
        if self.reading:
            self.review, self.pool = model.review, model.pool["words"]
            self.review.requires_grad_(True)
            self.pool.requires_grad_(True)
        weight = frequency_weight(
            contexts.frequency.float(), settings.threshold, settings.min_token_weight
        )
        self.weight: Tensor
        self.register_buffer("weight", weight, persistent=False)

    def cases(self) -> int:
        """Training responses."""
        return len(self.rows)

    def given(self, rows: Tensor) -> dict[str, Source]:
        """The sources of some contexts."""
        model, h = self.frozen
        assert isinstance(model, C2CRS) and isinstance(h, Tensor)
        values, place = self.states[rows]
        count = torch.bincount(place, minlength=len(rows))
        first = count.cumsum(0) - count
        at = torch.arange(len(place)) - first[place]
        read = torch.zeros(len(rows), int(count.max()), values.shape[1])
        read[place, at] = values.float()
        mask = torch.arange(read.shape[1]) < count[:, None]
        entities = trimmed(self.contexts.entities[rows])
        out = {
            "context": Source(read.to(self.device), mask.to(self.device)),
            "graph": Source(h[entities].to(self.device), (entities != PAD).to(self.device)),
        }
        if self.reading:
            batch = Batch.of(self.contexts, rows, self.device)
            words = model.words.to(self.device)
            sentences = pooled(self.pool, *self.review(words, batch.review_tokens))
            out["review"] = Source(sentences[batch.reviews], batch.reviews != 0)
        return out

    def predictions(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [n, V] and targets [n] at the real positions of the responses."""
        wanted = trimmed(self.contexts.responses[rows]).to(self.device)
        sources = self.decoder.sources(self.given(rows))
        sights = self.decoder.sights(sources)
        u = self.decoder(shifted(wanted), sights, sources.get("review"))
        real = wanted != PAD
        return self.decoder.logits(u[real]), wanted[real]

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """The weighted cross-entropy of some responses."""
        if not self.options.dropout:
            self.eval()
        logits, wanted = self.predictions(self.rows[batch.cpu()])
        loss = self.overall(weighted_cross_entropy(logits, wanted, self.weight), len(wanted))
        self.record("loss", loss)
        return loss

    @torch.no_grad()
    def log_likelihoods(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probability of each token of the responses, unweighted, and the place in `rows` that
        it belongs to, [n]."""
        values, places = [], []
        for first, part in zip(range(0, len(rows), CHUNK), rows.split(CHUNK), strict=True):
            logits, wanted = self.predictions(part)
            values.append(-torch.nn.functional.cross_entropy(logits, wanted, reduction="none"))
            real = self.contexts.responses[part] != PAD
            places.append(first + real.nonzero()[:, 0])
        return torch.cat(values).cpu(), torch.cat(places)

    @torch.no_grad()
    def validate_epoch(self) -> dict[str, float]:
        """Mean log-probability of a token, and perplexity."""
        mean = self.log_likelihoods(self.valid)[0].mean()
        return {"log_likelihood": mean.item(), "perplexity": (-mean).exp().item()}
