"""Talk to a system; what is missing of it is made first.

crs chat model=latentcrs dataset=ml100k
crs chat model=latentcrs dataset=ml100k --web --port=7860
crs chat model=latentcrs dataset=ml100k --voice llm=openai llm.budget_usd=1
crs chat model=c2crs dataset=inspired dataset.path=FOLDER stage=converse --voice
crs chat model=latentcrs dataset=ml100k --export=items.faiss

--web                a page in the browser instead of the terminal
--port=7860          where the page listens
--quiet              recommend only, and ask nothing
--voice              the model of the group llm words the answers; without one
                     the decoder that stage=converse of C2-CRS trains
--export=FILE        write the item table as a FAISS index and leave
--config-dir=FOLDER  choices of your own, as for `crs`
--version            print the version and leave
--help, -h           print this and leave
"""

import argparse
from dataclasses import replace
from typing import Any

from crs import command_line
from crs.cli.options import usual
from crs.config import Config
from crs.console import Context, say
from crs.errors import UserError
from crs.pipeline.run import run
from crs.tracking.names import key_of
from crs.version import told

PORT = 7860
READ = ("embedder", "multi_turn")
"""Groups of settings that the chat itself reads; with a voice `llm` too."""

SPEAKING = ("openai", "local", "replay")
"""Providers that answer at once."""


def options(words: list[str]) -> tuple[list[str], argparse.Namespace]:
    """Overrides, as for a training, and the options.

    Raises:
        UserError: on an option that does not exist.
    """
    known = "there is --web, --port, --quiet, --voice, --export, --config-dir, --version, --help"
    parser = usual(known)
    for name in ("--web", "--quiet", "--voice"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--port", default=str(PORT))
    parser.add_argument("--export")
    parser.add_argument("--config-dir")

    given, overrides = parser.parse_known_args(words)
    if unknown := [word for word in overrides if word.startswith("-")]:
        raise UserError(f"{unknown[0]}: no such option; {known}")
    if not given.port.isdecimal() or not 1 <= int(given.port) <= 65535:
        raise UserError(f"--port={given.port}: must be a number from 1 to 65535, as --port={PORT}")
    if given.export == "":
        raise UserError("--export is empty; type --export=FILE")
    if given.config_dir:
        overrides = ["--config-dir", given.config_dir, *overrides]
    return overrides, given


def check_voice(config: Config) -> None:
    """Refuse a voice where nothing speaks.

    Raises:
        UserError: with what to type.
    """
    decodes, provider = config.recipe.speaks, config.llm.provider
    if provider in SPEAKING or (provider == "none" and decodes == config.stage.name):
        return
    instead = f", or stage={decodes} without llm= for the model's own decoder" if decodes else ""
    raise UserError(
        f"--voice needs a model that answers at once; type llm={' or llm='.join(SPEAKING)}{instead}"
    )


def speaker_of(config: Config, system: Any) -> Any:
    """Who words the answers of a system (`crs.chat.voice.Speaker`): the model of the group `llm`,
    or where there is none the decoder."""
    if config.llm.provider in SPEAKING:
        from crs.chat.llm_speaker import LanguageModelSpeaker
        from crs.llm.model import LanguageModel
        from crs.tracking.run import Run

        context = Context(replace(config.trainer, progress=False), Run(), "")
        llm = LanguageModel(config.llm, context, system.cache)
        return LanguageModelSpeaker(llm, system.named, system.noun)
    from crs.chat.decoder_speaker import DecoderSpeaker
    from crs.chat.sentences import Writing

    turns = system.inputs["dataset"].load("dialogues.parquet")
    return DecoderSpeaker(system.speech, Writing(turns[turns["split"] == "train"]["tokens"]))


def voice_of(config: Config, system: Any) -> Any:
    """The voice of a system (`crs.chat.voice.Voice`)."""
    from crs.chat.voice import Voice

    return Voice(speaker_of(config, system), system.titles, system.named)


def main(words: list[str]) -> None:
    """Find or make the system, then talk."""
    overrides, given = options(words)
    if given.help or given.version:
        print(__doc__ if given.help else told())
        return
    if any(key_of(word) == "multi_turn.questions" for word in overrides):
        raise UserError("multi_turn.questions: a chat asks beside each list; --quiet asks nothing")
    command_line.register()
    read = (*READ, "llm") if given.voice else READ
    config = command_line.configured(command_line.check(overrides, read))
    if given.voice:
        check_voice(config)
    artifact = run(config)
    if artifact is None:  # dry_run
        return
    from crs.dialogue.turn import TurnSettings
    from crs.serving import load

    where = {key: getattr(config.embedder, key) for key in ("path", "model", "hub")}
    synonyms = config.dataset.synonyms or ""
    system = load(artifact.fingerprint, config.store, synonyms, **where)
    settings = replace(
        TurnSettings.of(config.multi_turn, config.multi_turn.rerankers[-1]),
        questions="none" if given.quiet else "beside",
    )
    voice = voice_of(config, system) if given.voice else None
    if given.export:
        say(f"export    {system.export_faiss(given.export):,} items to {given.export}")
    elif given.web:
        from crs.chat.page import Page, serve
        from crs.loopback import HOST

        say(f"chat      http://{HOST}:{given.port} (Ctrl-C ends it)")
        try:
            serve(Page(system, settings, voice), int(given.port))
        except OSError as error:
            raise UserError(
                f"--port={given.port} is taken; type another, e.g. --port={PORT + 1}"
            ) from error
    else:
        from rich.console import Console

        from crs.chat.terminal import Terminal

        Terminal(system, Console(), settings, voice).run()
    if voice:
        say(f"voice     {voice.told()}")
