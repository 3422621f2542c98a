"""The stage on generated data, with scorers that a test can follow."""

from dataclasses import replace

import torch

from crs.console import Context
from crs.data.attributes import attribute_matrix
from crs.data.sequences import Sequences
from crs.models.attribute_filter.scorers import AttributeFilter
from crs.models.popularity.scorers import Popularity
from crs.stages.embed import ENCODER
from crs.stages.multi_turn import MultiTurnSettings
from crs.stages.simulate import USER, Simulate
from crs.stages.stage import import_object
from crs.store.artifact import Artifact
from multi_turn import dialogues
from tests.contracts.tiny import artifact, config, context

OPTIONS = replace(config().multi_turn, cases=20, turns=4, shown=3, resamples=50, ks=[5, 10])


FILES = [
    "results.parquet", "dialogues.parquet", "tests.parquet", "results.md", "dialogues.md",
]  # fmt: skip


class Echo:
    """Scores items by what the text vector says of them: a table by chance; reads the dialogue."""

    sees = "history + text"

    def __init__(self, items, dim):
        self.table = torch.randn(items + 1, dim, generator=torch.Generator().manual_seed(0))
        self.read_so_far = []

    def queries(self, cases):
        assert cases.dialogue["turns"].shape == (len(cases),)
        self.read_so_far.append(cases.dialogue["turns"])
        return cases.text

    def catalogue(self):
        return self.table, None

    def read(self, cases, talks):
        return {"turns": torch.tensor([len(talk.turns) for talk in talks])}


def scorers(inputs):
    data = Sequences.of(inputs["dataset"])
    return {
        "popularity": Popularity(data),
        "attribute filter": AttributeFilter(data, attribute_matrix(inputs["dataset"])),
        "toy text": Echo(data.n_items, inputs["embed"].summary["dim"]),
    }


def handed() -> Context:
    found = context()
    found.handed |= {"encoder": import_object(ENCODER), "user": import_object(USER)}
    return found


def settings(user="rules", **changes):
    """Those of the stage, with a user who has not written the training texts unless it is rules."""
    embedder = config("embedder=hashed", "embedder.dim=32").embedder
    speaks = Simulate(replace(config().simulator, kind=user), config().llm)
    return MultiTurnSettings(
        "toy",
        3,
        replace(OPTIONS, **changes),
        speaks,
        None,
        embedder,
        user != "rules",
        ["toy text"],
    )


def play(inputs, folder, **changes) -> Artifact:
    folder.mkdir(parents=True, exist_ok=True)
    summary = dialogues.run(settings(**changes), inputs, folder, handed())
    return artifact(folder, summary)


def value(long, scorer, part, metric, k=3):
    one = long[(long["scorer"] == scorer) & (long["slice"] == part) & (long["metric"] == metric)]
    return one.loc[one["k"] == k, "value"].item()
