"""Write a trained system as files that other programs read (docs/serve.md).

crs export FINGERPRINT FOLDER

items.faiss, an index of the item vectors; items.safetensors and items.csv, the same vectors
and what they are of; the weights of each stage; query.onnx, which makes the vector to search for;
config.json, what these are. `crs store export` takes a result to another store.

--store=artifacts  the store of the result
--scorer=NAME      of the result's scorers, instead of the one that answers
--index=KIND       of items.faiss: flat (exact, the default), hnsw (a graph) or ivfpq (codes, an
                   eighth of the memory); what the last two find of the exact best is printed
--no-onnx          without query.onnx, which not every model has
--path=FILE, --model=FOLDER, --hub   the text encoder, if it was given by a local path or comes from
                   a hub
--version          print the version and leave
--help, -h         print this and leave
"""

import argparse

from crs import extras
from crs.cli.options import usual
from crs.console import plain
from crs.errors import UserError
from crs.settings.check import nearest
from crs.version import told


def options(words: list[str]) -> argparse.Namespace:
    """The fingerprint, the folder and the options.

    Raises:
        UserError: on an option that does not exist, or if one of the two is missing.
    """
    parser = usual(
        "there is --store, --scorer, --index, --no-onnx, --path, --model, --hub, --version, --help"
    )
    parser.add_argument("fingerprint", nargs="?")
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--store", default="artifacts")
    for name in ("scorer", "path", "model"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--index", default="flat")
    parser.add_argument("--hub", action="store_true", default=None)
    parser.add_argument("--no-onnx", dest="onnx", action="store_false")
    given = parser.parse_intermixed_args(words)
    if not given.folder and not given.help and not given.version:
        raise UserError("name a result and a folder, e.g. crs export FINGERPRINT exported")
    return given


def main(words: list[str]) -> None:
    """Write the folder; print what is in it."""
    given = options(words)
    if given.help or given.version:
        print(told() if given.version else __doc__)
        return
    from crs.export import folder
    from crs.serving import load

    encoder = {name: getattr(given, name) for name in ("path", "model", "hub")}
    system = load(given.fingerprint, given.store, **encoder)
    if given.scorer:
        if given.scorer not in system.scorers:
            near, there = nearest(given.scorer, [*system.scorers]), ", ".join(system.scorers)
            raise UserError(f"--scorer={given.scorer}: no such scorer.{near} There are {there}")
        system.scorer = given.scorer
    try:
        lines = folder.write(system, given.folder, given.onnx, given.index)
    except ImportError as error:
        raise extras.missing(error) or error from error
    for line in lines:
        print(plain(line))
