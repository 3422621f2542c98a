"""C2-CRS on small data: hand-made dialogues, and requests of the generated data set."""

from dataclasses import replace
from pathlib import Path

import pytest

from crs.data.conversations import statistics, tables
from crs.data.readers import crslab, redial
from crs.data.readers import inspired as inspired_reader
from crs.evaluation import evaluate
from crs.models import recipes
from crs.models.c2crs import converse, no_pretraining, train, warmup
from crs.store.artifact import Artifact
from data_generator import contexts, entity_texts, graph, item_texts
from tests.contracts import dialogues as handmade
from tests.contracts.tiny import artifact, config, context, made, other, spoken
from text2embedding import embed

READERS = {"inspired": inspired_reader.read, "redial": redial.read, "tgredial": crslab.tgredial}
SMALL = (
    "model=c2crs", "c2crs.dim=8", "c2crs.word_dim=8", "c2crs.hidden=8", "c2crs.layers=1",
    "c2crs.bases=2", "contexts.length=24", "contexts.min_count=1", "warmup.epochs=2",
    "train.epochs=2", "converse.epochs=2", "evaluation.resamples=20", "evaluation.permutations=9",
    "graph.min_count=0",
)  # fmt: skip


def small(*overrides):
    return config(*SMALL, *overrides)


def source(folder: Path, kind: str, *overrides: str) -> dict[str, Artifact]:
    """`dataset`, `graph` and `contexts` of hand-made dialogues, or of the generated requests."""
    settings = small(f"dataset={kind}", *overrides)
    if kind == "tiny":
        inputs = spoken(folder)
        del inputs["embed"]
    else:
        raw = READERS[kind](getattr(handmade, kind)(folder / "raw"), settings.dataset)
        out = tables(raw, settings.dataset)
        summary = statistics(out, raw.dropped, settings.dataset)
        label = {"label": f"{kind} local 00000000", "noun": "movie"}
        inputs = {"dataset": artifact(folder / "dataset" / "a", summary | label, **out)}
    inputs["graph"] = made(graph, settings.graph, inputs, folder / "graph" / "a")
    inputs["contexts"] = made(contexts, settings.contexts, inputs, folder / "contexts" / "a")
    return inputs


def with_words(folder: Path, inputs: dict[str, Artifact], *overrides: str) -> dict[str, Artifact]:
    """The same with a hashed vector of each entity's text."""
    settings = small("embedder=hashed", "embedder.dim=16", *overrides)
    found = dict(inputs)
    for stage, own in ((item_texts, settings.item_texts), (entity_texts, settings.entity_texts)):
        name = stage.__name__.rpartition(".")[2]
        found[name] = made(stage, own, found, folder / name)
    (out := folder / "embed_entities").mkdir()
    summary = embed.run_entities(settings.embedder, found, out, context())
    return found | {"embed_entities": artifact(out, summary)}


def stages(folder: Path, inputs: dict[str, Artifact], kind: str, *overrides: str):
    """All of them up to the table."""
    whole = small(f"dataset={kind}", *overrides)
    own = {stage.name: stage.settings(whole) for stage in recipes()["c2crs"].stages}
    inputs["warmup"] = made(warmup, own["warmup"], inputs, folder / "warmup" / "a")
    bare = {name: found for name, found in inputs.items() if name != "warmup"}
    inputs["direct"] = made(no_pretraining, own["direct"], bare, folder / "direct" / "a")
    inputs["train"] = made(train, own["train"], inputs, folder / "train" / "a")
    last = replace(whole.evaluation)
    from crs.stages.evaluation import Evaluate

    settings = Evaluate("c2crs", 1, last, ["c2crs"])
    inputs["evaluate"] = made(evaluate, settings, inputs, folder / "evaluate" / "a")
    return inputs


def responses(folder: Path, inputs: dict[str, Artifact], *overrides: str) -> Artifact:
    """The result of stage `converse`, with two beams."""
    settings = recipes()["c2crs"].stages[-1].settings(small("converse.beams=2", *overrides))
    kept = {name: inputs[name] for name in ("dataset", "graph", "contexts", "train", "evaluate")}
    result = made(converse, settings, kept, folder / "converse" / "a")
    return other(result, folder / "converse" / "b", settings=settings.identity())


@pytest.fixture(scope="session", params=["inspired", "redial", "tgredial", "tiny"])
def finished(request, tmp_path_factory):
    """kind, and every artifact up to `evaluate`."""
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, stages(folder, source(folder, request.param), request.param)
