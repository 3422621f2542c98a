"""Stages `embed`, `embed_items`, `embed_entities`, `embed_controls`: each different text once.

They are computed in shards that a kill cannot take back.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crs.console import Context
from crs.engine.crew import Function
from crs.engine.shards import computed
from crs.errors import NotFiniteError, PartialResultError
from crs.settings.training import Trainer
from crs.stages.embed import Embedder
from crs.store.artifact import RESUME, Artifact, downloads, keep_json, kept
from text2embedding.encoders import build


def read_texts(table: Path) -> pa.ChunkedArray:
    """The column `text` of a Parquet file, in pieces: whole row groups take twice the room."""
    with pq.ParquetFile(table) as file:
        column = file.schema_arrow.field("text")
        pieces = file.iter_batches(columns=[column.name], batch_size=16384, use_threads=False)
        return pa.chunked_array([piece.column(0) for piece in pieces], column.type)


def different_texts(texts: pa.ChunkedArray) -> tuple[pa.Array, np.ndarray]:
    """The different texts, longest first, and where each of the texts is among them, [n].

    Texts of similar length are adjacent, so that a batch has little padding. They stay Arrow's
    bytes: as many Python strings would take twice the room.
    """
    coded = texts.combine_chunks().dictionary_encode()
    order = pc.array_sort_indices(pc.utf8_length(coded.dictionary), order="descending")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return coded.dictionary.take(order), place[coded.indices]


def write_rows(file: Path, first: int, rows: np.ndarray, total: int, new: bool) -> str:
    """Rows of an array [total, dim] float16 in a .npy file, from row `first`.

    Written, not mapped: the pages of a map count as memory, which would grow with the file.

    Args:
        new: begin the file anew.
    Returns:
        sha256 of the rows.
    """
    header = {"shape": (total, rows.shape[1]), "fortran_order": False, "descr": "<f2"}
    with file.open("wb" if new else "r+b") as out:
        np.lib.format.write_array_header_1_0(out, header)
        out.seek(first * rows.shape[1] * 2, os.SEEK_CUR)
        out.write(content := rows.astype("<f2").tobytes())
        out.flush()
        os.fsync(out.fileno())
    return hashlib.sha256(content).hexdigest()


def shards_of(progress: Path, place: Path, total: int) -> list[dict[str, Any]]:
    """The shards that an earlier run made durable: `first` text, number of `texts`, `sha256`.

    Raises:
        PartialResultError: if one is not as it was written.
    """
    if not kept(progress):
        return []
    shards = json.loads(progress.read_text())
    try:
        with place.open("rb") as file:
            np.lib.format.read_magic(file)
            (rows, dim), *layout = np.lib.format.read_array_header_1_0(file)
            if (rows, layout) != (total, [False, np.dtype("<f2")]):
                raise ValueError
            begin = file.tell()
            for shard in shards:
                file.seek(begin + shard["first"] * dim * 2)
                content = file.read(shard["texts"] * dim * 2)
                if hashlib.sha256(content).hexdigest() != shard["sha256"]:
                    raise ValueError
    except (OSError, ValueError) as error:
        raise PartialResultError(f"{place.name} is damaged") from error
    return shards


def run(
    settings: Embedder, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """The vectors of the cases of `simulate`, as `embed` writes them."""
    return embed(settings, inputs["simulate"].path / "utterances.parquet", folder, context)


def run_items(
    settings: Embedder, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """The vectors of the items of `item_texts`, as `embed` writes them; row 0 is item 1."""
    return embed(settings, inputs["item_texts"].path / "texts.parquet", folder, context)


def run_entities(
    settings: Embedder, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """The vectors of the texts of `entity_texts`, as `embed` writes them."""
    return embed(settings, inputs["entity_texts"].path / "texts.parquet", folder, context)


def run_controls(
    settings: Embedder, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """The vectors of the texts of `controls`, as `embed` writes them."""
    return embed(settings, inputs["controls"].path / "utterances.parquet", folder, context)


def encoding(settings: Embedder, trainer: Trainer, cache: Path) -> Function:
    """The function from the texts of a shard to their vectors, [n, dim] float16."""
    encoder = build(settings, trainer, cache)

    def encode(texts: list[str]) -> np.ndarray:
        vectors = encoder.encode(texts)
        with np.errstate(over="ignore"):
            stored = vectors.astype(np.float16)
        if not np.isfinite(stored).all():
            raise NotFiniteError(
                f"embedder={settings.kind}: a vector is not finite; type "
                "embedder.precision=float32, or take another embedder.model"
            )
        return stored

    return encode


def embed(settings: Embedder, table: Path, folder: Path, context: Context) -> dict[str, Any]:
    """Writes `vectors.npy` [different texts, dim] float16 and `index.npy` [rows].

    Row i of the table has the vector `vectors[index[i]]`.
    """
    texts, index = different_texts(read_texts(table))
    np.save(folder / "index.npy", index)
    progress, place = folder / RESUME / "embedded.json", folder / "vectors.npy"
    progress.parent.mkdir(exist_ok=True)
    shards = shards_of(progress, place, len(texts))
    done = sum(shard["texts"] for shard in shards)
    if done:
        context.note(f"resumes after {done:,} of {len(texts):,} texts")
    there = {shard["first"] for shard in shards}
    missing = [first for first in range(0, len(texts), settings.shard) if first not in there]
    # Downloads are beside the results, as those of data sets are.
    how = settings, context.trainer, downloads(folder)
    parts = (texts[first : first + settings.shard].to_pylist() for first in missing)
    with context.bar(len(texts), done, "embed", "text") as bar:
        for number, vectors in computed(encoding, how, parts, len(missing), context):
            first = missing[number]
            sha256 = write_rows(place, first, vectors, len(texts), new=not shards)
            shards.append({"first": first, "texts": len(vectors), "sha256": sha256})
            keep_json(progress, shards)
            bar.update(len(vectors))
    dim = np.load(place, mmap_mode="r").shape[1]
    context.note(f"{len(texts):,} different of {len(index):,} texts, {dim} dimensions")
    return {"texts": len(index), "different": len(texts), "dim": dim}
