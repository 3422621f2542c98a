"""What C2-CRS' decoder attends to: states of the context, of its entities and of reviews."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from crs.data.contexts import PAD, Contexts, Ragged, trimmed
from crs.models.c2crs.blocks import pooled
from crs.models.c2crs.decoder import Source
from crs.models.c2crs.networks import C2CRS, Batch
from crs.store.artifact import UNFINISHED, keep, kept

CHUNK = 256


def read_all(model: C2CRS, contexts: Contexts, place: Path, device: torch.device) -> Ragged:
    """F of every context on disk; kept for a resumed stage."""
    offsets = begins(contexts.tokens)
    if not kept(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        shape = (int(offsets[-1]), model.words.embedding_dim)
        unfinished = place.with_suffix(UNFINISHED)
        out = np.lib.format.open_memmap(unfinished, "w+", np.float16, shape)
        read_into(out, model.to(device), contexts.tokens, offsets, device)
        out.flush()
        keep(unfinished, place)
    return Ragged(torch.from_numpy(np.load(place, mmap_mode="c")), offsets)


def read(model: C2CRS, contexts: Contexts, device: torch.device) -> Ragged:
    """F of every context, in memory."""
    offsets = begins(contexts.tokens)
    out = np.empty((int(offsets[-1]), model.words.embedding_dim), np.float16)
    read_into(out, model, contexts.tokens, offsets, device)
    return Ragged(torch.from_numpy(out), offsets)


def begins(tokens: Tensor) -> Tensor:
    """Where the states of each context begin and end, [rows + 1]: real positions only."""
    lengths = (tokens != PAD).sum(1)
    return torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)])


@torch.no_grad()
def read_into(
    out: np.ndarray, model: C2CRS, tokens: Tensor, offsets: Tensor, device: torch.device
) -> None:
    """Write F of contexts as float16, [n, w], where `offsets` has their places."""
    # Rows of similar length together waste little on padding.
    for rows in offsets.diff().argsort().split(CHUNK):
        part = trimmed(tokens[rows])
        states, packed = model.read(part.to(device))
        at = offsets[rows[packed.row.cpu()]] + packed.index.cpu() % part.shape[1]
        out[at.numpy()] = states.half().cpu().numpy()


def sources_of(
    model: C2CRS, contexts: Contexts, h: Tensor, states: Ragged, rows: Tensor, device: torch.device
) -> dict[str, Source]:
    """The sources of some contexts.

    Args:
        h: H, [E + 1, d].
        states: F of every context.
        device: of the model.
    """
    values, place = states[rows]
    count = torch.bincount(place, minlength=len(rows))
    first = count.cumsum(0) - count
    at = torch.arange(len(place)) - first[place]
    read = torch.zeros(len(rows), int(count.max()), values.shape[1])
    read[place, at] = values.float()
    mask = torch.arange(read.shape[1]) < count[:, None]
    entities = trimmed(contexts.entities[rows])
    out = {
        "context": Source(read.to(device), mask.to(device)),
        "graph": Source(h[entities].to(device), (entities != PAD).to(device)),
    }
    if contexts.has_reviews:
        batch = Batch.of(contexts, rows, device)
        words = model.words.to(device)
        sentences = pooled(model.pool["words"], *model.review(words, batch.review_tokens))
        out["review"] = Source(sentences[batch.reviews], batch.reviews != 0)
    return out
