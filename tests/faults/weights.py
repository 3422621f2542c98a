"""Files of weights, vectors and tables that would run code, or claim to be huge."""

import importlib
import io
import pickle
import resource
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.contracts import dialogues
from tests.contracts.decoder import decoder
from tests.contracts.interactions import custom
from tests.faults.attempts import Typed, attempt
from tests.faults.recipes import QUICK, SMALL
from tests.faults.tried import OTHER, RAN, STUCK, Tried

ALLOWED_MB = 700
"""Memory that a refusal may take beyond what every process here has."""
HUGE = 1 << 40


class Touch:
    """Unpickling it makes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.marker), "w")


def pickled(marker: Path) -> bytes:
    """A plain pickle."""
    return pickle.dumps({"state_dict": Touch(marker), "0": Touch(marker)})


def saved(marker: Path, zipped: bool) -> bytes:
    """What torch.save makes, in its new format or in the old one."""
    import torch

    stream = io.BytesIO()
    content = {"weight": torch.zeros(2), "more": Touch(marker)}
    torch.save(content, stream, _use_new_zipfile_serialization=zipped)
    return stream.getvalue()


def array(marker: Path) -> bytes:
    """A NumPy file of objects."""
    import numpy as np

    stream = io.BytesIO()
    np.save(stream, np.array([Touch(marker)], dtype=object), allow_pickle=True)
    return stream.getvalue()


def huge_array(marker: Path) -> bytes:
    """A NumPy file whose header claims terabytes."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({HUGE},)}}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bytes(64)


def huge_tensors(marker: Path) -> bytes:
    """A safetensors file whose header claims terabytes."""
    header = (f'{{"item_table.weight":{{"dtype":"F32","shape":[{HUGE},4],'
              f'"data_offsets":[0,{16 * HUGE}]}}}}').encode()  # fmt: skip
    return struct.pack("<Q", len(header)) + header + bytes(64)


FORMS: dict[str, Callable[[Path], bytes]] = {
    "pickle": pickled,
    "torch": lambda marker: saved(marker, True),
    "old torch": lambda marker: saved(marker, False),
    "array of objects": array,
    "huge array": huge_array,
    "huge tensors": huge_tensors,
}


def tiny(*words: str) -> Callable[[Path, bytes], list[str]]:
    """A setting that takes one file, whose name stands for FILE, on the generated data."""

    def put(place: Path, content: bytes) -> list[str]:
        (name,) = {part.partition("FILE")[2] for part in words if "FILE" in part}
        (place / f"file{name}").write_bytes(content)
        return ["dataset=tiny", *(word.replace("FILE", str(place / "file")) for word in words)]

    return put


def folder_of(*words: str) -> Callable[[Path, bytes], list[str]]:
    """A setting that takes a folder of transformers: its weights are hostile, and it has code."""

    def put(place: Path, content: bytes) -> list[str]:
        folder = decoder(place / "model")
        for file in [*folder.glob("*.safetensors"), *folder.glob("*.bin")]:
            file.unlink()
        (folder / "pytorch_model.bin").write_bytes(content)
        found = [word.replace("FOLDER", str(folder)) for word in words]
        return ["dataset=tiny", "model=latentcrs", *found]

    return put


def of_dialogues(*words: str) -> Callable[[Path, bytes], list[str]]:
    """A setting of C2-CRS on dialogues."""

    def put(place: Path, content: bytes) -> list[str]:
        (place / "file").write_bytes(content)
        folder = dialogues.tgredial(place / "tgredial")
        return ["model=c2crs", "dataset=tgredial", f"dataset.path={folder}", *SMALL,
                *(word.replace("FILE", str(place / "file")) for word in words)]  # fmt: skip

    return put


def reviews(place: Path, content: bytes) -> list[str]:
    """The pickles among the files of TG-ReDial."""
    found = of_dialogues()(place, b"")
    (place / "tgredial" / "valid_conv_idx_to_review_info.pkl").write_bytes(content)
    return found


def table(name: str) -> Callable[[Path, bytes], list[str]]:
    """A table of interactions of one's own."""

    def put(place: Path, content: bytes) -> list[str]:
        for file, text in (custom() | {name: content}).items():
            (place / file).write_bytes(text if isinstance(text, bytes) else text.encode())
        return ["dataset=custom", f"dataset.path={place / name}", "model=popularity"]

    return put


PLACES: dict[str, Callable[[Path, bytes], list[str]]] = {
    "pretrain.checkpoint=.pt": tiny("model=sasrec", "pretrain.checkpoint=FILE.pt"),
    "pretrain.checkpoint=.safetensors": tiny(
        "model=sasrec", "pretrain.checkpoint=FILE.safetensors"
    ),
    "mip_sad checkpoint=.pt": tiny("model=mip_sad", "checkpoint=FILE.pt"),
    "mip_sad checkpoint=.safetensors": tiny("model=mip_sad", "checkpoint=FILE.safetensors"),
    "c2crs checkpoint": of_dialogues("checkpoint=FILE"),
    "c2crs.vectors": of_dialogues("c2crs.vectors=FILE"),
    "embedder.model of llama_eol": folder_of(
        "stage=embed", "embedder=llama_eol", "embedder.model=FOLDER"
    ),
    "embedder.model of sentence_transformers": folder_of(
        "stage=embed", "embedder=sentence_transformers", "embedder.model=FOLDER"
    ),
    "llm.model": folder_of(
        "stage=simulate", "simulator=llm", "llm=local", "llm.pip=null", "llm.model=FOLDER"
    ),
    "llm.path": tiny("model=latentcrs", "stage=simulate", "simulator=llm", "llm=replay",
                     "llm.path=FILE.jsonl"),
    "dataset.path of tgredial": reviews,
    "dataset.path=.csv": table("mine.csv"),
    "dataset.path=.parquet": table("mine.parquet"),
}  # fmt: skip


def refused(folder: Path, tried: Tried) -> None:
    """Pickles that would make a file, and headers that claim terabytes, as each setting that takes
    a file from outside: one sentence, nothing runs, no memory is taken."""
    importlib.import_module("sentence_transformers")
    importlib.import_module("transformers.utils.logging").disable_progress_bar()
    begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    marker, place = folder / "it-ran", folder / "place"
    for setting, form in tried.drawn([(setting, form) for setting in PLACES for form in FORMS]):
        place.mkdir()
        words = PLACES[setting](place, FORMS[form](marker))
        mine = [word for word in QUICK if word != "embedder=hashed" or "stage=embed" not in words]
        store = f"store={place / 'store'}"
        ledger = f"llm.ledger={place / 'ledger.sqlite'}"
        done = attempt(Typed((*words, *mine, "tracker=none", store, ledger), place))
        what = f"{setting}: {form}"
        if marker.exists():
            tried.fail(RAN, what)
            marker.unlink()
        elif done.stuck:
            tried.fail(STUCK, what)
        elif not done.refused:
            tried.fail(OTHER, f"{what}: {done.code} {done.sentence}")
        elif done.peak_mb > begun + ALLOWED_MB:
            tried.fail(OTHER, f"{what}: it took {done.peak_mb - begun:,} MB: {done.sentence}")
        else:
            tried.held["refused"] += 1
        shutil.rmtree(place)
