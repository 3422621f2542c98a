"""The recommenders: each folder is one, with the same names of files."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from crs.models.recipe import Model


@cache
def recipes() -> dict[str, Model]:
    """The recipe of each model, by its name."""
    folders = sorted(module.name for module in iter_modules(__path__) if module.ispkg)
    return {name: import_module(f"crs.models.{name}.recipe").MODEL for name in folders}
