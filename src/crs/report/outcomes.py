"""What the jobs of a sweep leave: an outcome each, in the sweep's folder."""

import json
from pathlib import Path
from typing import Any

from crs.errors import UserError

OUTCOMES = "outcomes"
"""Folder in a sweep's: one folder a launch, in it one JSON file a job. A sweep's folder may be used
again, and its jobs may lie anywhere in it."""
ALWAYS = ("model", "dataset", "seed")
"""Keys that every table has a column for, or whose values it averages over."""


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """The outcomes of a launch by the job's number, in their order."""
    files = sorted(folder.glob("*.json"), key=lambda file: int(file.stem))
    return {file.stem: json.loads(file.read_text()) for file in files}


def newest_launch(sweep: Path) -> Path:
    """The folder of the outcomes of a sweep's last launch.

    Raises:
        UserError: if no job left one.
    """
    launches = [folder for folder in (sweep / OUTCOMES).glob("*") if any(folder.glob("*.json"))]
    if not launches:
        raise UserError(f"{sweep}: no job of this sweep has left an outcome yet")
    return max(launches, key=lambda folder: max(f.stat().st_mtime for f in folder.glob("*.json")))


def parameters(outcomes: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What was varied beside model, dataset and seed: by job, value by key."""
    jobs = []
    for outcome in outcomes:
        words = (word.lstrip("+").partition("=") for word in outcome["overrides"])
        jobs.append({key: value for key, _, value in words if key not in ALWAYS})
    keys = list(dict.fromkeys(key for job in jobs for key in job))
    varied = [key for key in keys if len({job.get(key) for job in jobs}) > 1]
    return [{key: job.get(key, "") for key in varied} for job in jobs]


def chosen(outcome: dict[str, Any], key: str) -> str:
    """What a job was told of a key; empty if nothing."""
    words = (word.partition("=") for word in outcome["overrides"])
    return next((value for name, _, value in words if name == key), "")
