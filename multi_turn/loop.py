"""All dialogues of all scorers at once, one batch a turn (docs/multi_turn.md, the loop)."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from crs.console import Context
from crs.data.cases import Cases
from crs.dialogue.questions import NOTHING
from crs.dialogue.requirements import Facts
from crs.dialogue.state import Answer, Requirement, Talk, Understanding, Understood, User
from crs.dialogue.turn import DialogueStates, TurnSettings
from crs.dialogue.utterance_vectors import Texts, half, nearest
from crs.errors import PartialResultError, UserError
from crs.recommender import RERANKED, Recommender, reads_text
from crs.stages.multi_turn import MultiTurn
from crs.store.artifact import RESUME, UNFINISHED, keep, kept


@dataclass
class Arm:
    """One scorer with one re-ranker: each arm leads a dialogue with each user."""

    scorer: str
    reranker: str
    recommender: Recommender

    @property
    def label(self) -> str:
        """Its name in the tables."""
        return self.scorer + RERANKED[self.reranker]

    @property
    def reads(self) -> bool:
        """Whether it embeds what is said."""
        return reads_text(self.recommender)


def requirement(plain: dict[str, Any]) -> Requirement:
    """A requirement from its JSON."""
    lists = {key: tuple(value) for key, value in plain.items() if isinstance(value, list)}
    return Requirement(**plain | lists)


class Loop:
    """Dialogue d is case d % C of arm d // C.

    Args:
        cases: those that are talked about, [C].
        first: what their users say first, [C]; if the cases have no vectors of it, it is embedded.
        facts: of the catalogue.
        understanding: reads what is said.
        user: says more.
        texts: the vectors of what is said, of all dialogues.
        training: vectors of the training texts, [n, dim].
    """

    def __init__(
        self,
        settings: MultiTurn,
        arms: list[Arm],
        cases: Cases,
        first: list[Answer],
        facts: Facts,
        understanding: Understanding,
        user: User,
        texts: Texts,
        training: Tensor,
        context: Context,
    ) -> None:
        self.settings, self.arms, self.cases, self.first = settings, arms, cases, first
        self.user, self.texts, self.training, self.context = user, texts, training, context
        columns = (cases.user.tolist(), cases.cut.tolist(), cases.target.tolist())
        self.talks = [Talk(*place) for _ in arms for place in zip(*columns, strict=True)]
        reads = [arm.reads for arm in arms for _ in range(len(cases))]
        self.states = DialogueStates(self.talks, facts, understanding, texts, reads)
        self.open = torch.ones(len(self.talks), dtype=torch.bool)
        self.success = ~self.open

    def arm_of(self, dialogue: int) -> Arm:
        """Who leads a dialogue."""
        return self.arms[dialogue // len(self.cases)]

    def step(self, number: int) -> tuple[pd.DataFrame, np.ndarray] | None:
        """One turn of the open dialogues: its log, and the vectors of what was embedded.

        None if all users leave.
        """
        rows = self.open.nonzero()[:, 0].tolist()
        if number == 1:
            answers = [self.first[d % len(self.cases)] for d in rows]
        else:
            answers = self.user.answer([self.talks[d] for d in rows])
        rows = [d for d, answer in zip(rows, answers, strict=True) if not answer.left]
        said = [answer for answer in answers if not answer.left]
        if not said:
            return None
        self.states.speak(rows, [answer.text for answer in said])
        heard = self.states.understand(rows)
        frame = pd.DataFrame(
            {
                "turn": number,
                "dialogue": rows,
                "said": [answer.text for answer in said],
                "leak": pd.array([answer.leak for answer in said], dtype="string"),
                "text": [understood.text for understood in heard],
                "embedded": self.states.embedded(rows, heard),
                "requirements": [json.dumps([asdict(r) for r in u.requirements]) for u in heard],
            }
        )
        part = frame[frame["embedded"]]
        at = part["dialogue"].tolist()
        if number > 1 or self.cases.text is None:
            vectors = self.states.embed(rows, heard)
        else:  # the stage `embed` has made those of the first utterances
            vectors = half(self.cases.text[[d % len(self.cases) for d in at]].numpy())
        self.hear(frame, vectors)
        strayed = nearest(self.texts.vectors[at], self.training)
        frame["nearest"] = pd.Series(strayed, part.index, dtype="float32")
        shown = torch.zeros(len(self.talks), self.settings.shown, dtype=torch.long)
        questions = torch.zeros(len(self.talks), dtype=torch.long)
        columns = torch.zeros(len(self.talks), 3)
        with self.context.bar(len(self.arms), label=f"turn {number}", unit="scorer") as bar:
            for place, arm in enumerate(self.arms):
                mine = slice(place * len(self.cases), (place + 1) * len(self.cases))
                shown[mine], questions[mine], columns[mine] = self.show(arm, mine, number)
                bar.update()
        frame["shown"] = [[i for i in row if i] for row in shown[rows].tolist()]
        if self.settings.questions != "none":
            frame["question"] = questions[rows].numpy()
        for place, name in enumerate(("before", "after", "broken")):
            frame[name] = columns[rows, place].numpy()
        frame["success"] = [
            self.talks[d].target in items for d, items in zip(rows, frame["shown"], strict=True)
        ]
        return frame, vectors

    def hear(self, frame: pd.DataFrame, vectors: np.ndarray) -> None:
        """What was understood of them."""
        heard = [
            Understood(text, tuple(requirement(one) for one in json.loads(asked)))
            for text, asked in zip(frame["text"], frame["requirements"], strict=True)
        ]
        self.states.update(frame["dialogue"].tolist(), heard, vectors)

    def show(self, arm: Arm, part: slice, number: int) -> tuple[Tensor, Tensor, Tensor]:
        """What an arm shows, [C, shown], what it asks, [C], and rank before, rank after and broken,
        [C, 3].

        Dialogues that are over are scored with the others (a recommender may keep what it computed
        for the same cases) and ignored.
        """
        before = [[i for turn in talk.turns for i in turn.shown] for talk in self.talks[part]]
        cases = self.states.cases(arm.recommender, self.cases, part, before)
        settings = TurnSettings.of(self.settings, arm.reranker)
        ranking = self.states.ranking(arm.recommender, cases, part, settings)
        picked = ranking.pick(self.settings.shown)
        items = torch.zeros(len(cases), self.settings.shown, dtype=torch.long)
        items[:, : picked.items.shape[1]] = picked.items
        questions = torch.full((len(cases),), NOTHING)
        if number < self.settings.turns:  # nobody would answer in the last turn
            asked = [{turn.question for turn in talk.turns} for talk in self.talks[part]]
            questions = self.states.questions(ranking, part, settings, asked)
        if settings.questions == "instead":
            items[questions != NOTHING] = 0
        columns = (ranking.ranks_before(), ranking.ranks_after(), picked.broken.float())
        return items, questions, torch.stack(columns, dim=1)

    def end_turn(self, frame: pd.DataFrame) -> None:
        """Let the state know what was shown; who saw the target stops, as who left has."""
        questions = frame["question"].tolist() if "question" in frame else None
        self.states.show(frame["dialogue"].tolist(), frame["shown"].tolist(), questions)
        self.success[frame.loc[frame["success"], "dialogue"].tolist()] = True
        self.open[:] = False
        self.open[frame.loc[~frame["success"], "dialogue"].tolist()] = True

    def play(self, folder: Path) -> pd.DataFrame:
        """The log of all turns, each durable before the next begins.

        Turns that an earlier run made are read: the state is a function of the logs.
        """
        place, logs, resumed = folder / RESUME, [], 0
        place.mkdir(exist_ok=True)
        for number in range(1, self.settings.turns + 1):
            if not self.open.any():
                break  # all have seen their target: nobody says anything more
            log, file = place / f"turn_{number}.parquet", place / f"turn_{number}.npy"
            if kept(log):
                if not kept(file):
                    raise PartialResultError(f"{RESUME}/{file.name} is gone")
                frame = pd.read_parquet(log)
                self.states.speak(frame["dialogue"].tolist(), frame["said"].tolist())
                self.hear(frame, np.load(file, allow_pickle=False))
                resumed += 1
            else:
                if (made := self.step(number)) is None:
                    break
                frame, vectors = made
                with (unfinished := file.with_suffix(UNFINISHED)).open("wb") as handle:
                    np.save(handle, vectors)
                keep(unfinished, file)
                frame.to_parquet(unfinished := log.with_suffix(UNFINISHED), index=False)
                keep(unfinished, log)  # last: it says that the turn is whole
                frame = pd.read_parquet(log)
            self.end_turn(frame)
            logs.append(frame)
            self.track(number, frame)
        if resumed:
            self.context.note(f"resumes after {resumed} turns")
        if not logs:
            raise UserError(
                f"multi_turn.user={self.settings.user}: none of {len(self.cases):,} users said a "
                "first word, so there are no dialogues; look at the answers in the ledger, or type "
                "another multi_turn.user"
            )
        return pd.concat(logs, ignore_index=True)

    def track(self, number: int, frame: pd.DataFrame) -> None:
        """Tell W&B how many have succeeded by now, and how many of a turn's texts leak."""
        found = self.success.view(len(self.arms), -1).float().mean(1)
        self.context.tracker.log(
            {
                "multi_turn/turn": number,
                "multi_turn/leak_rate": float(frame["leak"].notna().mean()),
            }
            | {
                f"multi_turn/success/{arm.label}": share
                for arm, share in zip(self.arms, found.tolist(), strict=True)
            }
        )
