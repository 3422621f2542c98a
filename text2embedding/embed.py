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
from crs.errors import NotFiniteError, PartialResultError
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


def write_rows(file: Path, first: int, rows: np.ndarray, total: int) -> str:
    """Rows of an array [total, dim] float16 in a .npy file that is made with the first of them.

    Written, not mapped: the pages of a map count as memory, which would grow with the file.

    Returns:
        sha256 of the rows.
    """
    header = {"shape": (total, rows.shape[1]), "fortran_order": False, "descr": "<f2"}
    with file.open("r+b" if first else "wb") as out:
        np.lib.format.write_array_header_1_0(out, header)
        out.seek(first * rows.shape[1] * 2, os.SEEK_CUR)
        out.write(content := rows.astype("<f2").tobytes())
        out.flush()
        os.fsync(out.fileno())
    return hashlib.sha256(content).hexdigest()


def shards_of(progress: Path, place: Path, total: int) -> list[dict[str, Any]]:
    """The shards that an earlier run made durable: `texts` up to its end, and its `sha256`.

    Raises:
        PartialResultError: if one is not as it was written.
    """
    if not kept(progress):
        return []
    shards, first = json.loads(progress.read_text()), 0
    try:
        with place.open("rb") as file:
            np.lib.format.read_magic(file)
            (rows, dim), *layout = np.lib.format.read_array_header_1_0(file)
            if (rows, layout) != (total, [False, np.dtype("<f2")]):
                raise ValueError
            for shard in shards:
                content = file.read((shard["texts"] - first) * dim * 2)
                if hashlib.sha256(content).hexdigest() != shard["sha256"]:
                    raise ValueError
                first = shard["texts"]
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


def embed(settings: Embedder, table: Path, folder: Path, context: Context) -> dict[str, Any]:
    """Writes `vectors.npy` [different texts, dim] float16 and `index.npy` [rows].

    Row i of the table has the vector `vectors[index[i]]`.
    """
    texts, index = different_texts(read_texts(table))
    np.save(folder / "index.npy", index)
    progress, place = folder / RESUME / "embedded.json", folder / "vectors.npy"
    progress.parent.mkdir(exist_ok=True)
    shards = shards_of(progress, place, len(texts))
    done = shards[-1]["texts"] if shards else 0
    if done:
        context.note(f"resumes after {done:,} of {len(texts):,} texts")
    if done < len(texts):
        # Downloads are beside the results, as those of data sets are.
        encoder = build(settings, context.trainer, downloads(folder))
        with context.bar(len(texts), done, "embed", "text") as bar:
            for first in range(done, len(texts), settings.shard):
                part = texts[first : first + settings.shard].to_pylist()
                vectors = encoder.encode(part)
                with np.errstate(over="ignore"):
                    stored = vectors.astype(np.float16)
                if not np.isfinite(stored).all():
                    raise NotFiniteError(
                        f"embedder={settings.kind}: a vector is not finite; type "
                        "embedder.precision=float32, or take another embedder.model"
                    )
                sha256 = write_rows(place, first, stored, len(texts))
                shards.append({"texts": first + len(part), "sha256": sha256})
                keep_json(progress, shards)
                bar.update(len(part))
    dim = np.load(place, mmap_mode="r").shape[1]
    context.note(f"{len(texts):,} different of {len(index):,} texts, {dim} dimensions")
    return {"texts": len(index), "different": len(texts), "dim": dim}
