"""One line declares a setting: its type, its bounds or choices, and what it is in a name.

A dataclass field carries the marks as metadata. `crs.settings.check` reads them to refuse values,
`crs.settings.base` to make the identity that a fingerprint is computed from, and the reference of
settings to describe them.
"""

from dataclasses import dataclass, field
from math import inf
from typing import Any

from omegaconf import MISSING

ALWAYS_NAMED = object()
"""Default of `neutral`: the setting is in every name."""


@dataclass(frozen=True)
class Marks:
    """What a setting declares.

    Attributes:
        low, high: the smallest and the largest value that is allowed.
        above: the value must be larger than this.
        multiple_of: name of another setting of the class that must divide the value.
        choices: the values that are allowed; of a list, those that it may hold.
        path: the value names a local file; in a name it counts by the file's content.
        key: what a path is called on the command line, if it is not `<class>.<field>`.
        unfingerprinted: the setting says how a result is computed, and is in no name.
        neutral: what code did before the setting existed; at this value it is in no name. It never
            changes, the default may.
        stored_as: the key in names, if the setting had another name before.
        formerly: the older dotted keys, which are refused with the new one.
    """

    low: float = -inf
    high: float = inf
    above: float = -inf
    multiple_of: str | None = None
    choices: tuple[str, ...] | None = None
    path: bool = False
    key: str | None = None
    unfingerprinted: bool = False
    neutral: Any = ALWAYS_NAMED
    stored_as: str | None = None
    formerly: tuple[str, ...] = ()

    @property
    def bounds(self) -> str:
        """The bounds in words; empty if every number is allowed."""
        if self.above > -inf:
            return f"above {self.above:g}" + (f", at most {self.high:g}" * (self.high < inf))
        if self.high < inf:
            return f"from {self.low:g} to {self.high:g}"
        return f"at least {self.low:g}" if self.low > -inf else ""


def marked(default: Any = MISSING, **marks: Any) -> Any:
    """A field with marks; a list as default is copied for each instance."""
    metadata = {"marks": Marks(**marks)}
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def number(default: Any = MISSING, **marks: Any) -> Any:
    """A number (or a list of numbers) with bounds: `low`, `high`, `above`, `multiple_of`."""
    return marked(default, **marks)


def choice(*names: str, default: Any = MISSING, **marks: Any) -> Any:
    """One of several names, or a list of some of them."""
    return marked(default, choices=names, **marks)


def path(default: str | None = None, key: str | None = None, **marks: Any) -> Any:
    """A local file or folder; in a name it counts by its content.

    Args:
        key: what it is called on the command line, if that is not `<class>.<field>`.
    """
    return marked(default, path=True, key=key, **marks)


def setting(default: Any = MISSING, **marks: Any) -> Any:
    """A text, a flag or a group that needs a mark: `neutral`, `stored_as`, `formerly`."""
    return marked(default, **marks)


def unfingerprinted(default: Any = MISSING, **marks: Any) -> Any:
    """A setting that says how a result is computed, never which: it is in no name."""
    return marked(default, unfingerprinted=True, **marks)


def group(cls: type, **marks: Any) -> Any:
    """A group of settings: a dataclass, made with its defaults."""
    return field(default_factory=cls, metadata={"marks": Marks(**marks)})


def marks_of(f: Any) -> Marks:
    """The marks of a dataclass field; none if it declares none."""
    found = f.metadata.get("marks")
    return found if isinstance(found, Marks) else Marks()
