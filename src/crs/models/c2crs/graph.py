"""The relational graph encoder of C2-CRS (docs/c2crs.md, eq. 1): one layer, basis decomposition."""

import warnings
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn


class Edges(NamedTuple):
    """Edges as pairs of a relation and a source; each pair has a share in some rows of H.

    Attributes:
        source, relation: of each pair, ascending in the source, [P].
        starts: where the pairs of each source begin, [E + 2].
        matrix: share of each pair in each row, sparse, [rows, P].
        transposed: the same, [P, rows].
    """

    source: Tensor
    relation: Tensor
    starts: Tensor
    matrix: Tensor
    transposed: Tensor

    def towards(self, rows: Tensor) -> "Edges":
        """Those that end in some rows, which ascend; these become rows 0, 1, …"""
        begin = self.matrix.crow_indices()
        count = begin.diff()[rows]
        row = torch.repeat_interleave(count)
        before = begin[rows] + count - count.cumsum(0)
        at = torch.arange(len(row), device=row.device) + before[row]
        pairs, pair = self.matrix.col_indices()[at].unique(return_inverse=True)
        share, by_pair = self.matrix.values()[at], pair.argsort(stable=True)
        shape = (len(rows), len(pairs))
        return Edges(
            self.source[pairs],
            self.relation[pairs],
            torch.searchsorted(pairs, self.starts),
            csr(count, pair, share, shape),
            csr(pair.bincount(), row[by_pair], share[by_pair], shape[::-1]),
        )


def pieces(*rows: Tensor) -> list[tuple[Tensor, ...]]:
    """Rows cut into pieces, on a CPU such that a few of them fit into a core's cache."""
    return [x.split(2_048 if x.device.type == "cpu" else max(1, len(x))) for x in rows]


class _Combine(torch.autograd.Function):
    """X_p = Σ_b a[r(p), b] V_b[s(p)] for pairs p of a relation and a source, [P, d].

    Nothing of size [P, bases, d] or [relations, entities, d] is ever held. Pairs are in the order
    of their sources, so each basis is read from end to end, by pieces that stay in a core's cache.
    """

    @staticmethod
    def forward(
        ctx: Any, bases: Tensor, mix: Tensor, relation: Tensor, source: Tensor, starts: Tensor
    ) -> Tensor:
        out = bases.new_zeros(len(source), bases.shape[2])
        for piece, kind, at in zip(*pieces(out, relation, source), strict=True):
            for b in range(len(bases)):
                piece.addcmul_(bases[b].index_select(0, at), mix[kind, b, None])
        ctx.save_for_backward(bases, mix, relation, source, starts)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        bases, mix, relation, source, starts = ctx.saved_tensors
        grad = grads[0].contiguous()
        grad_bases, grad_mix = torch.zeros_like(bases), torch.empty_like(mix)
        place = torch.arange(len(source), device=grad.device)
        share = grad.new_empty(len(bases), len(source))
        for piece, at, own in zip(*pieces(grad, source, share.T), strict=True):
            for b in range(len(bases)):
                own[:, b] = (bases[b].index_select(0, at) * piece).sum(1)
        shape = (bases.shape[1], len(source))
        for b in range(len(bases)):
            # Pairs of one source are adjacent: summing them is a product with a sparse matrix.
            weights = torch.sparse_csr_tensor(
                starts, place, mix[relation, b], shape, check_invariants=False
            )
            torch.addmm(grad_bases[b], weights, grad, out=grad_bases[b])
            grad_mix[:, b] = grad.new_zeros(len(mix)).index_add_(0, relation, share[b])
        return grad_bases, grad_mix, None, None, None


