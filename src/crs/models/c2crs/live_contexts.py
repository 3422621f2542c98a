"""C2-CRS in a live dialogue: contexts of what was said so far.

Made as stage `contexts` makes those of simulated requests: the words of the user, an `__end__`
after each utterance, and as entities the newest items of the history and the attributes asked for.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from crs.data.cases import Cases
from crs.data.contexts import END, START, UNKNOWN, Contexts, Ragged
from crs.data.parsing.mentions import words
from crs.dialogue.state import Talk
from crs.store.artifact import Artifact

TOKENS, ENTITIES = "tokens", "entities"
"""In `Cases.dialogue`: the context itself, [B, L] and [B, K], instead of the row of one."""


class Listener:
    """Turns of dialogues to contexts.

    Args:
        contexts: those of training, for the vocabulary and the lengths.
        attributes: entity of each attribute, by id.
    """

    def __init__(self, contexts: Contexts, attributes: dict[int, int]) -> None:
        self.number = {word: i for i, word in enumerate(contexts.words)}
        self.attributes = attributes
        self.length, self.most = contexts.tokens.shape[1], contexts.entities.shape[1]

    @classmethod
    def of(cls, contexts: Contexts, graph: Artifact) -> "Listener":
        """With the entities of a `graph` artifact."""
        table = graph.load("entities.parquet")
        table = table[table["kind"] == "attribute"]
        keys, entities = table["key"].astype(int), table["entity"].astype(int)
        return cls(contexts, dict(zip(keys, entities, strict=True)))

    def tokens(self, talk: Talk) -> list[int]:
        """`start u1 end u2 end …`, the last that fit."""
        said = []
        for turn in talk.turns:
            for word in words(turn.said):
                said.append(self.number.get(word, self.number.get(word.lower(), UNKNOWN)))
            said.append(END)
        return [START, *said[-(self.length - 1) :]]

    def entities(self, history: list[int], known: list[int]) -> list[int]:
        """Items, each once, newest last, then attributes; the last that fit."""
        items = list(dict.fromkeys(item for item in reversed(history) if item))[::-1]
        asked = [self.attributes[a] for a in known if a in self.attributes]
        return [*items, *asked][-self.most :]

    def hear(self, cases: Cases, talks: Sequence[Talk]) -> dict[str, Tensor]:
        """The contexts of some dialogues."""
        tokens = torch.zeros(len(talks), self.length, dtype=torch.long)
        entities = torch.zeros(len(talks), self.most, dtype=torch.long)
        histories = cases.history(self.most).tolist()
        for row, (talk, history) in enumerate(zip(talks, histories, strict=True)):
            known = [] if cases.known is None else cases.known[row].nonzero()[:, 0].tolist()
            said, about = self.tokens(talk), self.entities(history, known)
            tokens[row, : len(said)] = torch.tensor(said)
            entities[row, : len(about)] = torch.tensor(about, dtype=torch.long)
        return {TOKENS: tokens, ENTITIES: entities}


def heard(contexts: Contexts, dialogue: dict[str, Tensor]) -> Contexts:
    """Contexts of dialogues, without mentions, reviews and responses, beside those of training."""
    rows = len(dialogue[TOKENS])

    def none(width: int) -> Tensor:
        return torch.zeros(rows, width, dtype=torch.long)

    empty = Ragged(torch.zeros(0, 2, dtype=torch.long), torch.zeros(rows + 1, dtype=torch.long))
    return replace(
        contexts,
        tokens=dialogue[TOKENS],
        entities=dialogue[ENTITIES],
        mentions=empty,
        reviews=none(contexts.reviews.shape[1]),
        responses=none(contexts.responses.shape[1]),
        split=torch.zeros(rows, dtype=torch.long),
    )
