"""Stage `item_texts`: one text an item."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from omegaconf import MISSING

from crs.settings.base import Settings
from crs.stages.stage import Stage

FIELDS = ("title", "attributes", "year", "decade", "noun", "description", "facts")
"""What a template can name."""
FIELD = re.compile(r"\{(\w*)\}")
PART = re.compile(r"\[([^\[\]]*)\]")
"""A part of a template that is left out where the item lacks something that it names."""


@dataclass
class ItemTexts(Settings):
    """What is written of an item (stage `item_texts`)."""

    template: str = MISSING
    """Words with `{title}`, `{attributes}`, `{year}`, `{decade}`, `{noun}`, `{description}` and
    `{facts}` (names of its neighbours in the source's graph). A part in square brackets is left out
    where the item lacks something that it names."""

    def problems(self) -> Iterator[str]:
        """A field that does not exist, and brackets that do not close."""
        for name in FIELD.findall(self.template):
            if name not in FIELDS:
                yield (
                    f"item_texts.template: there is no {{{name}}}; there are "
                    f"{', '.join(f'{{{known}}}' for known in FIELDS)}"
                )
        if set("[]{}") & set(FIELD.sub("", PART.sub(r"\1", self.template))):
            yield (
                f"item_texts.template={self.template!r}: each bracket must close before another "
                "of its kind opens"
            )


STAGE = Stage(
    name="item_texts",
    run="data_generator.item_texts:run",
    version=1,
    settings=lambda config: config.item_texts,
    reads=lambda config: ["dataset"],
    writes=("texts.parquet",),
    about="one text an item",
)
