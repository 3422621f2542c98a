"""What the command prints for a bad input."""

import copy
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from hydra import compose as hydra_compose
from hydra import initialize_config_dir

from crs import command_line
from crs.config import Config
from crs.errors import UserError
from crs.pipeline.run import run
from crs.stages.dataset import Source
from tests.contracts.interactions import as_bytes
from tests.crs.data.bad_inputs.archives import HASH
from tests.crs.data.bad_inputs.bad import Bad

FILES = {
    "ml1m": {"dataset.archive": "ml-1m.zip"},
    "beauty": {"dataset.archive": "Beauty.txt", "dataset.items": "tags.json"},
    "custom": {"dataset.path": "plays.csv", "dataset.items": "songs.csv"},
    "cds": {"dataset.archive": "CDs.jsonl", "dataset.items": "meta_CDs.jsonl"},
    "recbole": {"dataset.path": "music"},
    "inspired": {"dataset.path": "inspired"},
    "redial": {"dataset.path": "official"},
    "tgredial": {"dataset.path": "tgredial"},
    "lastfm": {"dataset.path": "precrs"},
}
"""The files of each dataset, under the settings that name them."""


@cache
def composed(*words: str) -> Config:
    command_line.register()
    with initialize_config_dir(str(command_line.CONF), version_base="1.3"):
        fixed = ["model=popularity", "stage=dataset", "tracker=none"]
        return command_line.to_config(hydra_compose("train", [*fixed, *words]))


@contextmanager
def host(folder: Path) -> Iterator[str]:
    """A server on loopback that has a folder's files; its address."""

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder)))
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def printed(bad: Bad, folder: Path) -> str:
    """What the command says of an input, less the plan, names of results and the folder."""
    for name, text in bad.files.items():
        (file := folder / name).parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(as_bytes(text))
    config = copy.deepcopy(composed(f"dataset={bad.dataset}", *bad.words.split()))
    config.store = str(folder / "store")
    error, said = "", io.StringIO()
    with redirect_stderr(said), host(folder) if bad.served else nullcontext("") as url:
        if bad.served:
            reader = config.dataset.sources[0].reader
            config.dataset.sources = [Source(reader, f"{url}/{bad.served}", sha256="0" * 64)]
        else:
            for key, name in (bad.places or FILES[bad.dataset]).items():
                if name in bad.files or key != "dataset.items":
                    setattr(config.dataset, key.removeprefix("dataset."), str(folder / name))
        try:
            run(config)
        except UserError as mistake:
            error = f"error: {mistake}"
    # That a stand-in is no public archive is said once.
    signs = ("audit ", "dataset  ") + ("warning ",) * (bad.what == HASH)
    lines = [line for line in said.getvalue().splitlines() if line.startswith(signs)]
    text = "<br>".join([*lines, *filter(None, [error])])
    for pattern, to in {
        f"{folder}/": "", r"dataset +made +[0-9a-f]{16} +(.*?)  \d+ s": r"\1",
        r"(begins|local) [0-9a-f]{8}": r"\1 01234567", "(warning|audit) +": r"\1 ",
        r"127\.0\.0\.1:\d+": "HOST", "0{64}": "01234567…",
    }.items():  # fmt: skip
        text = re.sub(pattern, to, text)
    return text
