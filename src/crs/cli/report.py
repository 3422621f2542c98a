"""Report what results, sweeps and studies came to: a table, and a page to look into.

crs report artifacts/evaluate/SEED1 artifacts/evaluate/SEED2 --against direct
crs report artifacts/sweeps/2026-11-30_10-00-00-1234
crs report artifacts/studies/FINGERPRINT

A place is a result (its folder, or the table in it that a command's last line names), a sweep or a
study (their folders). Results of other protocols, data or texts are refused.

--against=SCORER  compare each row with this scorer, on the same cases
--ks=10,20        cut-offs of this comparison; default: those of the table
--cases=all       the set of cases that it is made on, by its name in the results
--out=FOLDER      where the report is written; default: the folder of the one sweep or study,
                  else STORE/reports/NAME
--version         print the version and leave
--help, -h        print this and leave
"""

import argparse
import hashlib
from pathlib import Path

from crs.cli.options import usual
from crs.errors import UserError
from crs.places import home, refusal, unwritable
from crs.report import report
from crs.report.collect import Collection, collect
from crs.report.show import show
from crs.report.table import ALL
from crs.store.store import is_beside
from crs.version import told


def options(words: list[str]) -> argparse.Namespace:
    """The places and the options.

    Raises:
        UserError: on an option that does not exist, or no place.
    """
    parser = usual("there is --against, --ks, --cases, --out, --version, --help")
    parser.add_argument("places", nargs="*")
    for name in ("--against", "--out"):
        parser.add_argument(name, default="")
    for name in ("--ks", "--cases"):
        parser.add_argument(name)

    given = parser.parse_intermixed_args(words)
    for name in ("ks", "cases"):
        if (value := getattr(given, name)) is not None and not given.against:
            raise UserError(
                f"--{name}={value} says how scorers are compared; type --against=SCORER with it"
            )
    ks = [] if given.ks is None else given.ks.split(",")
    if not all(k.isdecimal() and int(k) for k in ks):
        raise UserError(f"--ks={given.ks}: whole numbers from 1, as --ks=5,10")
    given.ks = tuple(map(int, ks))
    given.cases = ALL if given.cases is None else given.cases
    # `artifacts/evaluate/*` names more than results.
    given.places = [place for place in given.places if not is_beside(Path(place).name)]
    if not given.places and not given.help and not given.version:
        raise UserError("name a result, a sweep or a study, e.g. artifacts/evaluate/FINGERPRINT")
    return given


def folder_of(collections: list[Collection]) -> Path:
    """Where a report is written that is given no place."""
    places = [one.place for one in collections]
    if len(places) == 1 and places[0].parent.name in ("sweeps", "studies"):
        return places[0]
    names = "\n".join(sorted(f"{place.parent.name}/{place.name}" for place in places))
    name = hashlib.sha256(names.encode()).hexdigest()[:16]
    return places[0].resolve().parents[1] / "reports" / name


def main(words: list[str]) -> None:
    """Print the table, write the report, say where."""
    given = options(words)
    if given.help or given.version:
        print(__doc__ if given.help else told())
        return
    from crs.report.write import HTML, TEXT, write

    collections = [collect(place) for place in given.places]
    title = ", ".join(f"{one.place.parent.name}/{one.place.name}" for one in collections)
    asked = report.Asked(given.against, given.ks, given.cases)
    made = report.of(collections, asked, f"Report of {title}")
    if not made.sections and not made.studies:
        raise UserError(f"{given.places[0]}: there is no figure to show yet")
    folder = Path(home(given.out)) if given.out else folder_of(collections)
    text = made.markdown()
    try:
        write(made, folder)
        (folder / TEXT).write_text(text)
    except OSError as error:
        raise unwritable(folder, refusal(error) or str(error.strerror), "--out") from error
    show(text.rstrip())
    print(f"\nreport: {folder / HTML}")
