"""Stage `evaluate`: ranks, metrics and their intervals."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from omegaconf import MISSING

from crs.evaluation.results import SECONDS
from crs.settings.base import Settings
from crs.settings.fields import choice, number, unfingerprinted
from crs.stages.controls import controls_of
from crs.stages.stage import Configuration, Stage

PROTOCOLS = {
    "full": ("out", False),
    "iclrec_as_released": ("zero", True),
    "latentcrs_as_released": ("in", True),
    "dialogues": ("in", False),
    "mip_sad_as_released": ("in", False),
}
"""What the names in the tables mean: (evaluation.seen, evaluation.padding)."""


@dataclass
class Evaluation(Settings):
    """Full-catalogue ranking and its statistics (stage `evaluate`)."""

    protocol: str = MISSING
    """Name of the protocol, as the tables show it."""
    seen: str = choice("out", "zero", "in")
    """Items of the history: `out` of the ranking, scored `zero`, or left `in`."""
    padding: bool = MISSING
    """Rank the padding row (and a mask row, where the table has one) as if they were items."""
    candidates: str = choice("none", "random", "first")
    """A second protocol beside the first: each target is ranked among 100 items that have the first
    attribute asked for, `random` ones or the `first` by number (as MIP-SAD's released code does);
    `none`: there is no second one."""
    ks: list[int] = number(low=1)
    resamples: int = number(low=1)
    """Bootstrap resamples of the clusters."""
    permutations: int = number(low=1)
    """Sign flips of the paired tests."""
    level: float = number(low=0.5, high=0.999)
    seed: int = number(low=0)

    def problems(self) -> Iterator[str]:
        """A protocol's name with another meaning, or tables without what they show."""
        if self.protocol in SECONDS:
            yield (
                f"evaluation.protocol={self.protocol}: this is what evaluation.candidates adds "
                "beside a ranking in the whole catalogue; type evaluation=full_and_sampled"
            )
        meaning = PROTOCOLS.get(self.protocol, (self.seen, self.padding))
        if meaning != (self.seen, self.padding):
            yield (
                f"evaluation.protocol={self.protocol} means seen and padding other than these; "
                "type evaluation.protocol=A_NAME_OF_YOUR_OWN"
            )
        if 10 not in self.ks:
            yield f"evaluation.ks={self.ks}: whole numbers from 1, with 10, which tables show"


@dataclass
class Evaluate(Settings):
    """Settings of the `evaluate` stage: the protocol, and the labels its table carries."""

    model: str = MISSING
    seed: int = number()
    evaluation: Evaluation = field(default_factory=Evaluation)
    own_scorers: list[str] = unfingerprinted([])
    """Names of the model\'s own scorers; the model\'s name implies them."""


def what_scorers_read(config: Configuration) -> list[str]:
    """The results that the scorers read; released dialogues need no simulated texts."""
    texts = {"samples", "simulate"} if config.dataset.released_dialogues else set()
    own = [name for name in config.recipe.reads if name not in texts]
    return controls_of(config) + own  # what they refuse is refused before anything is trained


STAGE = Stage(
    name="evaluate",
    run="crs.evaluation.evaluate:run",
    version=2,
    settings=lambda config: Evaluate(
        config.model.name, config.seed, config.evaluation, [*config.recipe.own_scorers]
    ),
    reads=what_scorers_read,
    writes=("ranks.parquet", "results.md", "results.parquet"),
    about="ranks, metrics and their intervals",
    code=lambda config: [config.recipe.scorers_module],
)
