"""Functions of the stage packages that others are handed.

Text is new at every turn of a dialogue, so whoever leads one needs the encoder of `text2embedding`
and the user of `data_generator`. No stage imports another and no module here imports a stage
(docs/architecture.md, imports): the pipeline reaches these by name, as it does the stages.
"""

from importlib import import_module
from typing import Any

ENCODER = "text2embedding.encoders:build"
"""(Embedder, Trainer, cache for downloads) -> who has `encode(texts) -> [n, dim] float32`."""
USER = "data_generator.answers:build"
"""(Simulate, prompt, dataset artifact, context, cache) -> `crs.dialogue.state.User`."""


def reach(path: str) -> Any:
    """What `package.module:name` names."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
