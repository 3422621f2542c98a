"""Stage `controls`: other texts of the test cases, to see what a model's score hangs on."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crs.settings.base import Settings
from crs.settings.fields import choice, number
from crs.settings.files import named_file, package_folder, sha256_of
from crs.stages.simulate import Simulator
from crs.stages.stage import Configuration, Stage

HELDOUT, REFUSALS, PLOT = "heldout", "refusals", "plot"
SLICES = {HELDOUT: "held-out wording", REFUSALS: "held-out wording, a refusal", PLOT: "plot alone"}
"""What the slices of the table are called."""
NOISE = "noise="
"""A slice `noise=0.3` is that level."""


@dataclass
class Controls(Settings):
    """Other texts of the test cases (stage `controls`). Nothing is trained or chosen on them."""

    texts: list[str] = choice(HELDOUT, REFUSALS, PLOT)
    """`heldout`: what the case's user says, in phrases that training never heard; `refusals`: the
    same, and one thing that is not wanted; `plot`: words of the description that name no attribute
    and no year."""
    noise: list[float] = number(low=0, high=1)
    """Values of `simulator.noise`: the user's own phrases, so often with a false condition."""

    def problems(self) -> Iterator[str]:
        """A text or a level that is there twice."""
        for name, values in (("texts", self.texts), ("noise", self.noise)):
            if len(set(values)) < len(values):
                yield f"controls.{name}: each value once, please; one is there twice"

    @property
    def asked(self) -> bool:
        """Whether there are any."""
        return bool(self.texts or self.noise)

    @property
    def rephrased(self) -> bool:
        """Whether one of the texts needs the held-out phrases."""
        return not {HELDOUT, REFUSALS}.isdisjoint(self.texts)


def phrases_file(name: str) -> Path:
    """A table of held-out phrases: by its name in data_generator/phrases/, or by its path.

    Raises:
        UserError: if there is none.
    """
    folder = package_folder("data_generator") / "phrases"
    return named_file(name, "dataset.phrases", folder, "table of phrases")


@dataclass
class ControlTexts(Settings):
    """Settings of the `controls` stage."""

    controls: Controls = field(default_factory=Controls)
    simulator: Simulator = field(default_factory=Simulator)
    phrases: str | None = None
    """`dataset.phrases`, where they are needed; in a name it counts by the table's content."""

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`, with the content of the table of phrases."""
        plain = super().identity()
        if self.phrases is not None:
            plain["phrases"] = sha256_of(phrases_file(self.phrases), "dataset.phrases")
        return plain


def controls_of(config: Configuration) -> list[str]:
    """The results that hold the texts and their vectors, if the table is to have any."""
    vectors = ["embed_controls"] if "embed" in config.recipe.reads else []
    return ["controls", *vectors] if config.controls.asked else []


STAGE = Stage(
    name="controls",
    run="data_generator.controls:run",
    version=1,
    settings=lambda config: ControlTexts(
        config.controls,
        config.simulator,
        config.dataset.phrases if config.controls.rephrased else None,
    ),
    reads=lambda config: ["dataset", "simulate"],
    writes=("utterances.parquet",),
    about="other texts of the test cases",
    tables={"utterances.parquet": ("control", "user", "text")},
)
