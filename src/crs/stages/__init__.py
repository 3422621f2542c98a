"""The stages: a module for each declares its settings, what it reads and writes, and its code."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from crs.stages.stage import Stage


@cache
def declared_stages() -> dict[str, Stage]:
    """The stages that every model can have, by name; a model's own are in its recipe."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    declared = (vars(module)["STAGE"] for module in modules if "STAGE" in vars(module))
    return {stage.name: stage for stage in declared}
