"""What the command line names: results, those of sweeps, those of studies."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from crs.errors import UserError
from crs.evaluation.results import MARKDOWN, PARQUET
from crs.places import home
from crs.report import outcomes
from crs.report.lineage import ancestors, known
from crs.report.study import STUDY, Study
from crs.settings.keys import NEUTRAL, TYPES
from crs.store.artifact import Artifact

GROUPS = {"embed": "embedder"}
"""Stages whose settings are a group of another name."""
LABELS = ("model", "seed")
"""Settings of a last stage that are columns of every table."""
Values = tuple[str | None, ...]
"""Those of a setting, one a result; None where none of its stages has the setting."""


@dataclass(frozen=True)
class Record:
    """One result, alone or as what a job of a sweep made.

    Attributes:
        swept: what the sweep varied, value by key; None for a result that is named alone.
        told: what the job was told of its model; a result of an earlier stage does not know it.
    """

    artifact: Artifact
    swept: dict[str, str] | None = None
    told: str = ""

    @cached_property
    def stages(self) -> dict[str, Artifact]:
        """The result and all that it stands on, by stage."""
        return ancestors(self.artifact) | {self.artifact.stage: self.artifact}

    @property
    def model(self) -> str:
        """The model whose result it is."""
        model = self.artifact.manifest["settings"].get("model")
        return model if isinstance(model, str) else self.told

    @property
    def seed(self) -> int:
        """The seed of the run; of an earlier stage its own."""
        settings = self.artifact.manifest["settings"]
        if "seed" in settings:
            return int(settings["seed"])
        own = (part["seed"] for part in settings.values() if _has_seed(part))
        return int(next(own, 0))

    @property
    def dataset(self) -> str:
        """The label of the data."""
        data = self.stages.get("dataset")
        return str(data.summary.get("label", "")) if data and known(data) else ""

    @cached_property
    def settings(self) -> dict[str, str]:
        """Every setting that made it, by key, and the versions of the stages.

        One that is left out of names at its neutral value has it beside others of its group.
        """
        found: dict[str, str] = {}
        for stage, artifact in self.stages.items():
            if not known(artifact):
                continue
            found[f"{stage} version"] = str(artifact.manifest.get("version", ""))
            for key, value in artifact.manifest["settings"].items():
                if isinstance(value, dict):
                    found |= _flat(value, f"{key}.")
                elif not (stage == self.artifact.stage and key in LABELS):
                    found[f"{GROUPS.get(stage, stage)}.{key}"] = str(value)
        groups = {*map(_group, found)}
        unnamed = {key: str(value) for key, value in NEUTRAL.items() if _group(key) in groups}
        return unnamed | found


def _group(key: str) -> str:
    return key.rpartition(".")[0]


def _has_seed(part: Any) -> bool:
    return isinstance(part, dict) and "seed" in part


def _flat(settings: dict[str, Any], prefix: str) -> dict[str, str]:
    """Settings in settings, by their dotted keys."""
    found: dict[str, str] = {}
    for key, value in settings.items():
        inner = isinstance(value, dict)
        found |= _flat(value, f"{prefix}{key}.") if inner else {f"{prefix}{key}": str(value)}
    return found


@dataclass
class Collection:
    """What one place holds."""

    place: Path
    records: list[Record]
    study: Study | None = None
    failed: list[str] = field(default_factory=list)


def collect(place: str) -> Collection:
    """What is at a place: a result (its folder, or the table in it), a sweep or a study.

    Raises:
        UserError: if there is none of these, or a result is damaged.
    """
    path = Path(home(place)).resolve()
    if path.name in (PARQUET, MARKDOWN):
        path = path.parent
    if path.is_file():
        raise UserError(f"{path} is one file; give its folder, {path.parent}")
    if (path / STUDY).is_file():
        study = Study.read(path)
        there = [winner for winner in [study.winner] if winner and winner.is_dir()]
        return Collection(path, [Record(result_at(winner)) for winner in there], study)
    if (path / outcomes.OUTCOMES).is_dir():
        return of_sweep(path, outcomes.newest_launch(path))
    return Collection(path, [Record(result_at(path))])


def result_at(path: Path) -> Artifact:
    """The result at a path, its files as they were written.

    Raises:
        UserError: if there is none, or it is damaged.
    """
    found = Artifact(path)
    if found.identity is None:
        raise UserError(
            f"{path} is no result, sweep or study; give the folder that a command's last line "
            "names, e.g. artifacts/evaluate/FINGERPRINT"
        )
    found.verify()
    return found


def of_sweep(sweep: Path, launch: Path) -> Collection:
    """What the jobs of one launch of a sweep made; a result that two jobs share is there twice.

    Raises:
        UserError: if a result is damaged, or is gone.
    """
    found = outcomes.read(launch)
    varied = outcomes.parameters(list(found.values()))
    records, failed = [], []
    for (job, outcome), swept in zip(found.items(), varied, strict=True):
        if outcome["error"]:
            failed.append(f"job {job}: {outcome['error']}")
        made = outcome.get("result") or (outcome["results"] and Path(outcome["results"]).parent)
        if made:
            told = outcomes.chosen(outcome, "model")
            records.append(Record(result_at(moved(Path(made), sweep)), swept, told))
    return Collection(sweep, records, failed=failed)


def moved(result: Path, sweep: Path) -> Path:
    """Where a result of a sweep is: where its job made it, or in a store that has moved since."""
    beside = sweep.parents[1] / result.parent.name / result.name
    return beside if not result.exists() and beside.exists() else result


def swept_alike(records: list[Record]) -> bool:
    """Whether what was swept tells all results apart: the same keys for each, and no two results
    of a model, its data and a seed with the same values."""
    typed = {None if record.swept is None else tuple(record.swept) for record in records}
    if len(typed) != 1 or None in typed:
        return False
    named: dict[tuple[Any, ...], str | None] = {}
    for record in records:
        words = tuple((record.swept or {}).items())
        place = (record.model, record.dataset, record.seed, record.artifact.stage, words)
        if named.setdefault(place, record.artifact.fingerprint) != record.artifact.fingerprint:
            return False
    return True


def distinct(records: list[Record]) -> list[Record]:
    """Each result once; in one sweep, once for each of the values that were swept."""
    seen: dict[tuple[Any, ...], Record] = {}
    one_sweep = swept_alike(records)
    for record in records:
        words = tuple(sorted((record.swept or {}).items())) if one_sweep else ()
        seen.setdefault((record.artifact.stage, record.artifact.fingerprint, words), record)
    return list(seen.values())


def parameters(records: list[Record]) -> list[dict[str, str]]:
    """What sets each result apart from others of its model and data, value by key.

    Seeds are repetition. The jobs of a sweep are told apart by what was typed, other results by
    the settings in the manifests of all that they stand on. A stage that only some results have
    tells nothing that the setting which asks for it does not tell.
    """
    if swept_alike(records):
        return [record.swept or {} for record in records]
    keys = list(dict.fromkeys(key for record in records for key in record.settings))
    keys.sort(key=lambda key: key not in TYPES)  # a setting before what a stage calls it
    columns: dict[Values, str] = {}
    for key in keys:
        values = tuple(record.settings.get(key) for record in records)
        if _varies(key, values, records):
            columns.setdefault(values, key)
    whole = {values: key for values, key in columns.items() if not _has_gaps(key, values, records)}
    for values, key in list(columns.items()):
        if values not in whole and any(_follows(key, values, other, records) for other in whole):
            del columns[values]
    return [{key: values[i] or "" for values, key in columns.items()} for i in range(len(records))]


def _groups(key: str, records: list[Record]) -> list[tuple[Any, ...]]:
    """The model and the data of each result; for a seed, the seed of the run too."""
    return [
        (record.model, record.dataset, record.seed if key.endswith("seed") else None)
        for record in records
    ]


def _has_gaps(key: str, values: Values, records: list[Record]) -> bool:
    """Whether some results of a group have a setting and others have not."""
    groups = _groups(key, records)
    has = {(group, value is None) for group, value in zip(groups, values, strict=True)}
    return len(has) > len({*groups})


def _follows(key: str, values: Values, other: Values, records: list[Record]) -> bool:
    """Whether another setting of a result tells the value of this one."""
    told = [*zip(_groups(key, records), other, strict=True)]
    return len({*zip(told, values, strict=True)}) == len({*told})


def _varies(key: str, values: Values, records: list[Record]) -> bool:
    """Whether a setting differs within a group."""
    groups = _groups(key, records)
    return len({*zip(groups, values, strict=True)}) > len({*groups})
