"""How the figures of a run are named: a section of charts for each phase, with its own axis."""

from collections.abc import Iterable

AXES = ("epoch", "turn")
BEST = {
    "ndcg@10": "max", "agreement": "max", "log_likelihood": "max", "elbo": "max",
    "perplexity": "min", "valid_loss": "min",
}  # fmt: skip
"""Figures of an epoch whose best value stands in the summary; of others the last one does."""


def of_phase(stage: str, phase: str) -> str:
    """The section of a phase: its own name in the stages `pretrain` and `train`, `em` for example;
    in another stage below the stage's name, `warmup/coarse` for example."""
    return phase if stage in (phase, "train") else f"{stage}/{phase}"


def bests(figures: Iterable[str]) -> dict[str, str]:
    """How the summary chooses among the epochs, by the name of a figure."""
    found = {name: BEST[name] for name in figures if name in BEST}
    return found | {name: "min" for name in figures if name.startswith("loss")}
