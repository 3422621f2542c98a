"""The decoder of C2-CRS: attends to context, entities and reviews in turn (docs/c2crs.md, eq. 8),
and the search for a response, with keys and values kept from step to step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from crs.data.contexts import END, PAD, START, Contexts
from crs.models.c2crs.blocks import Attention, FeedForward, Memory, positions


@dataclass
class Source:
    """What one attention reads: states [B, S, w], and which of them are real [B, S]."""

    states: Tensor
    mask: Tensor


@dataclass
class Sight:
    """The same as keys and values of one layer."""

    memory: Memory
    mask: Tensor


@dataclass
class Cache:
    """Keys and values of what was said so far, [B, heads, T, …] a layer; empty at the start."""

    layers: list[Memory] = field(default_factory=list)

    @property
    def said(self) -> int:
        """Tokens so far."""
        return self.layers[0][0].shape[2] if self.layers else 0

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows, in this order."""
        self.layers = [(key[rows], value[rows]) for key, value in self.layers]


class DecoderLayer(nn.Module):
    """Self-attention, one attention a source, feed-forward; residual and layer norm after each."""

    def __init__(self, dim: int, heads: int, hidden: int, dropout: float, sources: list[str]):
        super().__init__()
        self.own, self.own_norm = Attention(dim, heads), nn.LayerNorm(dim)
        self.sources = nn.ModuleDict({name: Attention(dim, heads) for name in sources})
        self.norms = nn.ModuleDict({name: nn.LayerNorm(dim) for name in sources})
        self.inner, self.norm = FeedForward(dim, hidden, dropout), nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, sights: dict[str, Sight], past: Memory | None
    ) -> tuple[Tensor, Memory]:
        """[B, T, w] -> [B, T, w], and keys and values of all that was said.

        Args:
            past: those of the tokens before x; then x is one token.
        """
        memory = self.own.memory(x)
        if past is not None:
            memory = (torch.cat([past[0], memory[0]], 2), torch.cat([past[1], memory[1]], 2))
        x = self.own_norm(x + self.dropout(self.own(x, memory, causal=past is None)))
        for name, attention in self.sources.items():
            sight = sights[name]
            seen = attention(x, sight.memory, sight.mask)
            x = self.norms[name](x + self.dropout(seen))
        return self.norm(x + self.dropout(self.inner(x))), memory


class Decoder(nn.Module):
    """Words to the states that their successors are predicted from.

    Each source but the context has one more place, a learned vector, for rows that have nothing of
    it. Output: u = W [y; a], a = softmax(y P') P over the reviews (where there are some), and
    logits u · word.

    Args:
        words: initial word vectors, [V, w]; the decoder has its own.
        graph_dim: width of entity states.
        length: longest response.
        reviews: there are reviews.
    """

    def __init__(
        self,
        words: Tensor,
        graph_dim: int,
        layers: int,
        heads: int,
        hidden: int,
        dropout: float,
        length: int,
        reviews: bool,
    ) -> None:
        super().__init__()
        dim = words.shape[1]
        self.words = nn.Embedding.from_pretrained(words.clone(), freeze=False, padding_idx=PAD)
        self.positions: Tensor
        self.register_buffer("positions", positions(length, dim), persistent=False)
        widths = {"graph": graph_dim, "review": dim} if reviews else {"graph": graph_dim}
        self.inward = nn.ModuleDict({name: nn.Linear(w, dim) for name, w in widths.items()})
        self.nothing = nn.ParameterDict({name: torch.zeros(dim) for name in widths})
        sources = ["context", *widths]
        self.layers = nn.ModuleList(
            DecoderLayer(dim, heads, hidden, dropout, sources) for _ in range(layers)
        )
        self.out = nn.Linear(dim * (1 + reviews), dim)
        self.dropout = nn.Dropout(dropout)

    def sources(self, given: dict[str, Source]) -> dict[str, Source]:
        """All sources at the decoder's width, a place for nothing behind each but the context."""
        out = {"context": given["context"]}
        for name, layer in self.inward.items():
            states, mask = layer(given[name].states), given[name].mask
            nothing = self.nothing[name].expand(len(states), 1, -1)
            out[name] = Source(
                torch.cat([states, nothing], 1), torch.cat([mask, ~mask.any(1, keepdim=True)], 1)
            )
        return out

    def sights(self, sources: dict[str, Source]) -> list[dict[str, Sight]]:
        """Keys and values of the sources for each layer, made once a batch."""
        return [
            {
                name: Sight(attention.memory(sources[name].states), sources[name].mask)
                for name, attention in layer.sources.items()
                if isinstance(attention, Attention)
            }
            for layer in self.layers
            if isinstance(layer, DecoderLayer)
        ]

    def forward(
        self,
        tokens: Tensor,
        sights: list[dict[str, Sight]],
        reviews: Source | None,
        cache: Cache | None = None,
    ) -> Tensor:
        """u at each token, [B, T] -> [B, T, w].

        Args:
            reviews: the source of that name; None where there is none.
            cache: what was said before; it is extended. A first call may have several tokens, later
                ones have one.
        """
        said = cache.said if cache else 0
        place = self.positions[said : said + tokens.shape[1]]
        x = self.dropout(self.words(tokens) * self.words.weight.shape[1] ** 0.5 + place)
        kept: list[Memory] = []
        for number, layer in enumerate(self.layers):
            x, memory = layer(x, sights[number], cache.layers[number] if said and cache else None)
            kept.append(memory)
        if cache is not None:
            cache.layers = kept
        if reviews is None:
            return self.out(x)
        scores = (x @ reviews.states.transpose(1, 2)).masked_fill(
            ~reviews.mask[:, None], -torch.inf
        )
        copied = torch.softmax(scores, dim=-1) @ reviews.states
        return self.out(torch.cat([x, copied], dim=-1))

    def logits(self, u: Tensor) -> Tensor:
        """[…, w] -> […, V]."""
        return u @ self.words.weight.T


