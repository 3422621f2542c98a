"""`crs store prune`: remove results that nothing kept stands on.

A result that stands on another cannot be found without it. So what a kept result stands on is kept.
"""

import shutil
from collections.abc import Iterable

from filelock import Timeout

from crs.places import refusal, unwritable
from crs.store.artifact import Artifact
from crs.store.commands.catalogue import Catalogue
from crs.store.commands.listing import Wanted
from crs.store.store import lock_of


def removable(
    catalogue: Catalogue, wanted: Wanted, keep: Iterable[Artifact] = ()
) -> list[Artifact]:
    """The results that are wanted gone and that no other needs; a reader before what it reads.

    Needed is what stands below a kept result or an unfinished one.

    Args:
        keep: results to keep whatever is wanted.
    """
    kept = {one.place for one in keep}
    gone = {
        one.place
        for one in catalogue.results.values()
        if one.place not in kept and wanted.fits(one, catalogue)
    }
    rest = [one for one in catalogue.results.values() if one.place not in gone]
    needed = catalogue.standing_on([*rest, *catalogue.being_read()])
    order = [*catalogue.standing_on(catalogue.results.values()).values()]
    return [one for one in reversed(order) if one.place not in needed]


def remove(result: Artifact, catalogue: Catalogue) -> bool:
    """Remove a result; False if a process makes it, or if a result that is there now, finished or
    not, stands on it.

    It goes under another name first: a folder of its name is always whole.

    Args:
        catalogue: is renewed, so that each manifest is read once however many results go.

    Raises:
        UserError: if the store cannot be written.
    """
    try:
        with lock_of(result.place).acquire(timeout=0):
            catalogue.renew()
            read = {one.place for one in catalogue.being_read()}
            if result.place in read or catalogue.readers.get(result.place):
                return False
            shutil.rmtree(catalogue.store.set_aside(result.place))
    except Timeout:
        return False
    except OSError as error:
        raise unwritable(
            f"--store={catalogue.store.root}", refusal(error) or str(error), "--store"
        ) from error
    return True
