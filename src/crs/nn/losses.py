"""Item-prediction losses over a table of item vectors."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from crs.nn.item_rows import ItemRows

CHUNK_FLOATS = 1 << 21
"""Scores held at once: 8 MB, about what stays in a cache."""


class _LinearCrossEntropy(torch.autograd.Function):
    """Cross-entropy of `states @ table.T` whose scores exist one chunk at a time.

    The gradient of a chunk, softmax minus one-hot, is formed in the buffer that held its scores,
    so a pass over `[n, N]` is made once and nothing of that size is kept.
    """

    @staticmethod
    def forward(
        ctx: Any,
        states: Tensor,
        table: Tensor,
        target: Tensor,
        log_weight: Tensor | None,
        dtype: torch.dtype,
    ) -> Tensor:
        n, items = len(states), len(table)
        step = max(1, CHUNK_FLOATS // items)
        wide = states.new_empty(min(step, n), items)
        # In float32 both are one buffer, where scores are made, used and turned into gradients.
        narrow = wide if dtype == wide.dtype else wide.new_empty(wide.shape, dtype=dtype)
        states_in, table_in = states.to(dtype), table.to(dtype)
        grad_states, grad_table = torch.empty_like(states), torch.zeros_like(table)
        loss = states.new_zeros(())
        for a in range(0, n, step):
            part, wanted = states_in[a : a + step], target[a : a + step, None]
            scores, product = wide[: len(part)], narrow[: len(part)]
            torch.mm(part, table_in.T, out=product)
            if product is not scores:
                scores.copy_(product)
            if log_weight is not None:
                own = scores.gather(1, wanted)
                scores.add_(log_weight).scatter_(1, wanted, own)
            log_z = scores.logsumexp(1, keepdim=True)
            loss += (log_z - scores.gather(1, wanted)).sum()
            grad = scores.sub_(log_z).exp_()
            grad.scatter_add_(1, wanted, grad.new_full((len(part), 1), -1.0))
            if product is not scores:
                grad = product.copy_(grad)
            grad_states[a : a + step] = grad @ table_in
            if ctx.needs_input_grad[1]:  # not where the table is frozen
                grad_table += grad.T @ part
        ctx.save_for_backward(grad_states, grad_table)
        ctx.n = n
        return loss / n

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        grad_states, grad_table = ctx.saved_tensors
        scale = grads[0] / ctx.n
        return grad_states * scale, grad_table * scale, None, None, None


def linear_cross_entropy(
    states: Tensor, table: Tensor, target: Tensor, log_weight: Tensor | None = None
) -> Tensor:
    """Mean over rows of -log softmax(states @ table.T)[target].

    Args:
        states: [n, d].
        table: one row per class, [N, d].
        target: class of each row, [n].
        log_weight: of each class in the sums of the rows whose target it is not, [N]; None: 0.
    Returns:
        Scalar, in nats. Under autocast the three matrix products are made in its precision, the
        softmax in float32.
    """
    kind = states.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else torch.float32
    return _LinearCrossEntropy.apply(states.float(), table.float(), target, log_weight, dtype)


def sampled_softmax(
    states: Tensor, table: Tensor | ItemRows, target: Tensor, negatives: int
) -> Tensor:
    """Cross-entropy against negatives drawn uniformly once for the whole batch.

    A negative that is a row's own target is taken out of that row. Uniform sampling needs no logQ
    correction: it shifts all scores alike.

    Args:
        states: [n, d].
        table: item vectors, row i is item i + 1, [N, d].
        target: row of the table, [n].
        negatives: how many.
    Returns:
        Scalar, in nats.
    """
    drawn = torch.randint(len(table), (negatives,), device=states.device)
    positive = (states * table[target]).sum(1, keepdim=True)
    negative = states @ table[drawn].T
    negative = negative.masked_fill(drawn == target[:, None], -torch.inf)
    logits = torch.cat([positive, negative], 1)
    return F.cross_entropy(logits, torch.zeros_like(target))


def mixed_softmax(
    states: Tensor,
    table: Tensor | ItemRows,
    target: Tensor,
    negatives: int,
    share: Tensor,
    in_batch: Tensor,
) -> Tensor:
    """Cross-entropy against the targets of the batch and uniform negatives, corrected by log q.

    The mean over rows of log(e^s_p + sum_{j != p} (n_j / c_j) e^s_j) - s_p (docs/iclrec.md, eq. 2):
    j was drawn n_j times where c_j = (m - 1) f_j + negatives / N is expected, so that the sum has
    the full softmax's as its mean. A row's own target counts once, however often it was drawn.

    Args:
        states: [n, d].
        table: item vectors, row i is item i + 1, [N, d].
        target: row of the table, [n].
        negatives: how many uniform ones, at least 1.
        share: f, of each row among all training targets, [N].
        in_batch: targets of the whole batch, on all devices, [m].
    Returns:
        Scalar, in nats.
    """
    drawn = torch.randint(len(table), (negatives,), device=states.device)
    candidates, count = torch.cat([in_batch, drawn]).unique(return_counts=True)
    expected = (len(in_batch) - 1) * share[candidates] + negatives / len(table)
    # A device without a case of the batch computes one that is not among them and does not count.
    place = torch.searchsorted(candidates, target).clamp_max(len(candidates) - 1)
    return linear_cross_entropy(states, table[candidates], place, (count / expected).log())


def bce(states: Tensor, table: Tensor | ItemRows, target: Tensor) -> Tensor:
    """Binary cross-entropy of the target against one uniform negative (docs/iclrec.md, 3.1).

    Args:
        states: [n, d].
        table: [N, d].
        target: row of the table, [n].
    Returns:
        Scalar: mean over rows of -log s(h.e_p) - log(1 - s(h.e_n)).
    """
    shift = torch.randint(1, len(table), target.shape, device=target.device)
    negative = (target + shift) % len(table)
    positive_score = (states * table[target]).sum(1)
    negative_score = (states * table[negative]).sum(1)
    return (F.softplus(-positive_score) + F.softplus(negative_score)).mean()
