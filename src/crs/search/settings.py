"""Settings of a search, `hydra.sweeper.…` on the command line; in no name of a result."""

from dataclasses import dataclass, field

from crs.settings.fields import choice, number

SWEEPER = "hydra_plugins.crs_optuna.OptunaSweeper"
"""Where Hydra finds the sweeper."""
SAMPLERS = ("tpe", "cmaes", "gp", "grid", "random")
PRUNERS = ("median", "hyperband", "none")


@dataclass
class Sweeper:
    """How a search goes (docs/search.md)."""

    _target_: str = SWEEPER
    n_trials: int = number(40, low=1)
    """Trials of the study, those of earlier commands among them."""
    sampler: str = choice(*SAMPLERS, default="tpe")
    pruner: str = choice(*PRUNERS, default="median")
    """Ends trials whose validation figure is worse than that of others at the same epoch."""
    seed: int = number(1, low=0)
    """Of the sampler."""
    objective: str | None = None
    """A figure of the validation after an epoch; null: `ndcg@10`. With stage=multi_turn a scorer,
    whose success counts; null: the model's own."""
    direction: str = choice("maximize", "minimize", default="maximize")
    workers: int | None = number(None, low=1)
    """Trials at once; null: `hydra.launcher.n_jobs`, where the launcher has it, else 1."""
    params: dict[str, str] = field(default_factory=dict)
    """The space: overrides by their keys. Those of the command line win."""
    study: str | None = None
    """Folder of the study; the search sets it for its workers."""
    parent: int | None = None
    """Process that started the workers, set as `study` is."""
