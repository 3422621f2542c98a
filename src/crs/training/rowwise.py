"""An optimiser whose step touches only those rows of a large table that have a gradient."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from crs.training.devices import world


def stochastically_rounded(
    x: Tensor, generator: torch.Generator, before: int = 0, behind: int = 0
) -> Tensor:
    """bfloat16 whose mean is x: up or down, with the chance that makes it so.

    bfloat16 is the upper half of float32's bits. To the lower half a uniform number is added, and
    what then is in the upper half is kept. Rounded to nearest, a weight would never take up steps
    below 1/512 of itself.

    Args:
        before, behind: rows of the same draw that are not in x, [n, d].
    """
    shape = (before + len(x) + behind, *x.shape[1:])
    noise = torch.randint(1 << 16, shape, generator=generator, dtype=torch.int32, device=x.device)
    noise = noise[before : before + len(x)]
    return (x.view(torch.int32) + noise).bitwise_and_(-(1 << 16)).view(torch.float32).bfloat16()


def rows_once(grad: Tensor) -> Tensor:
    """The sparse gradient of a bfloat16 table with each row once, added in float32.

    For a table's hook on several devices, whose DDP sends gradients, and adds them, in the table's
    precision. On one device `RowwiseAdam` adds them itself, and rounds nothing.
    """
    if world() == 1 or grad.dtype != torch.bfloat16:
        return grad
    return grad.float().coalesce().to(grad.dtype)


class RowwiseAdam(torch.optim.AdamW):
    """Adam without weight decay; of one table a step changes the rows of its sparse gradient alone.

    The table has no first moment, and one second moment a row (as row-wise Adagrad has one sum):

        v_r <- beta2 v_r + (1 - beta2) mean_k g_rk^2,    n_r <- n_r + 1
        w_r <- w_r - lr g_r / (sqrt(v_r / (1 - beta2^n_r)) + eps)

    n_r counts the steps that had the row, so that the first one is not too long, however late it
    comes. State: 8 bytes a row. A table in bfloat16 is computed in float32 and rounded
    stochastically, by noise that follows from the number of the step: alike on all devices, and
    after a resume.

    Args:
        table: with sparse gradients, [N, d].
        others: all other parameters.
    """

    def __init__(self, table: Tensor, others: Iterable[Tensor], lr: float) -> None:
        groups = [{"params": [table]}, {"params": list(others)}]
        super().__init__(groups, lr=lr, weight_decay=0.0, foreach=True)
        self.state[table] = {
            "variance": torch.zeros(len(table)),
            "count": torch.zeros(len(table), dtype=torch.int32),
            "step": torch.tensor(0.0),
        }

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of all parameters."""
        (table,) = self.param_groups[0]["params"]
        grad, table.grad = table.grad, None
        loss: float | None = super().step(closure)
        if grad is not None:
            self.step_rows(table, grad)
        return loss

    @torch.no_grad()
    def step_rows(self, table: Tensor, grad: Tensor) -> None:
        """The rows of a sparse gradient, each once."""
        group, state = self.param_groups[0], self.state[table]
        for name in ("variance", "count"):
            state[name] = state[name].to(table.device)
        beta2 = group["betas"][1]
        whole = grad.float().coalesce()
        rows, g = whole.indices()[0], whole.values()
        count = state["count"][rows] + 1
        variance = state["variance"][rows].lerp_(g.square().mean(1), 1 - beta2)
        state["count"][rows], state["variance"][rows] = count, variance
        state["step"] += 1
        root = (variance / (1 - beta2**count)).sqrt_().add_(group["eps"])
        new = table[rows].float().addcdiv_(g, root[:, None], value=-group["lr"])
        if table.dtype == torch.bfloat16:
            noise = torch.Generator(table.device).manual_seed(int(state["step"]))
            new = stochastically_rounded(new, noise, *self.around(len(rows)))
        table[rows] = new

    def around(self, rows: int) -> tuple[int, int]:
        """How many rows of a step are elsewhere, before and behind the `rows` of this table."""
        return 0, 0

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up a state; that of the table stays in float32, where torch would cast it."""
        super().load_state_dict(state_dict)
        (table,) = self.param_groups[0]["params"]
        (number,) = state_dict["param_groups"][0]["params"]
        self.state[table] = dict(state_dict["state"][number])
