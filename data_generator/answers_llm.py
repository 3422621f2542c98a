"""What a user who is played by a language model says in dialogues: first, and to a list that lacks
the target."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from string import Template

from crs.console import Context
from crs.data.sequences import Sequences
from crs.dialogue.llm_understanding import transcript
from crs.dialogue.state import Answer, Talk
from crs.llm.model import LanguageModel
from crs.llm.request import Request
from crs.settings.files import prompt_file
from crs.stages.simulate import Simulate
from crs.store.artifact import Artifact
from data_generator.items import attribute_names, item_table
from data_generator.leaks import leak
from data_generator.llm import described, tidy, titled
from data_generator.simulate import ATTEMPTS

SHOWN = 24
"""So many of the newest items of the history are told."""


class LLMAnswers:
    """Asks the model once a dialogue and turn; what names the target is asked for again.

    Args:
        first: whether it is asked for the first words too, by the prompt of the stage `simulate`.
    """

    def __init__(
        self,
        settings: Simulate,
        prompt: str,
        dataset: Artifact,
        context: Context,
        cache: Path,
        first: bool,
    ) -> None:
        self.items, self.names = item_table(dataset), attribute_names(dataset)
        self.noun, self.sequences = dataset.summary["noun"], Sequences.of(dataset)
        self.reveal, self.on_leak = settings.simulator.reveal_title, settings.simulator.on_leak
        self.first = first
        opening = prompt_file(settings.simulator.prompt, "simulator.prompt")
        self.opening = Template(opening.read_text().strip())
        self.template = Template(prompt_file(prompt, "multi_turn.user_prompt").read_text().strip())
        self.llm = LanguageModel(settings.llm, context, cache)

    def request(self, talk: Talk, attempt: int) -> Request:
        """What the model is told of a dialogue."""
        first = int(self.sequences.offsets[talk.user])
        ids = self.sequences.items[first + max(0, talk.cut - SHOWN) : first + talk.cut].tolist()
        target = self.items[talk.target]
        had = [titled(self.items[i]) for i in ids if self.items[i].title != target.title]
        text = (self.template if talk.turns else self.opening).substitute(
            noun=self.noun,
            history="; ".join(had) or "(nothing yet)",
            target=described(target, self.names, self.noun, self.reveal),
            dialogue=transcript(talk, [titled(item) for item in self.items]),
        )
        return Request((("user", text),), attempt)

    def asked(self, talks: Sequence[Talk], attempts: int = ATTEMPTS) -> list[Request]:
        """All that was asked, or could have been, in the course of these dialogues."""
        return [
            self.request(replace(talk, turns=talk.turns[:number]), attempt)
            for talk in talks
            for number in range(0 if self.first else 1, len(talk.turns))
            for attempt in range(attempts)
        ]

    def answer(self, talks: list[Talk]) -> list[Answer]:
        """The next utterance of each dialogue."""
        found = self.ask(talks, range(len(talks)), 0)
        for attempt in range(1, ATTEMPTS if self.on_leak == "redo" else 1):
            again = [i for i, answer in found.items() if answer.leak]
            if not again:
                break
            found |= self.ask(talks, again, attempt)
        return [found[i] for i in range(len(talks))]

    def ask(self, talks: list[Talk], which: Sequence[int], attempt: int) -> dict[int, Answer]:
        """One attempt at some of the dialogues; who says nothing repeats the words before, and
        leaves if there are none."""
        answers = self.llm.ask([self.request(talks[i], attempt) for i in which])
        said: dict[int, Answer] = {}
        for i, answer in zip(which, answers, strict=True):
            before = [turn.said for turn in talks[i].turns]
            text = tidy(answer.text or "") or "".join(before[-1:])
            found = leak(self.items[talks[i].target].title, text)
            said[i] = Answer(text, found, left=not text)
        return said
