"""The commands that are tried: each kind of stage, on data of kilobytes."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from crs.config import Config, Named
from crs.pipeline.plan import plan
from tests.contracts import dialogues
from tests.contracts.tiny import config
from tests.faults.attempts import Outcome, Write, attempt, digests, leftovers, writes_in
from tests.faults.tried import DIFFERENT, OTHER, STUCK, Tried

QUICK = ("debug=fast", "embedder=hashed", "trainer=cpu", "trainer.threads=1")
SMALL = ("c2crs.dim=8", "c2crs.word_dim=8", "c2crs.hidden=8", "c2crs.layers=1",
         "contexts.length=24", "graph.min_count=0")  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """A model on a data set.

    Attributes:
        goals: the stages that are asked for, one after the other.
        stages: those that are tried; others are another recipe's.
        words: overrides; they get the folder for files of their own.
    """

    goals: tuple[str, ...]
    stages: tuple[str, ...]
    words: Callable[[Path], list[str]]


def of_dialogues(folder: Path) -> list[str]:
    """C2-CRS on seven dialogues in TG-ReDial's layout."""
    dialogues.tgredial(folder / "tgredial")
    return ["model=c2crs", "dataset=tgredial", f"dataset.path={folder / 'tgredial'}", *SMALL]


RECIPES = {
    "sasrec": Recipe(
        ("evaluate",), ("dataset", "pretrain", "evaluate"), lambda _: ["model=sasrec"]
    ),
    "latentcrs": Recipe(
        ("evaluate", "multi_turn"),
        ("samples", "simulate", "embed", "fusion", "direct", "intents", "train", "multi_turn"),
        lambda _: ["model=latentcrs"],
    ),
    "mip_sad": Recipe(
        ("evaluate",), ("dialogues", "warmup", "train", "alone"), lambda _: ["model=mip_sad"]
    ),
    "c2crs": Recipe(
        ("converse",),
        ("dataset", "graph", "contexts", "warmup", "train", "direct", "converse"),
        of_dialogues,
    ),
}


class Whole:
    """A store in which a recipe is finished.

    Attributes:
        store: its folder; nothing changes in it.
        digests: of its results.
        logs: what each stage writes, once it was asked for.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.recipe, self.folder, self.store = RECIPES[name], folder, folder / "whole"
        self.settings = config(*self.recipe.words(folder), *QUICK)
        self.logs: dict[str, list[Write]] = {}
        for goal in self.recipe.goals:
            done = attempt(self.asking(goal, self.store))
            assert done.code == 0, done.said
        self.digests = digests(self.store)

    def asking(self, stage: str, store: Path) -> Config:
        """The settings of the command that ends with this stage."""
        return replace(self.settings, stage=Named(stage), store=str(store))

    def without(self, stage: str, store: Path) -> Config:
        """Make a store that has all but the result of this stage; returns its command."""
        asked = self.asking(stage, store)
        shutil.copytree(self.store, store)
        shutil.rmtree(store / stage / plan(asked)[-1].fingerprint)
        return asked

    def writes(self, stage: str) -> list[Write]:
        """What a stage writes when nothing is in its way."""
        if stage not in self.logs:
            store, log = self.folder / "straight", self.folder / "writes.log"
            done = attempt(self.without(stage, store), log=log)
            assert done.code == 0, done.said
            shutil.rmtree(store)
            self.logs[stage] = writes_in(log)
        return self.logs[stage]

    def judge(self, done: Outcome, store: Path, what: str, held: str, tried: Tried) -> None:
        """Whether a command that was typed again ended in the same bits and left nothing behind.

        Args:
            what: had happened to it before.
            held: what is counted if so.
        """
        if done.code != 0:
            tried.fail(STUCK, f"{what}: then {done.code} {done.sentence}")
        elif digests(store) != self.digests:
            tried.fail(DIFFERENT, what)
        elif left := leftovers(store):
            tried.fail(OTHER, f"{what}: it left {left}")
        else:
            tried.held[held] += 1


@cache
def finished(name: str, folder: Path) -> Whole:
    """A recipe that this process finishes once for all its trials, in a folder that they share."""
    place = folder / f"{name}_{os.getpid()}"
    place.mkdir()
    return Whole(name, place)
