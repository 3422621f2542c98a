"""Stage `embed`: each different text once, in shards that a kill cannot take back."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crs.config import Embedder
from crs.console import Context
from crs.store import RESUME, Artifact, write_json
from crs.threads import use_threads
from text2embedding.encoders import build


def different_texts(texts: pd.Series) -> tuple[list[str], np.ndarray]:
    """The different texts, longest first, and where each of the texts is among them, [n].

    Texts of similar length lie together, so that a batch has little padding.
    """
    unique = pd.Series(texts.unique())
    order = unique.str.len().sort_values(ascending=False, kind="stable").index
    ordered = unique.loc[order].reset_index(drop=True)
    place = pd.Series(ordered.index, index=ordered)
    return ordered.tolist(), place.loc[texts].to_numpy()


def run(
    settings: Embedder, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `vectors.npy` [different texts, dim] float16 and `index.npy` [cases].

    Row i of the cases of `simulate` has the vector `vectors[index[i]]`.
    """
    use_threads(context.trainer)
    texts, index = different_texts(inputs["simulate"].load("utterances.parquet")["text"])
    np.save(folder / "index.npy", index)
    progress, place = folder / RESUME / "embedded.json", folder / "vectors.npy"
    progress.parent.mkdir(exist_ok=True)
    done = json.loads(progress.read_text())["texts"] if progress.is_file() else 0
    shape = (len(texts), settings.dim)
    if done:
        vectors = np.lib.format.open_memmap(place, mode="r+")
        context.note(f"{done:,} of {len(texts):,} texts were there")
    else:
        vectors = np.lib.format.open_memmap(place, mode="w+", dtype=np.float16, shape=shape)
    if done < len(texts):
        encoder = build(settings, context.trainer)
        with context.bar(len(texts), done, "embed", "text") as bar:
            for first in range(done, len(texts), settings.shard):
                part = texts[first : first + settings.shard]
                vectors[first : first + len(part)] = encoder.encode(part)
                vectors.flush()
                write_json(progress, {"texts": first + len(part)})
                bar.update(len(part))
    context.note(f"{len(texts):,} different of {len(index):,} texts, {settings.dim} dimensions")
    return {"texts": len(index), "different": len(texts), "dim": settings.dim}
