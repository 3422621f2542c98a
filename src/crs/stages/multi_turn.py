"""Stage `multi_turn`: dialogues with the simulated user."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from omegaconf import MISSING

from crs.dialogue.catalogue import synonyms_file
from crs.errors import UserError
from crs.settings.base import Settings
from crs.settings.fields import choice, number, setting, unfingerprinted
from crs.settings.files import prompt_file, sha256_of
from crs.settings.llm import LLM
from crs.stages.embed import ENCODER, Embedder
from crs.stages.simulate import USER, Simulate, Simulator
from crs.stages.stage import Configuration, Stage


@dataclass
class MultiTurn(Settings):
    """Dialogues against the simulated user (stage `multi_turn`)."""

    protocol: str = MISSING
    """Name of the protocol, as the tables show it."""
    split: str = choice("test", "valid")
    """`test`, or `valid` to choose settings by."""
    cases: int = number(low=1)
    """Cases that are drawn."""
    turns: int = number(low=1)
    shown: int = number(low=1)
    """Items a turn."""
    scorers: list[str] = MISSING
    """Which of the model's scorers talk; empty: all."""
    user: str | None = choice("rules", "agenda", "llm", default=None, unfingerprinted=True)
    """Who talks from the first turn on, by the settings of the group `simulator`, whoever wrote the
    training texts; null: the user who wrote them. The settings of who talks are in the name."""
    rerankers: list[str] = choice("none", "hard", "as_released", stored_as="ways")
    """Re-rankers: `none`, `hard`, `as_released`. Each scorer has a dialogue per case with each."""
    top: int = number(low=1)
    """`as_released` re-ranks so many items, the best by score."""
    seen: str = choice("out", "in")
    """Items of the history: `out` of the ranking, or left `in`."""
    questions: str = choice("none", "beside", "instead", neutral="none")
    """Whether the system asks: `none`; a question `beside` each list; or `instead` of a list while
    more than ten lists of items have all that is asked for. It asks what tells most."""
    understanding: str = choice("rules", "meaning", "llm")
    """`rules`; `meaning`: the rules, and words that no table has by what they mean, compared by
    `embedder=minilm`; or `llm`: the model of the group `llm` reads the dialogue."""
    prompt: str = MISSING
    """`understanding=llm`: the prompt, a text file in multi_turn/prompts/ or a path."""
    user_prompt: str = MISSING
    """`simulator=llm`: the prompt from the second turn on, a text file in data_generator/prompts/
    or a path."""
    text: str = choice("newest", "joined", "mean")
    """What is embedded from the second turn on: the `newest` wish, all of them `joined`, or the
    `mean` of their vectors."""
    ks: list[int] = number(low=1)
    resamples: int = number(low=1)
    """Bootstrap resamples of the cases."""
    level: float = number(low=0.5, high=0.999)
    seed: int = number(low=0)
    """Of the draw of cases and of the bootstrap."""

    def problems(self) -> Iterator[str]:
        """No re-ranker, one twice, or cut-offs without 10, which the tables show."""
        if not self.rerankers or len(set(self.rerankers)) < len(self.rerankers):
            yield (
                f"multi_turn.rerankers={self.rerankers}: at least one of none, hard, as_released, "
                "each once"
            )
        if 10 not in self.ks:
            yield f"multi_turn.ks={self.ks}: whole numbers from 1, with 10, which tables show"


@dataclass
class MultiTurnSettings(Settings):
    """Settings of the `multi_turn` stage: its participants, and the labels its table carries."""

    model: str = MISSING
    seed: int = number()
    multi_turn: MultiTurn = field(default_factory=MultiTurn)
    simulate: Simulate = field(default_factory=Simulate)
    reader: LLM | None = None
    """The language model that understands; None where rules do."""
    embedder: Embedder | None = None
    """None for a model that reads no text."""
    other_user: bool = unfingerprinted(False)
    """Who talks is another user than that of the training texts, and says first words of its own;
    the settings under `simulate`, beside those of the input of that name, imply it."""
    own_scorers: list[str] = unfingerprinted([])
    """Names of the model\'s own scorers; the model\'s name implies them."""
    synonyms: str | None = setting(None, neutral=None)
    """`dataset.synonyms`; in a name it counts by the table\'s content."""

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`, less prompts that are not used; the others and synonyms
        by their text."""
        plain = super().identity()
        if self.synonyms is not None:
            plain["synonyms"] = sha256_of(synonyms_file(self.synonyms), "dataset.synonyms")
        talk = plain["multi_turn"]
        for key, package, read in (
            ("prompt", "multi_turn", self.reader is not None),
            ("user_prompt", "data_generator", self.simulate.simulator.kind == "llm"),
        ):
            name = talk.pop(key)
            if read:
                talk[key] = sha256_of(prompt_file(name, f"multi_turn.{key}", package), key)
        return plain


def user_of(config: Configuration) -> Simulator:
    """The settings of who talks.

    Raises:
        UserError: if the system is to ask a user who answers no questions.
    """
    kind, asks = config.multi_turn.user or config.simulator.kind, config.multi_turn.questions
    if asks in ("beside", "instead") and kind != "rules":
        raise UserError(
            f"multi_turn.questions={asks}: the {kind} user answers no questions; type "
            "multi_turn.user=rules"
        )
    user: Simulator = replace(config.simulator, kind=kind)
    return user


def encoder_of(config: Configuration) -> Embedder | None:
    """The text encoder, of a model that reads text.

    Raises:
        UserError: if words are to be read by meaning and there is none whose cosines are known.
    """
    found: Embedder | None = config.embedder if "embed" in config.recipe.reads else None
    if config.multi_turn.understanding == "meaning" and (found is None or found.kind != "minilm"):
        raise UserError(
            "multi_turn.understanding=meaning compares words by embedder=minilm; type it, with a "
            "model that reads texts, e.g. model=latentcrs"
        )
    return found


def what_dialogues_read(config: Configuration) -> list[str]:
    """First utterances, and the results that the scorers read."""
    return list(dict.fromkeys(["dataset", "samples", "simulate", *config.recipe.reads]))


def encoders(config: Configuration) -> list[str]:
    """The modules of the scorers, and of the text encoder if the model reads text."""
    reads_text = "embed" in config.recipe.reads
    encoder = [f"text2embedding.{config.embedder.kind}"] if reads_text else []
    return [config.recipe.scorers_module, *encoder]


STAGE = Stage(
    name="multi_turn",
    run="multi_turn.dialogues:run",
    version=4,
    settings=lambda config: MultiTurnSettings(
        config.model.name,
        config.seed,
        config.multi_turn,
        Simulate(user_of(config), config.llm),
        config.llm if config.multi_turn.understanding == "llm" else None,
        encoder_of(config),
        config.multi_turn.user not in (None, config.simulator.kind),
        [*config.recipe.own_scorers],
        config.dataset.synonyms,
    ),
    reads=what_dialogues_read,
    writes=("dialogues.md", "dialogues.parquet", "results.md", "results.parquet"),
    about="dialogues with the simulated user",
    code=encoders,
    handed={"encoder": ENCODER, "user": USER},
    tables={"dialogues.parquet": ("scorer", "case", "title", "turn", "said", "reply", "success")},
    calls_llm=lambda config: "llm" in (user_of(config).kind, config.multi_turn.understanding),
)