def new_decoder(words: Tensor, contexts: Contexts, options: Mapping[str, Any]) -> Decoder:
    """A decoder of responses to these contexts.

    Args:
        words: as in `Decoder`.
        options: of the group `c2crs`, by name.
    """
    return Decoder(
        words,
        options["dim"],
        options["layers"],
        options["heads"],
        options["hidden"],
        options["dropout"],
        contexts.responses.shape[1],
        contexts.has_reviews,
    )


def shifted(responses: Tensor) -> Tensor:
    """What the decoder reads to predict responses: `start w1 w2 …`, [B, T]."""
    start = torch.full_like(responses[:, :1], START)
    return torch.cat([start, responses[:, :-1]], dim=1)


@torch.no_grad()
def search(
    decoder: Decoder,
    given: dict[str, Source],
    length: int,
    beams: int = 1,
    penalty: float = 0.0,
    cached: bool = True,
) -> Tensor:
    """The most probable responses by beam search; one beam is greedy search.

    A beam that has ended stays as it is, and competes with the others at the end by
    log-probability / tokens^penalty.

    Args:
        given: sources of B rows.
        length: tokens at most.
        cached: keep keys and values; False recomputes the whole prefix in each step.
    Returns:
        [B, T], `end` and padding behind.
    """
    rows = len(given["context"].states)
    device = given["context"].states.device
    repeated = torch.arange(rows, device=device).repeat_interleave(beams)
    given = {name: Source(s.states[repeated], s.mask[repeated]) for name, s in given.items()}
    sources = decoder.sources(given)
    sights, reviews = decoder.sights(sources), sources.get("review")
    tokens = torch.full((rows * beams, 1), START, device=device)
    # At first all beams are one: only the first of each row counts.
    score = torch.full((rows, beams), -torch.inf, device=device)
    score[:, 0] = 0.0
    ended = torch.zeros(rows * beams, dtype=torch.bool, device=device)
    cache = Cache()
    base = torch.arange(rows, device=device)[:, None] * beams
    for _ in range(length):
        if cached:
            u = decoder(tokens[:, -1:], sights, reviews, cache)[:, -1]
        else:
            again = decoder.sources(given)
            u = decoder(tokens, decoder.sights(again), again.get("review"))[:, -1]
        step = torch.log_softmax(decoder.logits(u), dim=1)
        step[:, [PAD, START]] = -torch.inf
        step[ended] = -torch.inf
        step[ended, PAD] = 0.0
        total = score[:, :, None] + step.view(rows, beams, -1)
        score, best = total.flatten(1).topk(beams, dim=1)
        parent = (base + best // step.shape[1]).flatten()
        chosen = (best % step.shape[1]).flatten()
        if beams > 1:
            cache.keep(parent)
        tokens = torch.cat([tokens[parent], chosen[:, None]], dim=1)
        ended = ended[parent] | (chosen == END)
        if ended.all():
            break
    said = (tokens[:, 1:] != PAD).sum(1).view(rows, beams)
    winner = (score / said**penalty).argmax(1) + base[:, 0]
    return tokens[winner, 1:]
