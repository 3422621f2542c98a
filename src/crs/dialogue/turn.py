"""One turn of dialogues, of simulated users and of a person alike.

What is said is understood and embedded, the state takes it in, a recommender scores the catalogue,
and its ranking is re-ranked (docs/multi_turn.md, the loop). Who speaks and which items are left out
is the caller's: `multi_turn.loop` leads many dialogues, `crs.dialogue.conversation` leads one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from crs.data.cases import Cases
from crs.data.liked import with_liked
from crs.dialogue.questions import CANDIDATES, NOTHING, beliefs, best_question
from crs.dialogue.requirements import Facts, Wishes
from crs.dialogue.rerank import RERANKERS, ByScore
from crs.dialogue.state import Talk, Turn, Understanding, Understood
from crs.dialogue.utterance_vectors import Texts
from crs.recommender import Recommender
from crs.stages.multi_turn import MultiTurn

MANY = 10
"""Lists of items that are left, above which a question takes the place of a list."""


@dataclass(frozen=True)
class TurnSettings:
    """How a turn goes; names and values are those of the group `multi_turn`.

    Attributes:
        text: what is embedded from the second turn on: `newest`, `joined` or `mean`.
        reranker: `none`, `hard` or `as_released`.
        shown: items a turn.
        seen: items of the history: `out` of the ranking, or left `in`.
        top: so many of the best by score are re-ranked `as_released`.
        questions: `none`, `beside` each list, or `instead` of a list while many items are left.
    """

    text: str = "mean"
    reranker: str = "hard"
    shown: int = 5
    seen: str = "out"
    top: int = 50
    questions: str = "none"

    @classmethod
    def of(cls, group: MultiTurn, reranker: str) -> "TurnSettings":
        """Those of the group, with one of its re-rankers."""
        return cls(group.text, reranker, group.shown, group.seen, group.top, group.questions)


class DialogueStates:
    """What D dialogues have come to, side by side.

    Args:
        talks: the dialogues, [D].
        facts: of the catalogue.
        understanding: reads what is said.
        texts: vectors of what is said, of D dialogues.
        reads: whether the recommender of a dialogue reads such a vector, [D].
    """

    def __init__(
        self,
        talks: list[Talk],
        facts: Facts,
        understanding: Understanding,
        texts: Texts,
        reads: list[bool],
    ) -> None:
        self.talks, self.understanding, self.texts, self.reads = talks, understanding, texts, reads
        self.wishes = Wishes.none(facts, len(talks))

    def speak(self, dialogues: Sequence[int], said: Sequence[str]) -> None:
        """Begin a turn of some dialogues with the users' words."""
        for d, text in zip(dialogues, said, strict=True):
            self.talks[d].turns.append(Turn(text))

    def understand(self, dialogues: Sequence[int]) -> list[Understood]:
        """What the newest words of some dialogues say."""
        return self.understanding.read([self.talks[d] for d in dialogues])

    def embedded(self, dialogues: Sequence[int], heard: Sequence[Understood]) -> list[bool]:
        """Whether the newest text of each dialogue is embedded: there is one, and it is read."""
        return [
            bool(understood.text) and self.reads[d]
            for d, understood in zip(dialogues, heard, strict=True)
        ]

    def new_texts(
        self, dialogues: Sequence[int], heard: Sequence[Understood]
    ) -> tuple[list[int], list[str]]:
        """Which of the dialogues have a text to embed, and these texts."""
        new = self.embedded(dialogues, heard)
        return (
            [d for d, one in zip(dialogues, new, strict=True) if one],
            [understood.text for understood, one in zip(heard, new, strict=True) if one],
        )

    def embed(self, dialogues: Sequence[int], heard: Sequence[Understood]) -> np.ndarray:
        """Vectors of the texts among them that are new, [n, dim] float16."""
        return self.texts.embed(*self.new_texts(dialogues, heard))

    def update(
        self, dialogues: Sequence[int], heard: Sequence[Understood], vectors: np.ndarray
    ) -> None:
        """Take in what was understood, and the vectors that `embed` made of it."""
        self.wishes.hear(dialogues, heard)
        self.texts.add(*self.new_texts(dialogues, heard), vectors)

    def cases(
        self, recommender: Recommender, cases: Cases, part: slice, refused: Sequence[Sequence[int]]
    ) -> Cases:
        """What a recommender is asked in some of the dialogues: all that is known by now.

        Titles that somebody likes are the newest items of the history; those disliked are refused.

        Args:
            cases: the histories of these dialogues, [B].
            refused: items that are not shown again, by dialogue.
        """
        out = [
            [*items, *(item for item in disliked if item not in items)]
            for items, disliked in zip(refused, self.wishes.disliked[part], strict=True)
        ]
        width = max(1, max(map(len, out)))
        known = replace(
            with_liked(cases, self.wishes.liked[part]),
            text=self.texts.vectors[part] if self.texts.vectors.shape[1] else None,
            known=self.wishes[part].known,
            refused=self.wishes.refused[part],
            shown=torch.tensor([[*items, *[0] * (width - len(items))] for items in out]),
        )
        if reads := getattr(recommender, "read", None):
            known.dialogue = reads(known, self.talks[part])
        return known

    def ranking(
        self, recommender: Recommender, cases: Cases, part: slice, settings: TurnSettings
    ) -> ByScore:
        """The recommender's ranking for `cases` of the same part, re-ranked."""
        return RERANKERS[settings.reranker](
            recommender, cases, self.wishes[part], settings.seen, settings.top
        )

    def questions(
        self, ranking: ByScore, part: slice, settings: TurnSettings, before: list[set[int]]
    ) -> Tensor:
        """What is asked in each of these dialogues, as `Turn.question` has it, [B].

        Args:
            before: what was asked before, which is not asked again.
        """
        if settings.questions == "none":
            return torch.zeros(len(self.talks[part]), dtype=torch.long)
        wishes = self.wishes[part]
        belief = beliefs(ranking.pick(CANDIDATES).items, wishes)
        question = best_question(belief, wishes, before)
        if settings.questions == "instead":
            left = (belief > 0).sum(1)
            question[left <= MANY * settings.shown] = NOTHING
        return question

    def show(
        self,
        dialogues: Sequence[int],
        shown: Sequence[Sequence[int]],
        questions: Sequence[int] | None = None,
    ) -> None:
        """End a turn of some dialogues with the items that were shown, and what was asked."""
        for d, items, question in zip(
            dialogues, shown, questions or [NOTHING] * len(dialogues), strict=True
        ):
            newest = self.talks[d].turns[-1]
            newest.shown, newest.question = [int(item) for item in items], int(question)
