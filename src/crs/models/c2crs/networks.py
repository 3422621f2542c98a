"""C2-CRS: three views of one user, as one module (docs/c2crs.md, section 3).

Notation: H [E + 1, d] entity states, F [n, w] word states of the contexts (those of a batch end to
end, without padding), s [M, w] review states; e_G [B, d], e_C [B, w], e_R [B, w] the pooled views.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from crs.data.contexts import PAD, Contexts, trimmed
from crs.models.c2crs.blocks import Head, Pool, TextEncoder, pooled
from crs.models.c2crs.graph import GraphEncoder, GraphWithWords
from crs.nn.packed import Packed


@dataclass
class Batch:
    """Contexts of a batch, on the module's device.

    Attributes:
        tokens: [B, T].
        entities: [B, K].
        mentions: row, place in its tokens, and entity of each mention, [m, 3].
        reviews: places in `review_tokens`, [B, R]; 0 is the empty one.
        review_tokens: those of the batch, [M + 1, W], row 0 empty.
        review_about: entity of each review, the first row that reads it, and its number among all
            reviews, [M + 1, 3].
    """

    tokens: Tensor
    entities: Tensor
    mentions: Tensor
    reviews: Tensor
    review_tokens: Tensor
    review_about: Tensor

    @classmethod
    def of(cls, contexts: Contexts, rows: Tensor, device: torch.device) -> "Batch":
        """Some rows of the contexts, trimmed to the longest; each review once."""
        reviews = trimmed(contexts.reviews[rows])
        own, place = torch.cat([torch.zeros(1, dtype=torch.long), reviews.flatten()]).unique(
            return_inverse=True
        )
        place = place[1:].view(reviews.shape)
        reader = torch.arange(len(rows))[:, None].expand_as(place).flatten()
        first = torch.full_like(own, len(rows)).scatter_reduce(0, place.flatten(), reader, "amin")
        found, row = contexts.mentions[rows]
        parts = (
            trimmed(contexts.tokens[rows]),
            trimmed(contexts.entities[rows]),
            torch.cat([row[:, None], found], 1),
            place,
            trimmed(contexts.review_tokens[own]),
            torch.stack([contexts.review_entity[own], first, own], 1),
        )
        return cls(*(part.to(device) for part in parts))


class C2CRS(nn.Module):
    """The encoders, their pooling and heads, and the recommender.

    Args:
        edges: of the graph, [3, edges].
        words: size of the vocabulary.
        dim: width of entity states and of the space where views meet.
        word_dim: width of word and review states.
        length: longest context or review.
        views: what the query is made of: `graph`, or `all`.
        ages: newest entities whose place counts in their pooling (`crs.models.c2crs.blocks.Pool`).
        said: width of the vectors of the entities' texts; 0 if they have none.
    """

    def __init__(
        self,
        edges: np.ndarray,
        entities: int,
        relations: int,
        items: int,
        words: int,
        dim: int,
        bases: int,
        word_dim: int,
        layers: int,
        heads: int,
        hidden: int,
        dropout: float,
        length: int,
        views: str,
        ages: int,
        said: int = 0,
    ) -> None:
        super().__init__()
        self.items, self.views = items, views
        graph = (edges, entities, relations, dim, bases)
        self.graph = GraphWithWords(*graph, said) if said else GraphEncoder(*graph)
        self.words = nn.Embedding(words, word_dim, padding_idx=PAD)
        nn.init.normal_(self.words.weight, std=dim**-0.5)
        with torch.no_grad():
            self.words.weight[PAD] = 0.0
        text = (length, word_dim, layers, heads, hidden, dropout)
        self.context, self.review = TextEncoder(*text), TextEncoder(*text)
        self.pool = nn.ModuleDict(
            {
                "graph": Pool(dim, ages),
                "context": Pool(word_dim),
                "words": Pool(word_dim),
                "review": Pool(word_dim),
            }
        )
        widths = {"graph": dim, "context": word_dim, "review": word_dim}
        self.user_heads = nn.ModuleDict({name: Head(w, dim) for name, w in widths.items()})
        self.unit_heads = nn.ModuleDict({name: Head(w, dim) for name, w in widths.items()})
        self.bias = nn.Parameter(torch.zeros(entities + 1))
        if views == "all":
            self.fusion = nn.Linear(dim + 2 * word_dim, dim)
            nn.init.zeros_(self.fusion.weight)
            nn.init.zeros_(self.fusion.bias)

    def graph_view(self, h: Tensor, entities: Tensor) -> Tensor:
        """e_G: pooled states of the context's entities, zeros without one, [B, d]."""
        return self.pool["graph"](h[entities], entities != PAD)

    def read(self, tokens: Tensor) -> tuple[Tensor, Packed]:
        """F: states of the context's words, [B, T] -> [n, w], and their places."""
        found: tuple[Tensor, Packed] = self.context(self.words, tokens)
        return found

    def context_view(self, states: Tensor, packed: Packed) -> Tensor:
        """e_C: pooled word states, [n, w] -> [B, w]."""
        return pooled(self.pool["context"], states, packed)

    def read_reviews(self, tokens: Tensor) -> Tensor:
        """s: one vector a review, [M, W] -> [M, w]; zeros for an empty one."""
        return pooled(self.pool["words"], *self.review(self.words, tokens))

    def review_view(self, states: Tensor, reviews: Tensor) -> Tensor:
        """e_R: pooled reviews of each context, zeros without one, [M + 1, w], [B, R] -> [B, w]."""
        return self.pool["review"](states[reviews], reviews != 0)

    def query(self, h: Tensor, batch: Batch) -> Tensor:
        """q = e_G, or e_G + W [e_G; e_C; e_R] with all views (eq. 5), [B, d]."""
        e_g = self.graph_view(h, batch.entities)
        if self.views == "graph":
            return e_g
        e_c = self.context_view(*self.read(batch.tokens))
        e_r = self.review_view(self.read_reviews(batch.review_tokens), batch.reviews)
        return e_g + self.fusion(torch.cat([e_g, e_c, e_r], dim=1))
