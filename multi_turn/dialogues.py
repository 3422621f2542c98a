"""Stage `multi_turn`: every scorer of a model talks to the simulated user (docs/multi_turn.md)."""

import importlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from crs.console import Context
from crs.data.cases import Cases, spoken_cases
from crs.dialogue.requirements import Facts
from crs.dialogue.state import Answer, Asking, Talk, Turn
from crs.dialogue.utterance_vectors import Texts
from crs.errors import UserError
from crs.stages.multi_turn import MultiTurn, MultiTurnSettings
from crs.store.artifact import Artifact, downloads
from multi_turn.loop import Arm, Loop
from multi_turn.participants import bill, participants
from multi_turn.report import write


def drawn_cases(inputs: dict[str, Artifact], settings: MultiTurn) -> tuple[Cases, pd.DataFrame]:
    """The cases that are talked about, [C], and their rows of what was said first.

    Where the history is out of the ranking a target that it holds is not drawn: nobody could
    recommend it.

    Raises:
        UserError: if there is none.
    """
    cases = spoken_cases(inputs, settings.split)
    frame = inputs["simulate"].load("utterances.parquet")
    frame = frame[(frame["split"] == settings.split) & ~frame["dropped"]]
    possible = torch.ones(len(cases), dtype=torch.bool)
    if settings.seen == "out":
        row, item = cases.excluded
        possible[row[item == cases.target[row]]] = False
    numbers = possible.nonzero()[:, 0]
    if not len(numbers):
        raise UserError(
            f"multi_turn.split={settings.split}: none of {len(cases):,} cases can be talked about; "
            "their targets are in the histories (type multi_turn.seen=in) or have no text"
        )
    order = np.random.default_rng(settings.seed).permutation(len(numbers))
    chosen = numbers[torch.from_numpy(np.sort(order[: settings.cases]))]
    return cases[chosen], frame.iloc[chosen.numpy()]


def places_of(cases: Cases) -> list[tuple[int, int, int]]:
    """User, cut and target of each case."""
    columns = (cases.user.tolist(), cases.cut.tolist(), cases.target.tolist())
    return list(zip(*columns, strict=True))


def training_vectors(inputs: dict[str, Artifact]) -> Tensor:
    """Vectors of the different training texts, [n, dim]."""
    split = inputs["simulate"].load("utterances.parquet")["split"].to_numpy()
    index = np.unique(inputs["embed"].load("index.npy")[split == "train"])
    return torch.from_numpy(inputs["embed"].load("vectors.npy")[index].astype(np.float32))


def arms_of(settings: MultiTurnSettings, inputs: dict[str, Artifact]) -> list[Arm]:
    """The scorers that talk, each with each re-ranker.

    Raises:
        UserError: if the model has no scorer of a name that was asked for.
    """
    scorers = importlib.import_module(f"crs.models.{settings.model}.scorers").scorers(inputs)
    chosen = settings.multi_turn.scorers or list(scorers)
    if unknown := set(chosen) - set(scorers):
        raise UserError(
            f"multi_turn.scorers: model={settings.model} has no scorer {min(unknown)!r}; there "
            f"are {', '.join(scorers)}"
        )
    return [
        Arm(name, reranker, scorers[name])
        for reranker in settings.multi_turn.rerankers
        for name in chosen
    ]


def encode_with(
    settings: MultiTurnSettings, context: Context, folder: Path
) -> Callable[[list[str]], np.ndarray]:
    """The text encoder, loaded once a text is new; it shows how far it is."""
    encoders: list[Any] = []

    def encode(texts: list[str]) -> np.ndarray:
        assert settings.embedder is not None
        if not encoders:
            build = context.handed["encoder"]
            encoders.append(build(settings.embedder, context.trainer, downloads(folder)))
        parts, size = [], settings.embedder.shard
        with context.bar(len(texts), label="embed", unit="text") as bar:
            for first in range(0, len(texts), size):
                parts.append(encoders[0].encode(texts[first : first + size]))
                bar.update(len(parts[-1]))
        return np.concatenate(parts)

    return encode


def quote(
    settings: MultiTurnSettings, inputs: dict[str, Artifact], folder: Path, context: Context
) -> list[str]:
    """What language models would cost at most, for `dry_run=true`: nothing is asked.

    What is asked later depends on the answers, so every dialogue is taken to last all its turns,
    and what is said in them to be as long as what was said first.
    """
    turns, (cases, said) = settings.multi_turn, drawn_cases(inputs, settings.multi_turn)
    titles = inputs["dataset"].load("items.parquet")["title"].str.len()
    longest = (titles.nlargest(turns.shown).index + 1).tolist()
    places = places_of(cases)
    talks = [
        Talk(*place, [Turn(f"{text} ({line}.{number})", longest) for number in range(turns.turns)])
        for line in range(len(arms_of(settings, inputs)))
        for place, text in zip(places, said["text"], strict=True)
    ]
    encode = encode_with(settings, context, folder)
    understanding, user = participants(settings, inputs["dataset"], context, folder, encode)
    requests, llm = [], None
    if isinstance(understanding, Asking):
        requests, llm = understanding.asked(talks), understanding.llm
    if isinstance(user, Asking):
        requests, llm = requests + user.asked(talks, 1), user.llm
    assert llm is not None  # a price is quoted only where a model is asked
    return llm.price(requests).lines(llm.settings)


def run(
    settings: MultiTurnSettings, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `results` and `dialogues`, as Parquet and Markdown, and `success.png`."""
    dataset, arms = inputs["dataset"], arms_of(settings, inputs)
    cases, said = drawn_cases(inputs, settings.multi_turn)
    encode = encode_with(settings, context, folder)
    understanding, user = participants(settings, dataset, context, folder, encode)
    training = training_vectors(inputs) if cases.text is not None else torch.zeros(0, 0)
    texts = Texts(
        settings.multi_turn.text,
        len(arms) * len(cases),
        training.shape[1],
        encode,
    )
    first = [Answer(text) for text in said["text"]]
    if settings.other_user:
        first = user.answer([Talk(*place) for place in places_of(cases)])
        cases = replace(cases, text=None)
    loop = Loop(
        settings.multi_turn,
        arms,
        cases,
        first,
        Facts.of(dataset),
        understanding,
        user,
        texts,
        training,
        context,
    )
    summary = write(loop.play(folder), loop, settings, inputs, folder)
    return summary | bill(understanding, user, loop.talks, folder)
