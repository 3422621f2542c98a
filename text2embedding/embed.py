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


def different_texts(texts: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """The different texts, longest first, and where each of the texts is among them, [n].

    Texts of similar length lie together, so that a batch has little padding.
    """
    codes, unique = pd.factorize(texts)
    found = pd.Series(unique)
    order = found.str.len().sort_values(ascending=False, kind="stable").index.to_numpy()
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return found.iloc[order], place[codes]


def write_rows(file: Path, first: int, rows: np.ndarray, total: int) -> None:
    """Rows of an array [total, dim] float16 in a .npy file that is made with the first of them.

    The map is closed again: a file that grows must not grow the memory.
    """
    shape = (total, rows.shape[1])
    mode = "r+" if first else "w+"
    array = np.lib.format.open_memmap(file, mode=mode, dtype=np.float16, shape=shape)
    array[first : first + len(rows)] = rows
    array.flush()


def run(
    settings: Embedder, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `vectors.npy` [different texts, dim] float16 and `index.npy` [cases].

    Row i of the cases of `simulate` has the vector `vectors[index[i]]`.
    """
    use_threads(context.trainer)
    table = inputs["simulate"].path / "utterances.parquet"
    texts, index = different_texts(pd.read_parquet(table, columns=["text"])["text"])
    np.save(folder / "index.npy", index)
    progress, place = folder / RESUME / "embedded.json", folder / "vectors.npy"
    progress.parent.mkdir(exist_ok=True)
    done = json.loads(progress.read_text())["texts"] if progress.is_file() else 0
    if done:
        context.note(f"{done:,} of {len(texts):,} texts were there")
    if done < len(texts):
        # Downloads lie beside the results, as those of data sets do.
        encoder = build(settings, context.trainer, folder.parents[1] / "downloads")
        with context.bar(len(texts), done, "embed", "text") as bar:
            for first in range(done, len(texts), settings.shard):
                part = texts.iloc[first : first + settings.shard].tolist()
                write_rows(place, first, encoder.encode(part), len(texts))
                write_json(progress, {"texts": first + len(part)})
                bar.update(len(part))
    dim = np.load(place, mmap_mode="r").shape[1]
    context.note(f"{len(texts):,} different of {len(index):,} texts, {dim} dimensions")
    return {"texts": len(index), "different": len(texts), "dim": dim}
