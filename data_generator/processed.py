"""The user whose words are in files: the texts that LatentCRS' authors processed."""

import re
from pathlib import Path

import pandas as pd

from crs.console import Context
from crs.stages.simulate import Simulate
from crs.store.artifact import Artifact
from data_generator.items import Utterance, attribute_names
from data_generator.llm import tidy
from data_generator.mentions import Mentions
from data_generator.processed_files import Spoken, spoken

END = re.compile("⟨[^⟩]*⟩")
"""How the authors' user ends a conversation."""


class FileUser:
    """Says what the files have for a case, and nothing where they have nothing."""

    advice = "give the files of these cases, or leave the setting samples.path alone"

    def __init__(self, spoken: Spoken, names: list[str]) -> None:
        self.spoken, self.mentions = spoken, Mentions(names)
        keys = spoken.cases[["split", "kind", "user", "cut"]].itertuples(index=False, name=None)
        self.said = dict(zip(keys, spoken.cases["response"], strict=True))

    def say(self, cases: pd.DataFrame, attempt: int) -> list[Utterance]:
        """The same at each attempt."""
        keys = cases[["split", "kind", "user", "cut"]].itertuples(index=False, name=None)
        return [self.utterance(self.said.get(key)) for key in keys]

    def utterance(self, response: str | None) -> Utterance:
        """A response as what was said; the mark of an end is no word."""
        if response is None:
            return Utterance("", silence="the files have no such case")
        text = tidy(END.sub("", response))
        return Utterance(text, self.mentions.of(text))

    def quote(self, cases: pd.DataFrame) -> list[str]:
        """They are paid for."""
        return ["0 USD"]

    def close(self) -> dict[str, object]:
        """What the files held."""
        return {"files": self.spoken.counts}


def user(
    settings: Simulate, inputs: dict[str, Artifact], folder: Path, context: Context
) -> FileUser:
    """The user of `simulator=processed`."""
    dataset, path = inputs["dataset"], settings.simulator.path
    assert path is not None
    shown = inputs["samples"].summary["shown"]
    return FileUser(spoken(path, dataset, shown), attribute_names(dataset))
