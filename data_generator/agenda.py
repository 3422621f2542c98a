"""The agenda-based user: has a goal, and a stack of what to say about it.

As in Schatzmann et al. (2007) and UserSimCRS: the goal is what the target is, the agenda is a stack
of dialogue acts, and what the system shows pushes more acts onto it. Nothing is kept between turns:
the agenda is played again from the dialogue, so a resumed run has the same words. Acts and words
have generators of their own, seeded by (simulator seed, user, cut, turn); another attempt says the
same acts in other words.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from crs.console import Context
from crs.dialogue.state import Answer, Talk
from crs.stages.simulate import Simulate, Simulator
from crs.store.artifact import Artifact
from data_generator.agenda_acts import Act, Agenda
from data_generator.agenda_words import word
from data_generator.items import Item, Utterance, attribute_names, item_table
from data_generator.leaks import leak
from data_generator.simulate import ATTEMPTS


class AgendaUser:
    """Says what its agenda holds, and leaves when its patience ends.

    Args:
        items: by id; names: of attributes by id, names[0] unused; noun: what an item is called.
    """

    advice = "try another simulator.seed"

    def __init__(
        self,
        settings: Simulator,
        items: list[Item],
        names: list[str],
        noun: str,
        context: Context,
    ) -> None:
        self.settings, self.items, self.names, self.noun = settings, items, names, noun
        self.context = context

    def generator(self, talk: Talk, turn: int, draw: int, use: int) -> np.random.Generator:
        """That of the acts of a turn (use 0), or of their words at an attempt (from 1 on)."""
        return np.random.default_rng([self.settings.seed, talk.user, talk.cut, draw, turn, use])

    def acts(self, talk: Talk, draw: int = 0) -> list[Act]:
        """What is said next in a dialogue; nothing if the user leaves."""
        rng = self.generator(talk, 0, draw, 0)
        agenda = Agenda(rng, self.items[talk.target], self.names, self.settings)
        acts = agenda.turn(rng, [])
        for number, turn in enumerate(talk.turns, 1):
            if number == agenda.patience:
                return []
            shown = [self.items[item] for item in turn.shown]
            acts = agenda.turn(self.generator(talk, number, draw, 0), shown)
        return acts

    def words(self, talk: Talk, acts: list[Act], draw: int, attempt: int) -> str:
        """The acts as a text."""
        turn = len(talk.turns)
        rng = self.generator(talk, turn, draw, 1 + attempt)
        return word(
            rng, acts, self.names, self.noun, shown=len(talk.turns[-1].shown) if turn else 0
        )

    def answer(self, talks: list[Talk]) -> list[Answer]:
        """The next utterance of each dialogue; one that names the target is worded again."""
        return [self.reply(talk) for talk in talks]

    def reply(self, talk: Talk) -> Answer:
        """The next utterance of one dialogue, or that the user leaves."""
        acts, text, found = self.acts(talk), "", None
        if not acts:
            return Answer("", left=True)
        for attempt in range(ATTEMPTS):
            text = self.words(talk, acts, 0, attempt)
            found = leak(self.items[talk.target].title, text)
            if found is None:
                break
        return Answer(text, found)

    def say(self, cases: pd.DataFrame, attempt: int) -> list[Utterance]:
        """The first utterance of each case."""
        said, columns = [], cases[["kind", "user", "cut", "target"]]
        with self.context.bar(len(cases), label="simulate", unit="text") as bar:
            for kind, user, cut, target in columns.itertuples(index=False):
                # Two seeded cuts that fall on the same item are two users with other agendas.
                draw, talk = 0 if kind == "raw" else int(kind), Talk(user, cut, target)
                acts = self.acts(talk, draw)
                told = sorted({act.what.attribute for act in acts} - {0})
                said.append(Utterance(self.words(talk, acts, draw, attempt), told))
                bar.update()
        return said

    def quote(self, cases: pd.DataFrame) -> list[str]:
        """Always free."""
        return ["0 USD"]

    def close(self) -> dict[str, object]:
        """Nothing more."""
        return {}


def build(settings: Simulator, dataset: Artifact, context: Context) -> AgendaUser:
    """The user of a data set; attribute names are said as people say them."""
    names = [name.lower() for name in attribute_names(dataset)]
    return AgendaUser(settings, item_table(dataset), names, dataset.summary["noun"], context)


def user(
    settings: Simulate, inputs: dict[str, Artifact], folder: Path, context: Context
) -> AgendaUser:
    """The user of `simulator=agenda`."""
    return build(settings.simulator, inputs["dataset"], context)
