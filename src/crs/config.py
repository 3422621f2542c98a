"""The root of the configuration: every group of settings, and who declares it.

A stage module or a model's recipe declares a group; the values are in conf/. A stage is handed its
own settings and never this.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, make_dataclass
from typing import TYPE_CHECKING, Any

from omegaconf import MISSING

from crs.models import recipes
from crs.models.recipe import Model
from crs.settings.base import Settings
from crs.settings.check import nearest
from crs.settings.engine import Engine
from crs.settings.fields import number
from crs.settings.llm import LLM
from crs.settings.tracker import TrackerSettings
from crs.settings.training import Train, Trainer, Warmup
from crs.stages import declared_stages
from crs.stages.contexts import Contexts
from crs.stages.controls import Controls
from crs.stages.dataset import Dataset
from crs.stages.dialogues import Dialogues
from crs.stages.embed import Embedder
from crs.stages.entity_texts import EntityTexts
from crs.stages.evaluation import Evaluation
from crs.stages.fusion import Fusion
from crs.stages.graph import Graph
from crs.stages.intents import Intents
from crs.stages.item_texts import ItemTexts
from crs.stages.multi_turn import MultiTurn
from crs.stages.pretrain import Pretrain
from crs.stages.samples import Samples
from crs.stages.simulate import Simulator


@dataclass
class Named:
    """A choice by its name: of the model, or of the result that is asked for."""

    name: str = MISSING


def stage_names() -> list[str]:
    """The names of all stages: those of the stage modules, and those of the models."""
    own = (stage.name for model in recipes().values() for stage in model.stages)
    return list(dict.fromkeys([*declared_stages(), *own]))


@dataclass
class Shared(Settings):
    """What every model has."""

    model: Named = field(default_factory=Named)
    dataset: Dataset = field(default_factory=Dataset)
    stage: Named = field(default_factory=Named)
    pretrain: Pretrain = field(default_factory=Pretrain)
    intents: Intents = field(default_factory=Intents)
    samples: Samples = field(default_factory=Samples)
    simulator: Simulator = field(default_factory=Simulator)
    llm: LLM = field(default_factory=LLM)
    embedder: Embedder = field(default_factory=Embedder)
    item_texts: ItemTexts = field(default_factory=ItemTexts)
    entity_texts: EntityTexts = field(default_factory=EntityTexts)
    fusion: Fusion = field(default_factory=Fusion)
    controls: Controls = field(default_factory=Controls)
    dialogues: Dialogues = field(default_factory=Dialogues)
    graph: Graph = field(default_factory=Graph)
    contexts: Contexts = field(default_factory=Contexts)
    warmup: Warmup = field(default_factory=Warmup)
    train: Train = field(default_factory=Train)
    evaluation: Evaluation = field(default_factory=Evaluation)
    multi_turn: MultiTurn = field(default_factory=MultiTurn)
    trainer: Trainer = field(default_factory=Trainer)
    engine: Engine = field(default_factory=Engine)
    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    seed: int = number(low=0)
    """Sets pretrain.seed, intents.seed, warmup.seed and train.seed."""
    checkpoint: str | None = None
    """Weights of the model's `train` stage to evaluate instead of training; loaded weights-only."""
    store: str = MISSING
    """Root of all results."""
    force: list[str] = MISSING
    """Stages to compute again; the old folder is moved aside."""
    strict: bool = MISSING
    """Refuse a found result that other code computed."""
    verify: bool = MISSING
    """Compare the content of every result of the plan with its sha256."""
    dry_run: bool = MISSING
    """Print the plan and the price, and stop."""

    @property
    def recipe(self) -> Model:
        """What the chosen model declares."""
        return recipes()[self.model.name]

    def problems(self) -> Iterator[str]:
        """A model or a stage that does not exist, and weights for a model that takes none."""
        for key, name, known in (
            ("model.name", self.model.name, [*recipes()]),
            ("stage.name", self.stage.name, stage_names()),
        ):
            if name not in known:
                near = nearest(name, known)
                yield f"{key}={name}: no such choice.{near} There are {', '.join(known)}"
        if self.checkpoint and not self.recipe.takes_checkpoint:
            able = " and ".join(f"model={m.name}" for m in recipes().values() if m.takes_checkpoint)
            yield (
                f"checkpoint: model={self.model.name} takes no weights of its train stage; "
                f"{able} do, and pretrain.checkpoint=PATH gives an encoder"
            )


OF_MODELS = {name: model for model in recipes().values() for name in model.groups}
"""Which model declares a group."""

if TYPE_CHECKING:

    class Config(Shared):
        """`Shared`, and the groups that models declare."""

        def __getattr__(self, name: str) -> Any: ...

else:
    Config = make_dataclass(
        "Config",
        [
            (name, cls | None, field(default_factory=cls))
            for model in recipes().values()
            for name, cls in model.groups.items()
        ],
        bases=(Shared,),
    )
    Config.__module__ = __name__  # Python 3.11 has no argument for it; pickle needs it


class Reading:
    """A configuration that notes which of its groups are read."""

    def __init__(self, config: Config) -> None:
        self._config, self.read = config, set[str]()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self._config, name)
