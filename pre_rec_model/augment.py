"""ICLRec's random views as tensor code on a batch (docs/iclrec.md, augmentations).

Each row draws one of crop, mask and reorder. All act on the window that the encoder reads;
windows may include the newest item, which the released code never lets them.
"""

import torch
from torch import Tensor


def _window(lengths: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Size floor(share * m), at least 1, and a uniform start in [0, m - size], both [B]."""
    size = (lengths * share).long().clamp_min(1)
    start = (torch.rand(lengths.shape, device=lengths.device) * (lengths - size + 1)).long()
    return size, start


def crop(ids: Tensor, share: float) -> Tensor:
    """Keep a random run of floor(share * m) items of each row, right-aligned, [B, T]."""
    width = ids.shape[1]
    lengths = (ids > 0).sum(1)
    size, start = _window(lengths, share)
    back = width - 1 - torch.arange(width, device=ids.device)
    source = (width - lengths + start + size - 1)[:, None] - back
    kept = back < size[:, None]
    return torch.where(kept, ids.gather(1, source.clamp(0, width - 1)), 0)


def mask(ids: Tensor, share: float) -> Tensor:
    """Blank floor(share * m) random items of each row (0 is padding: attention skips them)."""
    real = ids > 0
    draw = torch.rand(ids.shape, device=ids.device).masked_fill(~real, 2.0)
    rank = draw.argsort(1).argsort(1)
    # At least one item stays, or the view of a short history would be empty.
    count = torch.minimum((real.sum(1) * share).long(), real.sum(1) - 1)
    return ids.masked_fill(rank < count[:, None], 0)


def reorder(ids: Tensor, share: float) -> Tensor:
    """Shuffle a random run of floor(share * m) items of each row."""
    width = ids.shape[1]
    lengths = (ids > 0).sum(1)
    size, start = _window(lengths, share)
    column = torch.arange(width, device=ids.device).expand_as(ids)
    first = (width - lengths + start)[:, None]
    inside = (column >= first) & (column < first + size[:, None])
    shuffled = first + torch.rand(ids.shape, device=ids.device) * size[:, None]
    # Keys of the run are in its own range, so sorting moves nothing else.
    key = torch.where(inside, shuffled, column.float() + 0.5 * (column >= first))
    key = torch.where(column < first, column.float() - 1, key)
    key = torch.where(column >= first + size[:, None], column.float() + 1, key)
    return ids.gather(1, key.argsort(1))


def view(ids: Tensor, crop_share: float, mask_share: float, reorder_share: float) -> Tensor:
    """One random view of each row, [B, T]: crop, mask or reorder with equal chance."""
    kind = torch.randint(3, (len(ids), 1), device=ids.device)
    out = torch.where(kind == 0, crop(ids, crop_share), mask(ids, mask_share))
    return torch.where(kind == 2, reorder(ids, reorder_share), out)
