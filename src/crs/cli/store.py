"""Look into a store, take results to another, remove what is not needed.

crs store list                   all results; --stage=, --model=, --dataset=, --older=30d,
                                 --larger=100MB choose, --sort=stage|age|size|score orders
crs store show FINGERPRINT       what made a result: settings, cost, code, lineage
crs store diff A B               what sets two results apart
crs store verify [FINGERPRINT…]  every file against its sha256
crs store prune                  remove results that are not needed: --older=, --larger=, --stage=,
                                 --model=, --dataset= choose; --keep=FINGERPRINT,… keeps these and
                                 what they stand on, and alone removes all others
crs store export FINGERPRINT FILE   a result and all that it stands on, as one file
crs store import FILE            the results of such a file
crs store gc                     remove stale locks; logs, uploaded W&B runs, folders that were set
                                 aside, if older than --older=30d; --unsynced: W&B runs that were
                                 not uploaded too

Four digits of a fingerprint are enough, and the path of a result is understood too. `prune` and
`gc` say what would go; --yes removes it.

--store=artifacts  the store
--version          print the version and leave
--help, -h         print this and leave
"""

import argparse
from pathlib import Path

from crs.cli.options import Parser, usual
from crs.console import plain, say
from crs.errors import UserError
from crs.places import home
from crs.store.commands.amounts import BYTES, age_of, shown, size_of
from crs.store.commands.catalogue import Catalogue, bytes_of, named
from crs.store.commands.listing import ORDERS, Wanted
from crs.version import told

HINT = "crs store --help shows what there is"


def parser() -> Parser:
    """All that can be typed."""
    whole = usual(HINT)
    whole.add_argument("--store", default="artifacts")
    common = Parser(HINT)
    # Without a default: that would replace what stands before the action.
    common.add_argument("--store", default=argparse.SUPPRESS)
    choosing = Parser(HINT)
    for name in ("--stage", "--model", "--dataset", "--older", "--larger"):
        choosing.add_argument(name)
    actions = whole.add_subparsers(dest="action")

    def action(name: str, *parents: Parser) -> Parser:
        return actions.add_parser(name, parents=[common, *parents], hint=HINT)

    action("list", choosing).add_argument("--sort", choices=ORDERS, default="stage")
    action("show").add_argument("result")
    diff = action("diff")
    diff.add_argument("result")
    diff.add_argument("other")
    action("verify").add_argument("results", nargs="*")
    prune = action("prune", choosing)
    prune.add_argument("--keep", default="")
    prune.add_argument("--yes", action="store_true")
    export = action("export")
    export.add_argument("result")
    export.add_argument("file")
    action("import").add_argument("file")
    gc = action("gc")
    gc.add_argument("--older", default="30d")
    gc.add_argument("--unsynced", action="store_true")
    gc.add_argument("--yes", action="store_true")
    return whole


def main(words: list[str]) -> None:
    """Do what is asked.

    Raises:
        UserError: if it makes no sense, or a result is damaged.
    """
    if {"--help", "-h"} & {*words}:  # behind an action too, and whatever that lacks
        print(__doc__)
        return
    given = parser().parse_args(words)
    if given.version:
        print(told())
        return
    if given.action is None:
        raise UserError("crs store: type what to do, e.g. crs store list; --help shows all")
    ACTIONS[given.action](given)


def wanted(given: argparse.Namespace) -> Wanted:
    """The results that the options choose."""
    older, larger = given.older, given.larger
    return Wanted(
        given.stage,
        given.model,
        given.dataset,
        age_of(older) if older else 0,
        size_of(larger) if larger else 0,
    )


def show_list(given: argparse.Namespace) -> None:
    """The table of results."""
    from crs.store.commands.listing import aligned, rows

    catalogue = Catalogue(given.store)
    for line in aligned(rows(catalogue, wanted(given), given.sort)):
        print(plain(line))
    for one in catalogue.damaged:
        say(f"damaged   {named(one)}: its manifest is not as it was written")


