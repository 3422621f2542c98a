"""`crs store verify`: every file against its sha256."""

from collections.abc import Iterator

from crs.errors import DamageError
from crs.store.artifact import MANIFEST, Artifact
from crs.store.commands.catalogue import Catalogue


def damages(results: list[Artifact]) -> Iterator[DamageError]:
    """What is wrong with each result that is not as it was written."""
    for result in results:
        try:
            result.verify()
        except DamageError as damage:
            yield damage


def all_damages(catalogue: Catalogue) -> Iterator[DamageError]:
    """The same of a whole store, those results among it whose manifest cannot be read."""
    for result in catalogue.damaged:
        yield result.damage(MANIFEST, "is not as it was written")
    yield from damages([*catalogue.results.values()])
