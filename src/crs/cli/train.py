"""Find or make a result: `crs model=latentcrs dataset=ml100k`."""

import io
import logging
import os
import sys
from pathlib import Path
from typing import cast

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from crs import command_line, dry_run
from crs.config import Config
from crs.console import complain, plain, say
from crs.errors import UserError
from crs.evaluation import results, sweep
from crs.installed import CONF
from crs.pipeline.run import run
from crs.places import refusal, unwritable
from crs.report.show import announce
from crs.settings import reference
from crs.training import nodes
from crs.version import told

# At import: the processes of a launcher import this module before they compose their jobs.
command_line.register()
# What Hydra raises comes to the end of this file, and is no traceback of Hydra's own.
os.environ.setdefault("HYDRA_FULL_ERROR", "1")
WITHOUT_LOG = (
    "hydra.run.dir=.",
    "hydra.output_subdir=null",
    f"hydra.job_logging.handlers.file.filename={os.devnull}",
)
INTERRUPTED = "interrupted; the same command resumes from here"


def broken(failure: Exception, hydra_config: DictConfig) -> str:
    """A failure of ours in a line; its traceback goes to the log."""
    logging.getLogger(__name__).error("failed", exc_info=failure)
    log = hydra_config.job_logging.handlers.file.filename
    return f"{type(failure).__name__}: {failure} (traceback in {log})"


@hydra.main(config_path=str(CONF), config_name="train", version_base="1.3")
def job(composed: DictConfig) -> float | None:
    """One run, alone or as a job of a sweep, or a worker of a search; the best value of a worker's
    trials."""
    # Hydra's annotation names the schema; what it returns is a DictConfig.
    hydra_config = cast(DictConfig, HydraConfig.get())
    swept = hydra_config.mode == RunMode.MULTIRUN
    OmegaConf.set_readonly(hydra_config, False)
    study = OmegaConf.select(hydra_config, "sweeper.study", default=None) if swept else None
    error, found, code = None, None, 0
    try:
        if study:
            return worker(hydra_config)
        config = command_line.to_config(composed)
        if nodes.follows(config.trainer):
            follow(config)
            return None
        with nodes.leading(config.trainer):
            artifact = run(config, sweep.launch_of(hydra_config))
        found = artifact.path if artifact else None
        if found and not swept and (found / results.PARQUET).is_file():
            announce(found)
    except UserError as mistake:
        error, code = str(mistake), 2
    except KeyboardInterrupt:
        error, code = INTERRUPTED, 130
    except Exception as failure:
        if isinstance(failure, OSError) and (why := refusal(failure)):  # what is printed
            sys.stdout, error, code = io.StringIO(), f"standard output: {why}", 2
        else:
            error, code = broken(failure, hydra_config), 1
    if swept and not study:
        sweep.record(hydra_config, plain(error) if error else None, found, code)
    if error:
        complain(error)
        if not swept or study or code == 130:
            sys.exit(code)
    return None


def follow(config: Config) -> None:
    """Do what the first machine of the command says."""
    from crs.training.follow import follow

    follow(config.trainer)


def worker(hydra_config: DictConfig) -> float | None:
    """The trials of one worker of a search."""
    from crs.search.trials import work

    settings = hydra_config.sweeper
    launch = sweep.launch_of(hydra_config)
    return work(Path(settings.study), hydra_config.job.config_name, launch, settings.parent)


def told_help(words: list[str]) -> str:
    """What `--help` prints, alone or with groups.

    Raises:
        UserError: if there is no such group.
    """
    flags = command_line.flags_of(words)
    with command_line.searching(flags):
        groups = command_line.choices(flags)
    ours = {
        name: names for name, names in groups.items() if names and name.split("/")[0] != "hydra"
    }
    return reference.help_of([word for word in flags.overrides if "=" not in word], ours)


def find_or_make(words: list[str]) -> None:
    """Find or make what the command line asks for.

    Where the folder of the log cannot be made a result that is there is found all the same.

    Raises:
        UserError: on a command line that makes no sense, and on a store that takes no files.
    """
    if "--version" in words:
        print(told())
        return
    if command_line.flags_of(words).help:
        print(told_help(words), end="")
        return
    words = command_line.check(words)
    if dry_run.shown(words):
        return
    sys.argv[1:] = words
    try:
        job()
    except HydraException as error:
        raise UserError(str(error).splitlines()[0]) from error
    except OSError as error:  # of Hydra's own files: a job tells its own
        why = refusal(error) or str(error.strerror)
        if command_line.is_sweep(command_line.flags_of(words)):
            raise unwritable(error.filename or "the folder of the sweep", why) from error
        store = Path(command_line.configured(words).store)
        if not store.is_dir():
            raise unwritable(f"store={store}", why) from error
        say(f"note      no log is kept: store={store} cannot be written ({why})")
        sys.argv[1:] = [*words, *WITHOUT_LOG]
        job()


def main(words: list[str]) -> None:
    """`find_or_make`, which says how to go on where it was interrupted.

    Raises:
        UserError: as `find_or_make`.
    """
    try:
        find_or_make(words)
    except KeyboardInterrupt:  # outside of a job: while composing, or between two jobs
        complain(INTERRUPTED)
        raise
