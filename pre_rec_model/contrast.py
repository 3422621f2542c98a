"""The contrastive kernel of ICLRec's instance and intent terms (docs/iclrec.md, 3.3)."""

import torch
import torch.nn.functional as F
from torch import Tensor


def nce(a: Tensor, b: Tensor, label: Tensor, temperature: float) -> Tensor:
    """InfoNCE between the rows of two views, equal labels masked out of the negatives.

    Logits [2B, 2B] are [[A B', A A'], [B B', B A']] / temperature over unit vectors; the right
    answer of row i is its own row in the other view. Pairs of equal label, a row with itself
    among them, are no negatives (the paper's false-negative mask; the released recipes leave it
    off).

    Args:
        a, b: [B, d].
        label: [B]; give each row its own to mask nothing but the diagonal.
    Returns:
        Scalar, mean over 2B rows.
    """
    a, b = F.normalize(a, dim=1), F.normalize(b, dim=1)
    same = label[:, None] == label
    apart = ~same | torch.eye(len(a), dtype=torch.bool, device=a.device)
    across = (a @ b.T / temperature).masked_fill(~apart, -torch.inf)
    within_a = (a @ a.T / temperature).masked_fill(same, -torch.inf)
    within_b = (b @ b.T / temperature).masked_fill(same, -torch.inf)
    logits = torch.cat([torch.cat([across, within_a], 1), torch.cat([across.T, within_b], 1)])
    answer = torch.arange(len(a), device=a.device).repeat(2)
    return F.cross_entropy(logits, answer)
