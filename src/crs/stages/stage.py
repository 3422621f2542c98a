"""What a stage module or a recipe declares of a stage. The pipeline reads nothing else of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from crs.settings.base import Settings

Configuration = Any
"""`crs.config.Config`. It is made of the stage modules, so they cannot import it."""


def nothing(config: Configuration) -> list[str]:
    """Of no configuration anything."""
    return []


def never(config: Configuration) -> bool:
    """For no configuration."""
    return False


@dataclass(frozen=True)
class Stage:
    """How one kind of result is computed.

    Attributes:
        name: as in `stage=NAME`.
        run: `package.module:function`, the function `(settings, inputs, folder, context) ->
            summary`. It is named, not imported, so that a run which finds all results needs no
            torch.
        version: raised when the same settings begin to give another result.
        settings: the stage's own settings, from the configuration.
        reads: the stages whose results it reads, from the configuration.
        writes: the files that each of its results has.
        about: what it computes, for the plan and the docs.
        code: more modules whose code computes the result, from the configuration.
        handed: functions of other packages that it is handed, by name: `package.module:function`.
        phase: the last phase of its training, whose validation figure says how good the model is,
            or how the configuration chooses it; empty if it trains nothing that can be searched by.
        tables: what a tracker shows of its files, beside `results.parquet` and pictures: columns of
            a Parquet table, or for an array of numbers what they are and what their counts are.
        calls_llm: whether it calls a language model; then its module has `quote`, for
            `dry_run=true`.
    """

    name: str
    run: str
    version: int
    settings: Callable[[Configuration], Settings]
    reads: Callable[[Configuration], list[str]]
    writes: tuple[str, ...]
    about: str
    code: Callable[[Configuration], list[str]] = nothing
    handed: dict[str, str] = field(default_factory=dict)
    phase: str | Callable[[Configuration], str] = ""
    tables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    calls_llm: Callable[[Configuration], bool] = never

    def last_phase(self, config: Configuration) -> str:
        """The last phase of its training under a configuration."""
        return self.phase(config) if callable(self.phase) else self.phase

    @property
    def module(self) -> str:
        """The module of its function."""
        return self.run.partition(":")[0]


def import_object(path: str) -> Any:
    """What `package.module:name` names."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
