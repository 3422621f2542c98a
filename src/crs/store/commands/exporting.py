"""`crs store export`: a result and all that it stands on in one file.

The file is a ZIP whose members are stored as they are: `stage/fingerprint/…` for each file of each
result, and an index. `crs.store.commands.importing` reads it.
"""

import json
import zipfile
from contextlib import suppress
from pathlib import Path

from crs.console import say
from crs.errors import UserError
from crs.places import refusal
from crs.report.lineage import known
from crs.store.artifact import MANIFEST, UNFINISHED, Artifact, replace_synced
from crs.store.commands.catalogue import Catalogue, named

INDEX = "crs-store.json"
FORMAT = 1
"""Raised when an older reader could not read the file."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every member: the same results give the same file."""


def export(result: Artifact, catalogue: Catalogue, file: Path) -> list[Artifact]:
    """Write the file, once every result is found to be as it was written.

    Returns:
        The results in it, what is read before its reader.
    Raises:
        UserError: if a result below is gone or damaged, or the place takes no file.
    """
    results = [*catalogue.standing_on([result]).values()]
    for one in results:
        for below in catalogue.inputs(one).values():
            if not known(below):
                raise UserError(f"{named(one)} stands on {named(below)}, which is no longer here")
            if below.digest != one.manifest["inputs"][below.stage]["digest"]:
                raise UserError(
                    f"{named(below)} was made again after {named(one)}; type the command of "
                    f"{named(one)} again before it is exported"
                )
        one.verify()
    unfinished = file.with_name(file.name + UNFINISHED)
    try:
        write(result, results, unfinished)
        replace_synced(unfinished, file)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        why = refusal(error) or str(error.strerror)
        raise UserError(
            f"{file} cannot be written ({why}); make room there, or name another FILE"
        ) from error
    return results


def write(result: Artifact, results: list[Artifact], file: Path) -> None:
    """Write index and members."""
    index = {"format": FORMAT, "result": named(result), "results": [*map(named, results)]}
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(zipfile.ZipInfo(INDEX, EPOCH), json.dumps(index, indent=1))
        for one in results:
            say(f"export    {named(one)}")
            for name in (MANIFEST, *one.manifest["files"]):
                member = zipfile.ZipInfo(f"{named(one)}/{name}", EPOCH)
                member.file_size = (one.place / name).stat().st_size
                with packed.open(member, "w") as out, (one.place / name).open("rb") as content:
                    while block := content.read(1 << 20):
                        out.write(block)
