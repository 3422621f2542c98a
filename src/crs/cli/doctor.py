"""What this machine has for the suite, one line each, with what to type for what is missing.

crs doctor

--offline          ask no host
--store=artifacts  where results are to go
--version          print the version and leave
--help, -h         print this and leave

It exits with 2 if something is missing that every run needs.
"""

from collections.abc import Iterator
from pathlib import Path

from crs.cli.options import usual
from crs.console import plain
from crs.doctor import extras, machine, network
from crs.doctor.finding import BAD, Finding
from crs.errors import UserError
from crs.places import home
from crs.version import told


def findings(store: Path, offline: bool) -> Iterator[Finding]:
    """Every line."""
    yield machine.python()
    yield machine.libraries()
    yield machine.processor()
    yield from machine.gpu()
    yield extras.wandb()
    yield machine.disk(store)
    yield from extras.installed()
    if not offline:
        yield from network.network()


def main(words: list[str]) -> None:
    """Print what is found.

    Raises:
        UserError: if something is missing that every run needs.
    """
    parser = usual("there is --offline, --store, --version, --help")
    parser.add_argument("--offline", action="store_true")
    parser.add_argument("--store", default="artifacts")
    given = parser.parse_args(words)
    if given.help or given.version:
        print(told() if given.version else __doc__)
        return
    bad = 0
    for one in findings(Path(home(given.store)), given.offline):
        print(plain(one.line()), flush=True)
        bad += one.state == BAD
    if bad:
        raise UserError(f"{bad} of these every run needs; what to type stands behind each")
