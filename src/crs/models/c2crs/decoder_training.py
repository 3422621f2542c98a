"""Training of C2-CRS' decoder over frozen context and graph states that are computed once."""

import torch
from torch import Tensor

from crs.data.contexts import PAD, Contexts, Ragged, trimmed
from crs.models.c2crs.decoder import Decoder, Source, shifted
from crs.models.c2crs.decoder_sources import CHUNK, sources_of
from crs.models.c2crs.losses import frequency_weight, weighted_cross_entropy
from crs.models.c2crs.networks import C2CRS
from crs.models.c2crs.recipe import Converse as Settings
from crs.training.loop import TrainingTask


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
        return sources_of(model, self.contexts, h, self.states, rows, self.device)

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
