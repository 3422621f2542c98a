"""The user played by a language model: it is told a history and what the target is like."""

import json
import re
from pathlib import Path
from string import Template

import pandas as pd

from crs.console import Context, say
from crs.data.sequences import Sequences
from crs.llm.model import LanguageModel
from crs.llm.report import record, report
from crs.llm.request import Answer, Request
from crs.settings.files import prompt_file
from crs.stages.simulate import Simulate
from crs.store.artifact import Artifact, downloads
from data_generator.items import Item, Utterance, attribute_names, item_table
from data_generator.leaks import leak
from data_generator.mentions import Mentions

ANSWERS = "answers.jsonl"
WORDS_OF_DESCRIPTION = 80
SAMPLES = 8
"""Attempts of one case; a further case with the same user and cut begins at the next multiple."""
QUOTES = "\"'“”‘’«»`"
SPEAKER = re.compile(r"^(user|person|customer|me)\s*:\s*", re.IGNORECASE)


def titled(item: Item) -> str:
    """A title with its year."""
    return f"{item.title} ({item.year})" if item.year else item.title


def described(item: Item, names: list[str], noun: str, reveal: bool) -> str:
    """What the user knows of the target, a line each; its title only if `reveal`.

    Sentences of the description that name the target are left out, unless `reveal`.
    """
    lines = [f"Title: {item.title}"] if reveal else []
    if item.year is not None:
        lines.append(f"Released: {item.year}")
    if item.attributes:
        lines.append(f"Attributes: {', '.join(names[a] for a in item.attributes)}")
    sentences = re.split(r"(?<=[.!?])\s+", item.description.strip())
    told = " ".join(s for s in sentences if s and (reveal or leak(item.title, s) is None))
    if told:
        lines.append(f"Description: {' '.join(told.split()[:WORDS_OF_DESCRIPTION])}")
    return "\n".join(lines) or f"It is a {noun}; no more is known."


def tidy(text: str) -> str:
    """An answer as an utterance: one line, no quotation marks around it, no speaker before it."""
    return SPEAKER.sub("", " ".join(text.split()).strip(QUOTES + " ")).strip(QUOTES + " ")


class LLMUser:
    """Asks the model once a case; the answers go through the ledger."""

    advice = "the answers are kept; try another llm.model"

    def __init__(
        self, settings: Simulate, inputs: dict[str, Artifact], folder: Path, context: Context
    ) -> None:
        dataset = inputs["dataset"]
        self.simulator, self.folder = settings.simulator, folder
        self.items, self.names = item_table(dataset), attribute_names(dataset)
        self.noun, self.sequences = dataset.summary["noun"], Sequences.of(dataset)
        self.shown = inputs["samples"].summary["shown"]
        text = prompt_file(self.simulator.prompt, "simulator.prompt").read_text()
        self.template = Template(text.strip())
        self.mentions = Mentions(self.names)
        # Downloads are beside the results, as those of data sets are.
        self.llm = LanguageModel(settings.llm, context, downloads(folder))
        self.asked: list[Request] = []
        # How many cases before each have the same user and cut.
        self.twins = inputs["samples"].load("cases.parquet").groupby(["user", "cut"]).cumcount()

    def history(self, user: int, cut: int, target: int) -> str:
        """Titles of the last items before the cut, less any that is the target's own."""
        first = int(self.sequences.offsets[user])
        ids = self.sequences.items[first + max(0, cut - self.shown + 1) : first + cut].tolist()
        known = self.items[target].title
        return "; ".join(titled(self.items[i]) for i in ids if self.items[i].title != known)

    def requests(self, cases: pd.DataFrame, attempt: int) -> list[Request]:
        """One request a case. Two cases with the same user and cut are two samples."""
        reveal = self.simulator.reveal_title
        found = []
        columns = cases[["user", "cut", "target"]].assign(twin=self.twins.loc[cases.index])
        for user, cut, target, twin in columns.itertuples(index=False):
            text = self.template.substitute(
                noun=self.noun,
                history=self.history(user, cut, target) or "(nothing yet)",
                target=described(self.items[target], self.names, self.noun, reveal),
            )
            found.append(Request((("user", text),), twin * SAMPLES + attempt))
        return found

    def quote(self, cases: pd.DataFrame) -> list[str]:
        """What the first attempt at all cases would cost at most."""
        bill = self.llm.price(self.requests(cases, 0))
        return bill.lines(self.llm.settings)

    def say(self, cases: pd.DataFrame, attempt: int) -> list[Utterance]:
        """What the model answers, tidied, with the attributes that it names."""
        requests = self.requests(cases, attempt)
        if attempt == 0:
            for line in self.llm.price(requests).lines(self.llm.settings):
                say(f"llm       {line}")
        self.asked += requests
        return [self.utterance(answer) for answer in self.llm.ask(requests)]

    def utterance(self, answer: Answer) -> Utterance:
        """An answer as what was said."""
        text = tidy(answer.text or "")
        return Utterance(text, self.mentions.of(text), answer.reason)

    def close(self) -> dict[str, object]:
        """Writes `answers.jsonl`, which `llm=replay` reads; returns the model's figures."""
        with (self.folder / ANSWERS).open("w") as file:
            for line in record(self.llm, self.asked):
                file.write(json.dumps(line) + "\n")
        return {"llm": report(self.llm, self.asked)}


def user(
    settings: Simulate, inputs: dict[str, Artifact], folder: Path, context: Context
) -> LLMUser:
    """The user of `simulator=llm`."""
    return LLMUser(settings, inputs, folder, context)
