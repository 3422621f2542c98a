"""Stage `multi_turn`: every scorer of a model talks to the simulated user (docs/multi_turn.md)."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from crs.cases import Cases, spoken_cases
from crs.config import MultiTurn, Talks, prompt_file
from crs.console import Context
from crs.dialogue.rules import Rules
from crs.dialogue.talk import Understanding
from crs.dialogue.texts import Texts
from crs.dialogue.wishes import Facts
from crs.errors import UserError
from crs.store import Artifact
from crs.threads import use_threads
from multi_turn.loop import Line, Loop
from multi_turn.report import write


def drawn_cases(inputs: dict[str, Artifact], settings: MultiTurn) -> tuple[Cases, pd.DataFrame]:
    """The cases that are talked about, [C], and their rows of what was said first.

    Where the history is out of the ranking a target that it holds is not drawn: nobody could
    recommend it.
    """
    cases = spoken_cases(inputs, settings.split)
    frame = inputs["simulate"].load("utterances.parquet")
    frame = frame[(frame["split"] == settings.split) & ~frame["dropped"]]
    possible = torch.ones(len(cases), dtype=torch.bool)
    if settings.seen == "out":
        row, item = cases.seen
        possible[row[item == cases.target[row]]] = False
    numbers = possible.nonzero()[:, 0]
    order = np.random.default_rng(settings.seed).permutation(len(numbers))
    chosen = numbers[torch.from_numpy(np.sort(order[: settings.cases]))]
    return cases[chosen], frame.iloc[chosen.numpy()]


def training_vectors(inputs: dict[str, Artifact]) -> Tensor:
    """Vectors of the different training texts, [n, dim]."""
    split = inputs["simulate"].load("utterances.parquet")["split"].to_numpy()
    index = np.unique(inputs["embed"].load("index.npy")[split == "train"])
    return torch.from_numpy(inputs["embed"].load("vectors.npy")[index].astype(np.float32))


def lines_of(settings: Talks, inputs: dict[str, Artifact]) -> list[Line]:
    """The scorers that talk, each in each way.

    Raises:
        UserError: if the model has no scorer of a name that was asked for.
    """
    scorers = importlib.import_module(f"crs.models.{settings.model}").scorers(inputs)
    chosen = settings.multi_turn.scorers or list(scorers)
    if unknown := set(chosen) - set(scorers):
        raise UserError(
            f"multi_turn.scorers: model={settings.model} has no scorer {min(unknown)!r}; there "
            f"are {', '.join(scorers)}"
        )
    return [Line(name, way, scorers[name]) for way in settings.multi_turn.ways for name in chosen]


def understanding_of(
    settings: Talks, dataset: Artifact, context: Context, cache: Path
) -> Understanding:
    """Who reads what is said."""
    names = ["", *dataset.load("attributes.parquet")["name"]]
    if settings.reader is None:
        return Rules(names)
    from crs.dialogue.by_llm import ModelReads
    from crs.llm.model import LanguageModel

    file = prompt_file(settings.multi_turn.prompt, "multi_turn.prompt", "multi_turn")
    titles = ["", *dataset.load("items.parquet")["title"]]
    model = LanguageModel(settings.reader, context, cache)
    return ModelReads(names, titles, dataset.summary["noun"], file.read_text(), model.ask)


def run(
    settings: Talks, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `results` and `dialogues`, as Parquet and Markdown, and `success.png`."""
    use_threads(context.trainer)
    dataset, lines = inputs["dataset"], lines_of(settings, inputs)
    cases, said = drawn_cases(inputs, settings.multi_turn)
    # Downloads lie beside the results, as those of data sets do.
    cache = folder.parents[1] / "downloads"
    encoders: list[Any] = []

    def encode(texts: list[str]) -> np.ndarray:
        if not encoders:  # loaded once a text is new
            build = context.handed["encoder"]
            encoders.append(build(settings.embedder, context.trainer, cache))
        size, parts = settings.embedder.shard if settings.embedder else 1, []
        with context.bar(len(texts), label="embed", unit="text") as bar:
            for first in range(0, len(texts), size):
                parts.append(encoders[0].encode(texts[first : first + size]))
                bar.update(len(parts[-1]))
        return np.concatenate(parts)

    training = training_vectors(inputs) if cases.text is not None else torch.zeros(0, 0)
    dialogues = len(lines) * len(cases)
    loop = Loop(
        settings.multi_turn, lines, cases, said["text"].tolist(), Facts.of(dataset),
        understanding_of(settings, dataset, context, cache),
        context.handed["user"](
            settings.simulate, settings.multi_turn.user_prompt, dataset, context, cache
        ),
        Texts(settings.multi_turn.text, dialogues, training.shape[1], encode), training, context,
    )  # fmt: skip
    return write(loop.play(folder), loop, settings, inputs, folder)
