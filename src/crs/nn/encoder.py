"""The sequence encoder that SASRec, ICLRec and LatentCRS share.

Layers of causal attention over item ids, of one of three kinds (docs/iclrec.md, encoder). It never
computes at padding: the real positions are packed (crs/nn/packed.py).
"""

from torch import Tensor, nn

from crs.nn.bsarec import BSARecLayer
from crs.nn.hstu import HSTULayer
from crs.nn.packed import Packed
from crs.nn.transformer import EPSILON, Layer


def init_weights(network: nn.Module) -> None:
    """Normal weights with deviation 0.02 for linear layers and tables, biases 0."""
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)


class Encoder(nn.Module):
    """Item ids to states; an item scores by the dot product of a state with its own embedding.

    The item table has a row for padding (0) and, after the last item, one that the released code
    calls the mask and never uses.

    Args:
        items: number of items N.
        dim: width d of states and embeddings.
        max_len: positions; the newest item is always at position max_len - 1.
        norm: `post`, layer norm of the input and after each block; `pre`, before each block and of
            the last state.
        causal: states see what came before them, or (False) the whole row.
        project: states are mapped once more before they are compared with items, s -> W s + b.
        block: kind of the layers, `transformer`, `bsarec` or `hstu`.
        alpha, cutoff, ahead: of BSARec's filter (`BSARecLayer`).
    """

    def __init__(
        self,
        items: int,
        dim: int,
        layers: int,
        heads: int,
        max_len: int,
        dropout: float,
        attention_dropout: float,
        norm: str,
        causal: bool = True,
        project: bool = False,
        block: str = "transformer",
        alpha: float = 0.0,
        cutoff: int = 1,
        ahead: bool = False,
    ) -> None:
        super().__init__()
        self.items, self.dim, self.max_len, self.before = items, dim, max_len, norm == "pre"
        self.causal = causal
        self.item_table = nn.Embedding(items + 2, dim)
        self.positions = nn.Embedding(max_len, dim)
        self.norm = nn.LayerNorm(dim, eps=EPSILON)
        self.dropout = nn.Dropout(dropout)
        rates = dropout, attention_dropout

        def layer() -> nn.Module:
            if block == "bsarec":
                return BSARecLayer(
                    dim,
                    heads,
                    *rates,
                    norm,
                    max_len=max_len,
                    alpha=alpha,
                    cutoff=cutoff,
                    ahead=ahead,
                )
            if block == "hstu":
                return HSTULayer(dim, heads, dropout, max_len)
            return Layer(dim, heads, *rates, norm, causal)

        self.layers = nn.ModuleList(layer() for _ in range(layers))
        self.head = nn.Linear(dim, dim) if project else None
        init_weights(self)

    def forward(self, ids: Tensor, packed: Packed | None = None) -> tuple[Tensor, Packed]:
        """States at the real positions of right-aligned ids.

        Args:
            ids: [B, T], T at most max_len, 0 is padding.
            packed: at these positions instead.
        Returns:
            states [n, d] and their places.
        """
        packed = Packed.of(ids) if packed is None else packed
        column = packed.index % ids.shape[1] + self.max_len - ids.shape[1]
        x = self.item_table(ids.flatten()[packed.index]) + self.positions(column)
        x = self.dropout(x if self.before else self.norm(x))
        for layer in self.layers if len(x) else ():
            x = layer(x, packed)
        x = self.norm(x) if self.before else x
        return x if self.head is None else self.head(x), packed

    def states(self, ids: Tensor) -> Tensor:
        """State at each row's newest item, [B, T] -> [B, d]."""
        states, packed = self(ids)
        return packed.newest(states)