class _Sum(torch.autograd.Function):
    """A X for a constant sparse A whose transpose is given."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, transposed: Tensor, x: Tensor) -> Tensor:
        ctx.transposed = transposed
        return matrix @ x

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, None, Tensor]:
        return None, None, ctx.transposed @ grads[0].contiguous()


def csr(count: Tensor, column: Tensor, value: Tensor, shape: tuple[int, int]) -> Tensor:
    """A sparse matrix, row by row.

    Args:
        count: entries of each row.
        column, value: of each entry; columns of a row ascend.
    """
    starts = torch.cat([count.new_zeros(1), count.cumsum(0)])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(starts, column, value, size=shape, check_invariants=False)


def sparse(
    row: np.ndarray, column: np.ndarray, value: np.ndarray, shape: tuple[int, int]
) -> Tensor:
    """A sparse matrix of entries in any order."""
    order = np.lexsort((column, row))
    count = torch.from_numpy(np.bincount(row, minlength=shape[0]))
    return csr(count, torch.from_numpy(column[order]), torch.from_numpy(value[order]), shape)


class GraphEncoder(nn.Module):
    """h_i = root_i + bias + Σ_r 1/|N_r(i)| Σ_{j in N_r(i)} W_r[j],  W_r = Σ_b a_rb V_b.

    Row 0 is padding and stays zero. Equal to `torch_geometric.nn.RGCNConv(E, d, R, num_bases=B)`
    without features, at a fraction of its memory.

    Args:
        edges: head, tail, relation (from 0), [3, edges]; messages go from head to tail.
        entities: E; ids are 1 … E.
    """

    def __init__(self, edges: np.ndarray, entities: int, relations: int, dim: int, bases: int):
        super().__init__()
        self.bases = nn.Parameter(torch.empty(bases, entities + 1, dim))
        self.mix = nn.Parameter(torch.empty(relations, bases))
        self.root = nn.Parameter(torch.empty(entities + 1, dim))
        self.bias = nn.Parameter(torch.zeros(dim))
        for weight in (self.bases, self.mix, self.root):
            bound = (6 / (weight.shape[-2] + weight.shape[-1])) ** 0.5
            nn.init.uniform_(weight, -bound, bound)
        head, tail, relation = edges.astype(np.int64)
        pairs, pair = np.unique(head * max(1, relations) + relation, return_inverse=True)
        source, kind = np.divmod(pairs, max(1, relations))
        neighbours = np.unique(tail * max(1, relations) + relation, return_inverse=True)[1]
        share = (1 / np.bincount(neighbours)[neighbours]).astype(np.float32)
        starts = np.zeros(entities + 2, dtype=np.int64)
        np.cumsum(np.bincount(source, minlength=entities + 1), out=starts[1:])
        shape = (entities + 1, len(pairs))
        constants = {
            "source": torch.from_numpy(source),
            "relation": torch.from_numpy(kind),
            "starts": torch.from_numpy(starts),
            "matrix": sparse(tail, pair, share, shape),
            "transposed": sparse(pair, tail, share, shape[::-1]),
        }
        for name, constant in constants.items():
            self.register_buffer(name, constant, persistent=False)

    def edges(self) -> Edges:
        """All edges, on the module's device."""
        return Edges(*(getattr(self, name) for name in Edges._fields))

    def forward(self, entities: Tensor | None = None) -> Tensor:
        """H, [E + 1, d], or the rows of some entities, [n, d], at the cost of their edges.

        Args:
            entities: ascending, the first of them padding, [n].
        """
        out, edges = self.root + self.bias, self.edges()
        if entities is not None:
            out, edges = out[entities], edges.towards(entities)
        if len(edges.source):
            x = _Combine.apply(self.bases, self.mix, edges.relation, edges.source, edges.starts)
            with torch.autocast(x.device.type, enabled=False):  # sparse products have 32 bits
                out = out + _Sum.apply(edges.matrix, edges.transposed, x)
        return out.index_fill(0, out.new_zeros(1, dtype=torch.long), 0.0)


class GraphWithWords(GraphEncoder):
    """h_i + P w_i: what an entity's text says beside what its neighbours are.

    P begins at 0, so that the states begin as those of the graph alone.

    Args:
        width: of the vectors w, which are frozen; those of entities without a text are zeros.
    """

    def __init__(
        self, edges: np.ndarray, entities: int, relations: int, dim: int, bases: int, width: int
    ):
        super().__init__(edges, entities, relations, dim, bases)
        self.said: Tensor
        self.register_buffer("said", torch.zeros(entities + 1, width, dtype=torch.float16))
        self.project = nn.Parameter(torch.zeros(dim, width))

    def forward(self, entities: Tensor | None = None) -> Tensor:
        """H, [E + 1, d], or the rows of some entities, [n, d]."""
        told = self.said.float() @ self.project.T
        return super().forward(entities) + (told if entities is None else told[entities])