def show_one(given: argparse.Namespace) -> None:
    """What made a result."""
    from crs.store.commands.showing import show

    catalogue = Catalogue(given.store)
    for line in show(catalogue.one(given.result), catalogue):
        print(plain(line))


def show_difference(given: argparse.Namespace) -> None:
    """What sets two results apart."""
    from crs.store.commands.showing import diff

    catalogue = Catalogue(given.store)
    for line in diff(catalogue.one(given.result), catalogue.one(given.other)):
        print(plain(line))


def verify(given: argparse.Namespace) -> None:
    """Each damaged result, and how many are whole.

    Raises:
        UserError: if any is damaged.
    """
    from crs.store.commands.verifying import all_damages, damages

    catalogue = Catalogue(given.store)
    some = [catalogue.one(prefix) for prefix in given.results]
    count, bad = len(some) or len(catalogue.results) + len(catalogue.damaged), 0
    for damage in damages(some) if some else all_damages(catalogue):
        print(plain(damage.what))
        bad += 1
    if bad:
        raise UserError(
            f"{bad} of {count} results are damaged; the command that made one makes it again with "
            "force=[STAGE]"
        )
    print(f"verified: all files of {count} results")


def prune(given: argparse.Namespace) -> None:
    """Remove results, or say which.

    Raises:
        UserError: if nothing says which.
    """
    from crs.store.commands.pruning import removable, remove

    choice, catalogue = wanted(given), Catalogue(given.store)
    keep = [catalogue.one(prefix) for prefix in given.keep.split(",") if prefix]
    if choice == Wanted() and not keep:
        raise UserError(
            "crs store prune: say what may go, e.g. --older=30d, --larger=1GB or --stage=NAME, or "
            "with --keep=FINGERPRINT what must stay"
        )
    count = freed = 0
    for one in removable(catalogue, choice, keep):
        size = bytes_of(one)
        if given.yes and not remove(one, catalogue):
            print(f"stays    {named(one)}: a process makes it, or what stands on it stays")
            continue
        count += 1
        freed += size
        print(f"{'removed' if given.yes else 'would go'} {named(one)} {shown(size, BYTES)}")
    ended(given.yes, f"{count} results, {shown(freed, BYTES)}")


def ended(yes: bool, what: str) -> None:
    """The last line of what removes."""
    print(f"removed: {what}" if yes else f"would remove: {what}; type --yes to do it")


def export_one(given: argparse.Namespace) -> None:
    """Write a result and all that it stands on."""
    from crs.store.commands.exporting import export

    catalogue, file = Catalogue(given.store), Path(home(given.file))
    results = export(catalogue.one(given.result), catalogue, file)
    print(f"exported: {len(results)} results, {shown(file.stat().st_size, BYTES)}, {file}")


def import_all(given: argparse.Namespace) -> None:
    """Publish the results of an exported file."""
    from crs.store.commands.importing import import_from
    from crs.store.store import Store

    found = import_from(Path(home(given.file)), Store(given.store), say)
    for one in found:
        print(f"{'imported' if one.published else 'was there'} {named(one.result)}")
    print(f"imported: {sum(one.published for one in found)} of {len(found)} results")


def collect_garbage(given: argparse.Namespace) -> None:
    """Remove what runs left beside results, or say what."""
    from crs.store.commands.litter import litter, remove

    store = Catalogue(given.store).store
    count = 0
    for one in [*litter(store, age_of(given.older), given.unsynced)]:
        if not given.yes or remove(one, store):
            count += 1
            where = one.path.relative_to(store.root)
            print(f"{'removed' if given.yes else 'would go'} {one.what} {where}")
    ended(given.yes, f"{count} files and folders")


ACTIONS = {
    "list": show_list,
    "show": show_one,
    "diff": show_difference,
    "verify": verify,
    "prune": prune,
    "export": export_one,
    "import": import_all,
    "gc": collect_garbage,
}
