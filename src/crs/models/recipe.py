"""What a model declares: its folder says this once, in `recipe.py`, as `MODEL`."""

from collections.abc import Callable
from dataclasses import dataclass, field

from crs.stages.stage import Configuration, Stage


def states(config: Configuration) -> str:
    """The stage whose user states are clustered: `pretrain`."""
    return "pretrain"


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
        clusters: the stage whose vectors the stage `intents` clusters.
        speaks: the stage of its own that trains a decoder of answers and reads `evaluate`;
            `crs.models.<name>.speech` has `speech(result, inputs) -> crs.chat.decoder_speaker
            .Speech`. Empty: there is none.
    """

    name: str
    reads: tuple[str, ...]
    requires: tuple[str, ...] = ()
    own_scorers: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    groups: dict[str, type] = field(default_factory=dict)
    takes_checkpoint: bool = False
    clusters: Callable[[Configuration], str] = states
    speaks: str = ""

    @property
    def runs_on_dialogues(self) -> bool:
        """Whether a dataset of dialogues has all it reads: contexts, or items alone."""
        return "contexts" in self.reads or self.reads == ("dataset",)

    @property
    def reads_words(self) -> bool:
        """Whether its scorers read what users say, and not only which attributes they ask for."""
        return not {"embed", "contexts"}.isdisjoint(self.reads)

    @property
    def reads_attribute_dialogues(self) -> bool:
        """Whether its scorers read turns of attributes, which need no words."""
        return "dialogues" in self.reads and not self.reads_words

    @property
    def scorers_module(self) -> str:
        """The module of its scorers."""
        return f"crs.models.{self.name}.scorers"
