"""Serve a trained system over HTTP (docs/serve.md).

crs serve FINGERPRINT
curl -s localhost:8000/recommend -H 'content-type: application/json' -d '{"text": "a comedy"}'

The fingerprint is that of an `evaluate` or `multi_turn` result, or how it begins;
http://127.0.0.1:8000/docs describes what can be asked. On another address than this machine's own
each request needs a token, which is read from the variable CRS_SERVE_TOKEN.

--store=artifacts  the store of the result
--host=127.0.0.1   the address to listen on
--port=8000        and its port
--batch=32         requests that are ranked together, at most
--wait=2           milliseconds that the first of them waits for others
--threads=0        of torch; 0: all that this process may use
--synonyms=TABLE   as the setting dataset.synonyms
--path=FILE, --model=FOLDER, --hub   the text encoder, if it was given by a local path or comes from
                   a hub
--version          print the version and leave
--help, -h         print this and leave
"""

import argparse
import logging
import os
import socket

from crs import extras
from crs.cli.options import usual
from crs.console import PlainFormatter, say
from crs.errors import UserError
from crs.loopback import HOST, HOSTS
from crs.version import told

TOKEN = "CRS_SERVE_TOKEN"
"""The variable of the environment that holds the token. Its name says what it is, so that
`crs.secrets` keeps its value out of all that is shown."""
SHORTEST = 16
"""Characters of a token."""
PORT = 8000
NUMBERS = {"port": (0, 65535), "batch": (1, 1024), "wait": (0, 1000), "threads": (0, 1024)}
"""Options that are whole numbers, with their bounds."""


def options(words: list[str]) -> argparse.Namespace:
    """The fingerprint and the options.

    Raises:
        UserError: on an option that does not exist, a number out of bounds, or no fingerprint.
    """
    parser = usual(
        "there is --store, --host, --port, --batch, --wait, --threads, --synonyms, --path, "
        "--model, --hub, --version, --help"
    )
    parser.add_argument("fingerprint", nargs="?")
    parser.add_argument("--store", default="artifacts")
    parser.add_argument("--host", default=HOST)
    for name, default in (("port", PORT), ("batch", 32), ("wait", 2), ("threads", 0)):
        parser.add_argument(f"--{name}", default=str(default))
    for name in ("synonyms", "path", "model"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--hub", action="store_true", default=None)
    given = parser.parse_intermixed_args(words)
    for name, (low, high) in NUMBERS.items():
        typed = getattr(given, name)
        if not typed.isdecimal() or not low <= int(typed) <= high:
            raise UserError(f"--{name}={typed}: must be a whole number from {low} to {high}")
        setattr(given, name, int(typed))
    if not given.fingerprint and not given.help and not given.version:
        raise UserError(
            "name a result, e.g. crs serve FINGERPRINT; crs store list --stage=evaluate lists them"
        )
    return given


def token(host: str) -> str:
    """The token that requests need; empty if they need none.

    Raises:
        UserError: if there is none, or a short one, for an address that others reach.
    """
    found = os.environ.get(TOKEN, "").strip()
    if not found and host not in HOSTS:
        raise UserError(
            f"--host={host} can be reached by others, so requests need a token; put one into the "
            f"variable {TOKEN}"
        )
    if found and (len(found) < SHORTEST or not found.isascii()):
        raise UserError(f"{TOKEN}: a token has at least {SHORTEST} characters, all of them ASCII")
    return found


def listening(host: str, port: int) -> socket.socket:
    """A socket that is bound already, so that a port that is taken is told at once.

    Raises:
        UserError: if it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        door = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UserError(
            f"--host={host} --port={port} cannot be listened on ({error.strerror}); type another, "
            f"e.g. --port={PORT + 1}"
        ) from error
    # Its connections inherit it, and asyncio sets it for sockets of its own alone. Without it the
    # body of an answer waits some 40 ms, until the client has acknowledged the head.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return door


def main(words: list[str]) -> None:
    """Load the system, then answer until Ctrl-C."""
    given = options(words)
    if given.help or given.version:
        print(told() if given.version else __doc__)
        return
    secret, local = token(given.host), given.host in HOSTS
    try:
        import uvicorn

        from crs.serve.app import build
    except ImportError as error:
        raise extras.missing(error) or error from error
    from crs.serve.service import Limits, Service
    from crs.serving import load
    from crs.threads import use_threads

    with listening(given.host, given.port) as door:
        use_threads(given.threads)
        encoder = {name: getattr(given, name) for name in ("path", "model", "hub")}
        system = load(given.fingerprint, given.store, given.synonyms, **encoder)
        app = build(Service(system, Limits(given.batch, given.wait)), secret, local)
        log_plainly()
        # Addresses and bodies are nobody's to keep: no access log.
        config = uvicorn.Config(
            app, access_log=False, log_config=None, log_level="warning", server_header=False
        )
        host = f"[{given.host}]" if ":" in given.host else given.host
        say(f"serve     http://{host}:{door.getsockname()[1]}/docs (Ctrl-C ends it)")
        uvicorn.Server(config).run([door])


def log_plainly() -> None:
    """Show what uvicorn reports on standard error, without secrets."""
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter("%(message)s"))
    logging.getLogger("uvicorn").addHandler(handler)
