"""Write the leaderboard from a store: every model on every dataset that it can be had on.

python scripts/leaderboard.py
python scripts/leaderboard.py --make=ml100k trainer.threads=1 tracker=none
python scripts/leaderboard.py --datasets=tiny --out=FOLDER store=STORE tracker=none
python scripts/leaderboard.py lastfm:dataset.path=FOLDER

Writes docs/leaderboard.md, .csv and .html, and the part of README.md about MovieLens-100K. Other
words are settings of train.py for every command; with `NAME:` before them for the dataset NAME.

--seeds=1,2,3     the seeds of every row
--models=A,B      these models alone; default: all
--datasets=A,B    these datasets alone; default: all of real data
--make[=A,B]      first make what is missing (of these datasets), one command after another
--out=FOLDER      where the files are written; README.md stays as it is then
--help, -h        print this and leave
"""

import argparse
import subprocess
import sys
from pathlib import Path

from crs.cli.options import Parser
from crs.console import complain, interrupt_on_sigterm, say
from crs.errors import UserError
from crs.places import home, refusal, unwritable
from crs.report.entries import COMMAND, Asked, Entries, entries_of, shown
from crs.report.leaderboard import Leaderboard
from crs.report.leaderboard_page import HTML, marked, part, write

ROOT = Path(__file__).parents[1]
DOCS, README = ROOT / "docs", ROOT / "README.md"
OF_README = "ml100k"
ALL = "all"
KNOWN = "there is --seeds, --models, --datasets, --make, --out, --help"


def options(words: list[str]) -> argparse.Namespace:
    """What the command line asks for.

    Raises:
        UserError: on an option that does not exist or makes no sense.
    """
    parser = Parser(KNOWN)
    parser.add_argument("settings", nargs="*")
    parser.add_argument("--seeds", default="1,2,3")
    for name in ("--models", "--datasets", "--make", "--out"):
        parser.add_argument(name, default="")
    parser.add_argument("--help", "-h", action="store_true")
    words = [f"--make={ALL}" if word == "--make" else word for word in words]
    given = parser.parse_intermixed_args(words)
    seeds = given.seeds.split(",")
    if not all(map(str.isdecimal, seeds)) or len({*seeds}) < len(seeds):
        raise UserError(f"--seeds={given.seeds}: whole numbers, each once, as --seeds=1,2,3")
    for name in ("models", "datasets"):
        if getattr(given, name) and not given.out:
            raise UserError(
                f"--{name}: docs/ shows all models and datasets; type --out=FOLDER for a part"
            )
    for word in given.settings:
        if "=" not in word:
            raise UserError(f"{word}: no setting; type KEY=VALUE, or one of these: {KNOWN}")
    return given


def asked_by(given: argparse.Namespace) -> Asked:
    """What the leaderboard is made of."""
    files: dict[str, tuple[str, ...]] = {}
    words: list[str] = []
    for word in given.settings:
        dataset, colon, setting = word.partition(":")
        if colon and "=" not in dataset:
            files[dataset] = (*files.get(dataset, ()), setting)
        else:
            words.append(word)
    return Asked(
        tuple(filter(None, given.models.split(","))),
        tuple(filter(None, given.datasets.split(","))),
        tuple(map(int, given.seeds.split(","))),
        tuple(words),
        files,
    )


def command_of(given: argparse.Namespace, asked: Asked) -> str:
    """The command as a page shows it: it names no place."""
    chosen = [f"--{name}={getattr(given, name)}" for name in ("models", "datasets")
              if getattr(given, name)]  # fmt: skip
    out = ["--out=FOLDER"] if chosen else []
    files = [f"{name}:{word}" for name, own in asked.files.items() for word in shown(own)]
    words = [f"--seeds={given.seeds}", *chosen, *out, *files, *shown(asked.words)]
    return " ".join(["python scripts/leaderboard.py", *words])


def make(entries: Entries, datasets: list[str]) -> list[str]:
    """Make what is missing, one command after another; those that failed.

    Each has a process of its own: the memory that one took is not in the manifests of the next.

    Raises:
        UserError: if no row of a dataset can be made.
    """
    datasets = [*entries.entries] if datasets == [ALL] else datasets
    for dataset in datasets:
        if dataset not in entries.entries:
            how = f" {entries.wanting[dataset]}" if dataset in entries.wanting else ""
            raise UserError(
                f"--make={dataset}: no row of it can be made.{how} There are "
                f"{', '.join(entries.entries)}"
            )
    failed = []
    for dataset in datasets:
        for entry in entries.entries[dataset]:
            for seed in entry.missing:
                command = entry.command([seed])
                say(f"make      {command}")
                words = [sys.executable, str(ROOT / COMMAND.split()[-1]), *entry.words_of(seed)]
                code = subprocess.run(words, stdout=subprocess.DEVNULL).returncode
                if code in (130, -2):
                    raise KeyboardInterrupt
                if code:
                    failed.append(command)
    return failed


def main(words: list[str]) -> None:
    """Make what is missing where asked, write the files, say where.

    Raises:
        UserError: on a mistake, and if a command failed; the files are written before.
    """
    given = options(words)
    if given.help:
        print(__doc__)
        return
    asked = asked_by(given)
    entries, failed = entries_of(asked), []
    if given.make:
        failed = make(entries, given.make.split(","))
        entries = entries_of(asked)
    leaderboard = Leaderboard(entries, command_of(given, asked))
    folder = Path(home(given.out)) if given.out else DOCS
    try:
        write(leaderboard, folder)
        if not given.out:
            [shown_there] = [one for one in leaderboard.standings if one.dataset == OF_README]
            README.write_text(marked(README.read_text(), part(shown_there), README.name))
    except OSError as error:
        raise unwritable(folder, refusal(error) or str(error.strerror), "--out") from error
    lacking = sum(len(entry.missing) for one in leaderboard.standings for entry in one.missing)
    say(f"missing   {lacking} results; the page names their commands")
    print(f"leaderboard: {folder / HTML}")
    if failed:
        raise UserError(f"failed: {'; '.join(failed)}")


if __name__ == "__main__":
    interrupt_on_sigterm()
    try:
        main(sys.argv[1:])
    except UserError as mistake:
        complain(mistake)
        sys.exit(2)
    except KeyboardInterrupt:
        complain("interrupted; the same command goes on from here")
        sys.exit(130)
