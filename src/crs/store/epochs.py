"""The figures of each epoch that a result was trained in."""

from typing import Any

from crs.store.artifact import Artifact

Epoch = dict[str, Any]
"""Figures by name, `epoch` among them: from 0, as files have it."""


def counted(figures: dict[str, Any]) -> dict[str, Any]:
    """Figures as people read them: the first epoch is 1, and a best epoch of 0 the initial weights.

    Files of results count epochs from 0.
    """
    return {
        name: value + 1 if name == "epoch" or name.endswith("best_epoch") else value
        for name, value in figures.items()
    }


def epochs_of(artifact: Artifact) -> dict[str, list[Epoch]]:
    """The epochs of each phase, as `crs.training.loop.fit` left them in `<phase>.json`."""
    found = {}
    for name in artifact.manifest["files"]:
        if name.endswith(".json") and "/" not in name:
            content = artifact.load(name)
            first = content[0] if isinstance(content, list) and content else None
            if isinstance(first, dict) and "epoch" in first:
                found[name.removesuffix(".json")] = content
    return found
