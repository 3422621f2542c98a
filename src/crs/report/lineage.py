"""What a result stands on, as the manifests in its store have it, down to the raw file."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crs.errors import DamageError
from crs.store.artifact import Artifact


def ancestors(artifact: Artifact) -> dict[str, Artifact]:
    """Every result that a result stands on, by stage, each behind what it was made from.

    What is no longer in the store is there by its name, without a manifest (`known`).
    """
    found: dict[str, Artifact] = {}
    store = artifact.place.parents[1]
    for stage, made in sorted(artifact.manifest["inputs"].items()):
        one = Artifact(store / stage / made["fingerprint"])
        found |= {**(ancestors(one) if known(one) else {}), stage: one}
    return found


def known(artifact: Artifact) -> bool:
    """Whether a result is in its store with a manifest that can be read."""
    try:
        return artifact.identity is not None and bool(artifact.manifest["inputs"] is not None)
    except (DamageError, KeyError):
        return False


@dataclass(frozen=True)
class Cost:
    """What the results of one stage took."""

    stage: str
    results: int
    seconds: float
    usd: float


def costs(artifacts: Iterable[Artifact]) -> list[Cost]:
    """Seconds and US dollars by stage. A result that several others stand on counts once."""
    distinct = {artifact.place: artifact for artifact in artifacts if known(artifact)}
    by_stage: dict[str, list[dict[str, Any]]] = {}
    for artifact in distinct.values():
        by_stage.setdefault(artifact.stage, []).append(artifact.manifest)
    return [
        Cost(
            stage,
            len(manifests),
            sum(one.get("seconds", 0) for one in manifests),
            sum(one.get("cost_usd", 0) for one in manifests),
        )
        for stage, manifests in by_stage.items()
    ]


@dataclass(frozen=True)
class Raw:
    """The file that a data set was read from."""

    source: str
    sha256: str


def raw_files(dataset: Artifact) -> list[Raw]:
    """The raw files of a result of the stage `dataset`: that of interactions, that of items."""
    summary = dataset.summary
    files = [Raw(str(summary.get("source", "")), summary.get("sha256") or "")]
    if summary.get("items_sha256"):
        files.append(Raw("items", summary["items_sha256"]))
    return files


def remade(artifact: Artifact, stage: str, used: Artifact) -> bool:
    """Whether an input of a result has been made again since, with other content."""
    return known(used) and artifact.manifest["inputs"][stage]["digest"] != used.digest


def shown_path(path: Path) -> str:
    """A result's place in its store: `stage/fingerprint`."""
    return f"{path.parent.name}/{path.name}"
