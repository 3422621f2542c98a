"""Base of the settings of a stage: which of them are in the name of its result."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from crs.settings.fields import marks_of
from crs.settings.files import sha256_of


@dataclass
class Settings:
    """Settings of a stage, or a group of them."""

    def identity(self) -> dict[str, Any]:
        """What the fingerprint is computed from: plain values by their stored names.

        A path counts by the sha256 of its content, so that a name depends on content and never on
        the path of a file. Left out are settings that are marked as unfingerprinted, and those that
        have their neutral value.
        """
        plain: dict[str, Any] = {}
        for f in fields(self):
            marks, value = marks_of(f), getattr(self, f.name)
            if marks.unfingerprinted or value == marks.neutral:
                continue
            if isinstance(value, Settings):
                value = value.identity()
            elif marks.path and value is not None:
                value = sha256_of(value, marks.key or f"{type(self).__name__.lower()}.{f.name}")
            plain[marks.stored_as or f.name] = value
        return plain

    def problems(self) -> Iterator[str]:
        """Sentences about values that do not go together: what is wrong, and what to type."""
        return iter(())
