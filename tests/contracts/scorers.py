"""Scorers whose ranks are known, and settings under which `evaluate` is quick."""

from dataclasses import replace

import torch

from crs.evaluation import scoring
from tests.contracts.tiny import config

OPTIONS = replace(config().evaluation, ks=[5, 10], resamples=50, permutations=99)
"""Cut-offs of 5 and 10, and few resamples."""
OWN = ["toy", "toy half", "toy text"]
"""Names of the own scorers of the model `toy`."""


def case_ranks(scorer, cases, settings, *sampled):
    """Ranks of a scorer, by protocol."""
    return scoring.case_ranks(scorer.queries(cases), scorer.catalogue(), cases, settings, *sampled)


class Oracle:
    """Knows the target in so many of the cases; or hears of it, when the text is its own."""

    def __init__(self, items, share, sees="history"):
        self.items, self.share, self.sees = items, share, sees

    def queries(self, cases):
        target = cases.target if "text" not in self.sees else cases.text[:, 0].long()
        known = torch.arange(len(cases)) < self.share * len(cases)
        return torch.eye(self.items + 1)[target] * known[:, None]

    def catalogue(self):
        return torch.eye(self.items + 1), None


class Fixed:
    """The same scores for every case."""

    sees = "nothing"

    def __init__(self, *scores):
        self.items = torch.tensor(scores)[:, None]

    def queries(self, cases):
        return torch.ones(len(cases), 1)

    def catalogue(self):
        return self.items, None
