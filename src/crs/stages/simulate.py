"""Stage `simulate`: what the simulated users say."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from crs.settings.base import Settings
from crs.settings.fields import choice, number, path
from crs.settings.files import prompt_file
from crs.settings.llm import LLM
from crs.stages.stage import Stage

USER = "data_generator.answers:build"
"""(Simulate, prompt, dataset artifact, context, cache, first) -> `crs.dialogue.state.User`."""
AGENDA = ("patience", "mistake", "change_of_mind", "disclosures")
"""Settings of the agenda-based user alone."""
IDLE = {
    "rules": ("prompt", "reveal_title", "path", *AGENDA),
    "agenda": ("noise", "prompt", "reveal_title", "path"),
    "llm": ("noise", "seed", "path", *AGENDA),
    "processed": ("prompt", "reveal_title", *AGENDA),
}
"""Settings of a simulated user that do not act."""


@dataclass
class Simulator(Settings):
    """The simulated user's first utterance (stage `simulate`)."""

    kind: str = choice("rules", "agenda", "llm", "processed")
    """`rules`; `agenda`: a goal and a stack of what to say; `llm`: the model of the group `llm`; or
    `processed`: the texts of files."""
    on_leak: str = choice("keep", "drop", "redo")
    """An utterance that names the target: `keep`, `drop` or `redo` it."""
    noise: float = number(low=0, high=1)
    """`rules`: share of utterances with one condition that does not hold for the target."""
    seed: int = number(low=0)
    """`rules`, `agenda`: of the utterances. `processed`: of the later turns of a dialogue, which
    the rules write."""
    patience: int = number(low=1)
    """`agenda`: a user leaves after so many lists without the target; each has a number of its own,
    from half of this, rounded up, to this."""
    mistake: float = number(low=0, high=1)
    """`agenda`: share of what is said for the first time, attributes and years, that does not hold;
    the next utterance corrects it."""
    change_of_mind: float = number(low=0, high=1)
    """`agenda`: share of the later utterances that drop what was said, or replace it."""
    disclosures: int = number(low=1)
    """`agenda`: an utterance says one thing, or up to so many."""
    prompt: str = MISSING
    """`llm`: the prompt: a text file in data_generator/prompts/, or a path."""
    reveal_title: bool = MISSING
    """`llm`: tell the model the target's title, as the released code does."""
    path: str | None = path()
    """`processed`: the file of texts, or the folder of files."""

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`, less what does not act; a prompt counts by its text."""
        plain = super().identity()
        if self.kind == "llm":
            text = prompt_file(self.prompt, "simulator.prompt").read_bytes()
            plain["prompt"] = hashlib.sha256(text).hexdigest()
        return {k: v for k, v in plain.items() if k not in IDLE.get(self.kind, ())}


@dataclass
class Simulate(Settings):
    """Settings of the `simulate` stage; the model counts only where it is the user."""

    simulator: Simulator = field(default_factory=Simulator)
    llm: LLM = field(default_factory=LLM)

    def identity(self) -> dict[str, Any]:
        """The simulator's, with the model's under `llm` where the user is a model."""
        plain = self.simulator.identity()
        return plain | {"llm": self.llm.identity()} if self.simulator.kind == "llm" else plain


STAGE = Stage(
    name="simulate",
    run="data_generator.simulate:run",
    version=2,
    settings=lambda config: Simulate(config.simulator, config.llm),
    reads=lambda config: ["dataset", "samples"],
    writes=("utterances.parquet", "leaks.parquet"),
    about="what the simulated users say",
    tables={
        "utterances.parquet": ("split", "user", "text"),
        "leaks.parquet": ("kind", "title", "text"),
    },
    code=lambda config: [f"data_generator.{config.simulator.kind}"],
    calls_llm=lambda config: config.simulator.kind == "llm",
)
