"""The cases of stage `evaluate` in shards, each scored once, by one process or by several."""

import importlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from crs.console import Context
from crs.data.attributes import attribute_matrix
from crs.data.cases import ALL, Cases, case_sets, control_cases
from crs.engine.crew import Function
from crs.engine.shards import computed
from crs.errors import NotFiniteError, UserError
from crs.evaluation import sampled_ranking
from crs.evaluation.repeat_newest import RepeatNewest
from crs.evaluation.results import SHUFFLED
from crs.evaluation.scoring import Ranked, case_lists, case_ranks, shuffled_texts
from crs.recommender import reads_text
from crs.stages.evaluation import Evaluate
from crs.store.artifact import Artifact

SPLITS = ("valid", "test")
REPEAT_NEWEST = "repeat newest"
"""A baseline of every table of data with repeated items."""
SHARD = 1 << 17
"""Cases that a scorer is given at once, at most. Other numbers may give queries other last bits."""


@dataclass(frozen=True)
class Shard:
    """Consecutive cases of a set, for one scorer."""

    split: str
    part: str
    first: int
    last: int
    scorer: str


Scored = dict[tuple[str, str], tuple[np.ndarray, np.ndarray | None]]
"""By slice (the set, or its shuffled texts) and protocol: ranks and lists, as in `Ranked`."""


class Scoring:
    """The scorers of a model, and the sets of cases that they are scored on, by split and slice."""

    def __init__(self, settings: Evaluate, inputs: dict[str, Artifact]) -> None:
        self.evaluation, self.inputs = settings.evaluation, inputs
        module = importlib.import_module(f"crs.models.{settings.model}.scorers")
        self.scorers = module.scorers(inputs)
        self.controls = control_cases(inputs)
        self.sets = {split: case_sets(inputs, split) for split in SPLITS}
        self.sets["test"] |= self.controls
        self.sequences = self.sets["test"][ALL].sequences
        if self.sequences.repeating and not inputs["dataset"].summary.get("conversations"):
            self.scorers[REPEAT_NEWEST] = RepeatNewest(self.sequences.n_items)
        self.drawn: tuple[object, torch.Tensor | None] = None, None
        self.newest: tuple[object, Cases, Cases | None] | None = None

    @cached_property
    def owners(self) -> torch.Tensor:
        """Which item has which attribute."""
        return attribute_matrix(self.inputs["dataset"])

    def shards(self) -> list[Shard]:
        """All there is to score; neighbours are of the same cases. The test set comes last."""
        return [
            Shard(split, part, first, min(first + SHARD, len(cases)), scorer)
            for split in SPLITS
            for part, cases in self.sets[split].items()
            for first in range(0, max(1, len(cases)), SHARD)
            for scorer in self.scorers
        ]

    def sampled(self, shard: Shard) -> torch.Tensor | None:
        """The items of the second protocol, which are drawn for a whole set."""
        settings = self.evaluation
        if settings.candidates == "none":
            return None
        cases = self.sets[shard.split][shard.part]
        if settings.candidates == "first" and cases.known is None:
            raise UserError(
                "evaluation.candidates=first takes items that have the attribute asked for, and "
                "these cases ask for none; type evaluation.candidates=random"
            )
        if self.drawn[0] != (key := (shard.split, shard.part)):
            items = sampled_ranking.draw(
                cases,
                self.owners,
                settings.candidates,
                settings.seen,
                settings.seed,
            )
            self.drawn = key, items
        assert self.drawn[1] is not None
        return self.drawn[1][shard.first : shard.last]

    def cases(self, shard: Shard) -> tuple[Cases, Cases | None]:
        """The cases of a shard, and those with shuffled texts; several scorers share their states.

        The texts are dealt out anew within the whole set, on the first set of a split alone.
        """
        key = replace(shard, scorer="")
        if self.newest is None or self.newest[0] != key:
            at, of = slice(shard.first, shard.last), self.sets[shard.split][shard.part]
            some, mixed = of[at], None
            if shard.part == ALL and of.text is not None:
                mixed = shuffled_texts(of, self.evaluation.seed)[at]
                mixed = replace(mixed, row=some.row, cut=some.cut, slices={})
            self.newest = key, some, mixed
        return self.newest[1:]

    def score(self, shard: Shard) -> Scored:
        """Ranks and lists of a shard's cases."""
        scorer, found = self.scorers[shard.scorer], Scored()
        cases, mixed = self.cases(shard)

        def add(part: str, cases: Cases, sampled: torch.Tensor | None) -> None:
            settings = self.evaluation
            scored = scorer.queries(cases), scorer.catalogue()
            by_protocol = case_ranks(*scored, cases, settings, sampled)
            lists = {settings.protocol: case_lists(*scored, cases, settings)}
            for protocol, ranks in by_protocol.items():
                found[part, protocol] = ranks, lists.get(protocol)

        try:
            add(shard.part, cases, self.sampled(shard))
            if mixed is not None and reads_text(scorer):
                add(SHUFFLED, mixed, None)
        except NotFiniteError as error:
            raise NotFiniteError(f"scorer {shard.scorer}: {error}") from error
        return found


def scoring(settings: Evaluate, inputs: dict[str, Artifact]) -> Function:
    """The function that scores a shard."""
    return Scoring(settings, inputs).score


def ranked(
    here: Scoring, settings: Evaluate, inputs: dict[str, Artifact], context: Context
) -> dict[str, list[Ranked]]:
    """What each scorer ranks on each set of cases, by split.

    Args:
        here: what `settings` and `inputs` say, for the process of the command.
    """
    shards = here.shards()
    found: dict[int, Scored] = {}
    with context.bar(len(shards), label="evaluate", unit="scorer") as bar:
        arguments = settings, inputs
        for number, scored in computed(
            scoring, arguments, shards, len(shards), context, here.score
        ):
            found[number] = scored
            bar.update()
    by_set = defaultdict(list)
    for number, shard in enumerate(shards):
        by_set[shard.split, shard.part, shard.scorer].append(found.pop(number))
    gathered: dict[str, list[Ranked]] = {split: [] for split in SPLITS}
    for (split, part, scorer), pieces in by_set.items():
        gathered[split] += joined(scorer, here.sets[split][part], pieces)
    return gathered


def joined(scorer: str, cases: Cases, pieces: list[Scored]) -> Iterator[Ranked]:
    """One scorer's ranks of a set from those of its shards, in the order of the cases."""
    for part, protocol in pieces[0]:
        ranks, lists = zip(*(piece[part, protocol] for piece in pieces), strict=True)
        of = replace(cases, slices={}) if part == SHUFFLED else cases
        yield Ranked(
            scorer,
            part,
            np.concatenate(ranks),
            of,
            protocol,
            None if lists[0] is None else np.concatenate(lists),
        )
