"""What a model declares: its folder says this once, in `recipe.py`, as `MODEL`."""

from dataclasses import dataclass, field

from crs.stages.stage import Stage


@dataclass(frozen=True)
class Model:
    """A recommender of `crs.models.<name>`.

    Attributes:
        name: as in `model=NAME`; the folder has the same.
        reads: the stages whose results its scorers read; `crs.models.<name>.scorers` has
            `scorers(inputs) -> {name: Recommender}`.
        own_scorers: the names of the scorers that are its own and no baselines.
        requires: what the items of a dataset must have: `attributes`, ….
        stages: its own stages.
        groups: its groups of settings, by name; conf/model/<name>.yaml gives their values.
        takes_checkpoint: its `train` stage takes given weights (`checkpoint=PATH`).
    """

    name: str
    reads: tuple[str, ...]
    requires: tuple[str, ...] = ()
    own_scorers: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    groups: dict[str, type] = field(default_factory=dict)
    takes_checkpoint: bool = False

    @property
    def scorers_module(self) -> str:
        """The module of its scorers."""
        return f"crs.models.{self.name}.scorers"
