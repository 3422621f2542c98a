"""What a leaderboard stands on: every model on every dataset that can carry it, by the planner."""

import copy
from dataclasses import dataclass, field

from omegaconf import DictConfig

from crs.command_line import choices, flags_of, register, searching, to_config
from crs.composition import composed
from crs.config import OF_MODELS
from crs.errors import UserError
from crs.installed import CONF
from crs.models import recipes
from crs.pipeline.plan import plan, refuse_damaged, survey
from crs.report.collect import Record, result_at
from crs.secrets import redact
from crs.settings.check import nearest
from crs.stages.dataset import Dataset
from crs.store.store import Store

COMMAND = "python src/train.py"
HIDDEN = ("store", "tracker", "hydra")
"""Settings that say where results lie and who is told of them: no command of a page shows them."""


@dataclass(frozen=True)
class Asked:
    """What a leaderboard is made of.

    Attributes:
        models: empty: every model.
        datasets: empty: every dataset of real data.
        words: settings of all commands.
        files: further settings of the commands of a dataset, by its name.
    """

    models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (1, 2, 3)
    words: tuple[str, ...] = ()
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A model on a dataset.

    Attributes:
        words: what its commands have beside `seed=`.
        found: the results that the store has, in the order of their seeds.
        missing: the seeds that it has no result of.
    """

    model: str
    dataset: str
    words: tuple[str, ...]
    found: list[Record]
    missing: list[int]

    def words_of(self, seed: int) -> list[str]:
        """The words of the command that makes one result."""
        return [*self.words, f"seed={seed}"]

    def command(self, seeds: list[int]) -> str:
        """The command of some seeds, as a page shows it."""
        many = ["-m"] if len(seeds) > 1 else []
        listed = ",".join(map(str, seeds))
        return " ".join([COMMAND, *many, *shown(self.words), f"seed={listed}"])


@dataclass
class Entries:
    """All that were asked for.

    Attributes:
        entries: of each dataset that can be had, the models that it carries.
        wanting: datasets that need files of the reader's own, and which.
        refused: model, dataset, and why the one does not carry the other.
        synthetic: datasets that are generated.
    """

    entries: dict[str, list[Entry]] = field(default_factory=dict)
    wanting: dict[str, str] = field(default_factory=dict)
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    synthetic: set[str] = field(default_factory=set)


def shown(words: tuple[str, ...]) -> list[str]:
    """Words of a command as a page shows them: without secrets, and with no place of a machine."""
    pairs = [word.lstrip("+").partition("=") for word in words]
    return [
        f"{key}=PATH" if "/" in value or "\\" in value else redact(f"{key}{sign}{value}")
        for key, sign, value in pairs
        if key.split(".")[0] not in HIDDEN
    ]


def entries_of(asked: Asked) -> Entries:
    """Plan every model on every dataset, and look for the results in the store.

    Raises:
        UserError: on a name or a setting that does not exist, and on a damaged result.
    """
    register()
    found = Entries()
    with searching():
        models = named("models", asked.models, [*recipes()])
        known = choices()["dataset"]
        named("dataset of settings", tuple(asked.files), known)
        for dataset in named("datasets", asked.datasets, known):
            words = (f"dataset={dataset}", *asked.files.get(dataset, ()), *asked.words)
            usual = to_config(typed(("model=popularity", *words))).dataset
            if usual.generated is not None:
                if not asked.datasets:
                    continue
                found.synthetic.add(dataset)
            if needs_files(usual):
                found.wanting[dataset] = about(dataset)
                continue
            found.entries[dataset] = []
            for model in models:
                if why := lacks(model, usual):
                    found.refused.append((model, dataset, why))
                    continue
                add(found, model, dataset, (f"model={model}", *read_by(model, words)), asked.seeds)
    return found


def add(
    found: Entries, model: str, dataset: str, words: tuple[str, ...], seeds: tuple[int, ...]
) -> None:
    """The entry of a model on a dataset, or why there is none."""
    whole, records, missing = typed(words), [], []
    for seed in seeds:
        seeded = copy.deepcopy(whole)
        seeded.seed = seed
        config = to_config(seeded)
        try:
            steps = plan(config)
        except UserError as why:
            found.refused.append((model, dataset, str(why)))
            return
        seen = survey(steps, Store(config.store), config)
        refuse_damaged(seen.damaged)
        if (name := steps[-1].name) in seen.found:
            records.append(Record(result_at(seen.found[name].path)))
        else:
            missing.append(seed)
    found.entries[dataset].append(Entry(model, dataset, words, records, missing))


def read_by(model: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """The words that a command of a model takes: without settings of other models' own."""
    owners = {
        word: OF_MODELS.get(word.lstrip("+").partition("=")[0].split(".")[0]) for word in words
    }
    return tuple(word for word in words if (one := owners[word]) is None or one.name == model)


def typed(words: tuple[str, ...]) -> DictConfig:
    """What the words of a command compose to."""
    return composed(flags_of([]), list(words))


def named(what: str, names: tuple[str, ...], known: list[str]) -> list[str]:
    """The names that were asked for, or all.

    Raises:
        UserError: on one that does not exist.
    """
    for name in names:
        if name not in known:
            near = nearest(name, known)
            raise UserError(f"{what}: no {name!r}.{near} There are {', '.join(known)}")
    return list(names) or known


def needs_files(dataset: Dataset) -> bool:
    """Whether a dataset is neither generated, nor public, nor given."""
    public = any(source.url or source.pip for source in dataset.editions())
    return not (dataset.generated or public or dataset.archive or dataset.path)


def about(dataset: str) -> str:
    """What the file of a dataset says at its top: what it is, and what to type."""
    lines = (CONF / "dataset" / f"{dataset}.yaml").read_text().splitlines()
    comments = [line.removeprefix("#").strip() for line in lines if line.startswith("#")]
    return " ".join(line for line in comments if not line.startswith("@package"))


def lacks(model: str, dataset: Dataset) -> str:
    """What a model reads of items and a dataset does not have, as a sentence; empty if nothing."""
    there = [*dataset.has, *(dataset.has_with_items if dataset.items else ())]
    lacking = [view for view in recipes()[model].requires if view not in there]
    if not lacking or dataset.conversations:  # of whom the planner has a sentence of its own
        return ""
    given = ", which come with dataset.items=FILE" if lacking[0] in dataset.has_with_items else ""
    return f"needs item {lacking[0]}{given}"
