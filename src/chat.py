"""Talk to a system; what is missing of it is made first.

python src/chat.py model=latentcrs dataset=ml100k
python src/chat.py model=latentcrs dataset=ml100k --web --port=7860
python src/chat.py model=latentcrs dataset=ml100k --export=items.faiss
"""

import sys

from hydra import compose as hydra_compose
from hydra import initialize_config_dir

from crs import compose, pipeline
from crs.console import complain, interrupt_on_sigterm, say, show_failure
from crs.errors import UserError

compose.register()
PORT = 7860


def options(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Overrides, as for train.py, and the options that begin with `--`.

    Raises:
        UserError: on an option that does not exist.
    """
    given = dict(word[2:].partition("=")[::2] for word in words if word.startswith("--"))
    if unknown := set(given) - {"web", "port", "export", "help"}:
        raise UserError(
            f"--{min(unknown)}: no such option; there is --web, --port, --export, --help"
        )
    if not given.get("port", str(PORT)).isdecimal():
        raise UserError(f"--port={given['port']}: must be a number, e.g. --port={PORT}")
    return [word for word in words if not word.startswith("--")], given


def main(words: list[str]) -> None:
    """Find or make the system, then talk."""
    overrides, given = options(words)
    if "help" in given:
        print(__doc__)
        return
    compose.check(overrides)
    with initialize_config_dir(str(compose.CONF), version_base="1.3"):
        config = compose.to_config(hydra_compose("train", overrides=overrides))
    artifact = pipeline.run(config)
    if artifact is None:  # dry_run
        return
    from crs.serving import load

    where = {key: getattr(config.embedder, key) for key in ("path", "model", "hub")}
    system = load(artifact.fingerprint, config.store, **where)
    text, way = config.multi_turn.text, config.multi_turn.ways[-1]
    if "export" in given:
        say(f"export    {system.export_faiss(given['export']):,} items to {given['export']}")
    elif "web" in given:
        from crs.chat.page import HOST, Page, serve

        say(f"chat      http://{HOST}:{given.get('port', PORT)} (Ctrl-C ends it)")
        serve(Page(system, text, way), int(given.get("port", PORT)))
    else:
        from rich.console import Console

        from crs.chat.terminal import Terminal

        Terminal(system, Console(), text, way).run()


if __name__ == "__main__":
    sys.excepthook = show_failure
    interrupt_on_sigterm()
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
    except UserError as mistake:
        complain(mistake)
        sys.exit(2)
