"""The space of a search: overrides of Hydra's grammar that have several values."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.types import Override, QuotedString

from crs.errors import UserError
from crs.overrides import PLACES, ends, parse

if TYPE_CHECKING:
    from optuna.trial import Trial

Value = None | bool | int | float | str
ONE = ("model", "dataset", "stage", "launcher", "search", "experiment")
"""Groups of which a search has one choice: values of others cannot be compared."""
LOG = "log"
"""The tag of an interval whose logarithm is drawn."""


@dataclass(frozen=True)
class Parameter:
    """What is drawn for one key.

    Attributes:
        key: as on the command line.
        text: its values as they were typed.
        options: the values of a choice, each with its text; empty for an interval.
        low, high: the ends of an interval, both of which can be drawn.
        step: of a range.
        values: of a range, ascending.
        log: the logarithm is drawn.
    """

    key: str
    text: str
    options: tuple[tuple[Value, str], ...] = ()
    low: float = 0
    high: float = 0
    step: float | None = None
    values: tuple[float, ...] = ()
    log: bool = False

    def draw(self, trial: "Trial") -> Value:
        """The value of a trial, drawn where it has none yet."""
        if self.options:
            return trial.suggest_categorical(self.key, [value for value, _ in self.options])
        if isinstance(self.low, int):
            step = int(self.step or 1)
            return trial.suggest_int(self.key, self.low, int(self.high), step=step, log=self.log)
        return self.exact(
            trial.suggest_float(self.key, self.low, self.high, step=self.step, log=self.log)
        )

    def exact(self, value: Value) -> Value:
        """A value that a study holds; of a range without the rounding of its sums."""
        if not self.values or not isinstance(value, int | float):
            return value
        return min(self.values, key=lambda one: abs(one - value))

    def word(self, value: Value) -> str:
        """The override that gives it a value."""
        value = self.exact(value)
        same = (text for one, text in self.options if one == value and type(one) is type(value))
        return f"{self.key}={next(same, repr(value))}"

    def grid(self) -> list[Value]:
        """All values.

        Raises:
            UserError: if there is no end of them.
        """
        if self.options:
            return [value for value, _ in self.options]
        if self.step is None:
            raise UserError(
                f"{self.key}={self.text}: hydra.sweeper.sampler=grid needs values that can be "
                f"counted; type {self.key}=choice(A,B,C) or range(FROM,TO)"
            )
        return list(self.values)


def parameter(override: Override) -> Parameter:
    """What an override of several values draws.

    Raises:
        UserError: if its values cannot be drawn from.
    """
    key, text = override.get_key_element(), override.get_value_string()
    tags: set[str] = getattr(override.value(), "tags", set())
    if tags - {LOG}:
        raise UserError(f"{key}={text}: {', '.join(sorted(tags - {LOG}))}: the only tag is {LOG}")
    if tags and not override.is_interval_sweep():
        raise UserError(
            f"{key}={text}: the tag {LOG} is for an interval; type {key}=tag({LOG},interval(A,B))"
        )
    if override.is_interval_sweep():
        low, high = ends(override)
        log = LOG in tags
        if not low < high:
            raise UserError(f"{key}={text}: the first end must be below the second")
        if log and low <= 0:
            raise UserError(f"{key}={text}: a logarithm needs ends above 0")
        return Parameter(key, text, low=low, high=high, log=log)
    values: list[Any] = list(override.sweep_iterator())
    if override.is_range_sweep() and len(values) > 1:
        if not all(isinstance(value, int) for value in values):
            # As people write them: sums of floats would be other values.
            first, by = (
                Decimal(str(getattr(override.value(), name))) for name in ("start", "step")
            )
            values = [float(first + number * by) for number in range(len(values))]
        low, second, *_ = values = sorted(values)
        step = type(low)(Decimal(str(second)) - Decimal(str(low)))
        return Parameter(key, text, low=low, high=values[-1], step=step, values=tuple(values))
    texts = override.sweep_string_iterator()
    options = {text: plain(value, text) for value, text in zip(values, texts, strict=True)}
    return Parameter(key, text, tuple((value, text) for text, value in options.items()))


def plain(value: Any, text: str) -> Value:
    """A value that a study can hold; of a list or a dictionary its text."""
    if isinstance(value, QuotedString):
        return value.text
    return value if value is None or isinstance(value, bool | int | float | str) else text


def key_of(word: str) -> str:
    """The key of an override."""
    return parse(word).get_key_element().lstrip("+~")


def merged(params: dict[str, str], words: list[str]) -> list[str]:
    """The words of a space and those of the command line, which win."""
    typed = {parse(word).get_key_element() for word in words}
    return [*(f"{key}={text}" for key, text in params.items() if key not in typed), *words]


@dataclass(frozen=True)
class Space:
    """The parameters of a search, the words that stay, and the seeds of its repetitions."""

    parameters: dict[str, Parameter]
    fixed: list[str]
    seeds: list[int]

    @classmethod
    def of(cls, words: list[str]) -> "Space":
        """What words of the command line span, while Hydra is initialised.

        Raises:
            UserError: if they span nothing, or what cannot be compared.
        """
        overrides = [parse(word) for word in words]
        several = {o.get_key_element(): o for o in overrides if o.is_sweep_override()}
        fixed = [w for w, o in zip(words, overrides, strict=True) if not o.is_sweep_override()]
        for key in ONE:
            if key in several:
                raise UserError(
                    f"{key}: a search is of one {key}, and its other values cannot be compared "
                    f"with it; type {key}=NAME, or leave hydra/sweeper=optuna out"
                )
        for key in several:
            if key.lstrip("+").split(".")[0] in PLACES:
                raise UserError(
                    f"{key}: it changes no result, so there is nothing to search; type {key}=VALUE"
                )
        repeated = several.pop("seed", None)
        if repeated and not repeated.is_discrete_sweep():
            raise UserError("seed: in a search seeds are repetitions; type seed=1,2,3")
        parameters = {key: parameter(override) for key, override in several.items()}
        if not parameters:
            raise UserError(
                "hydra/sweeper=optuna: there is nothing to search; type a space, e.g. "
                "'pretrain.lr=tag(log,interval(1e-4,1e-2))', or search=MODEL"
            )
        seeds = [int(str(seed)) for seed in repeated.sweep_iterator()] if repeated else []
        return cls(parameters, fixed, seeds)

    def first(self) -> list[str]:
        """The words of one point of the space."""
        return [
            parameter.word(parameter.options[0][0] if parameter.options else parameter.low)
            for parameter in self.parameters.values()
        ]


def check_space(words: list[str], sampler: str) -> None:
    """Refuse a space that cannot be searched.

    Raises:
        UserError: as `Space.of`, and for a grid over an interval.
    """
    for one in Space.of(words).parameters.values():
        if sampler == "grid":
            one.grid()
