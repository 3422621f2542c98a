"""Open the run of a command. A W&B that does not start costs one line, never the command."""

import logging
import netrc
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from crs.config import Config
from crs.console import plain, say
from crs.errors import PrunedError, UserError
from crs.installed import TRAIN
from crs.pipeline.plan import Step
from crs.pipeline.provenance import git_state
from crs.secrets import redacted
from crs.settings.tracker import TrackerSettings
from crs.tracking.ids import RunId
from crs.tracking.names import command_of, group_of, name_of, what_differs, words_typed
from crs.tracking.run import Run, WandbRun

INIT, FINISH = 10.0, 60.0
"""Seconds that W&B may take to answer at the beginning, and to take what is left at the end."""
given: set[str] = set()
"""Ids of a W&B sweep's agent that this process has used: an agent gives one run a process."""


def keep_inside(folder: Path) -> None:
    """Point every folder that W&B writes to below `folder`, so that HOME may be read-only.

    W&B's own lines are not shown.
    """
    for variable, name in {
        "WANDB_DIR": "",
        "WANDB_DATA_DIR": "data",
        "WANDB_CACHE_DIR": "cache",
        "WANDB_CONFIG_DIR": "config",
    }.items():
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        os.environ.setdefault(variable, str(place.resolve()))
    os.environ.setdefault("WANDB_SILENT", "true")


def logged_in() -> bool:
    """Whether `wandb login` left a key in the netrc file."""
    host = urlsplit(os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai").hostname or ""
    named = os.environ.get("NETRC")
    try:
        home = Path.home()
        files = [Path(named)] if named else [home / ".netrc", home / "_netrc"]
        file = next(file for file in files if file.is_file())
        return netrc.netrc(file).authenticators(host) is not None
    except (StopIteration, OSError, RuntimeError, netrc.NetrcParseError):
        return False


def mode() -> Literal["online", "offline", "disabled"]:
    """`WANDB_MODE` if it is set, in any of W&B's names; else online with a key, offline without.

    Raises:
        UserError: if it is no mode.
    """
    match os.environ.get("WANDB_MODE", "").strip().lower():
        case "online" | "run" | "shared":
            return "online"
        case "offline" | "dryrun":
            return "offline"
        case "disabled":
            return "disabled"
        case wish if wish:
            raise UserError(f"WANDB_MODE={wish}: type WANDB_MODE=online, offline or disabled")
    return "online" if os.environ.get("WANDB_API_KEY") or logged_in() else "offline"


def flat(config: Config, steps: list[Step]) -> dict[str, Any]:
    """The whole configuration, with the names of the results and the commit.

    It is nested as in conf/: W&B shows `pretrain.lr`. Groups of other models are left out, and no
    secret is in it.
    """
    settings = {group: value for group, value in asdict(config).items() if value is not None}
    settings = redacted(settings)
    return {
        **settings,
        "fingerprint": {step.name: step.fingerprint for step in steps},
        **git_state(),
    }


def init(tracker: TrackerSettings, root: Path, **about: Any) -> Any:
    """`wandb.init`, which says nothing, looks at no repository and asks no machine for its name."""
    import wandb

    # On Python 3.14 W&B ends its telemetry twice, and OpenTelemetry says so after the result.
    logging.getLogger("opentelemetry.sdk.metrics._internal").setLevel(logging.ERROR)
    return wandb.init(
        project=tracker.project,
        entity=tracker.entity,
        dir=str(root),
        settings=wandb.Settings(
            silent=True,
            console="off",
            program=TRAIN.rpartition(" ")[2],
            disable_git=True,
            disable_code=True,
            init_timeout=INIT,
            finish_timeout=FINISH,
            x_disable_meta=True,
            # Without it W&B measures no load either.
            x_disable_machine_info=not tracker.system_metrics,
            x_disable_stats=not tracker.system_metrics,
            x_save_requirements=False,
        ),
        reinit="finish_previous",
        **about,
    )


def forget() -> None:
    """End W&B's service, which does not take an id again that it failed to begin a run with."""
    import wandb

    wandb.teardown()


def opened(
    tracker: TrackerSettings, root: Path, about: dict[str, Any], run_id: RunId | None
) -> Any:
    """W&B's run: the one that was begun, else a new one; offline if nobody answers.

    Args:
        run_id: None: a W&B sweep's agent gives the id.
    """
    wish = mode()
    if wish != "online":
        return init(tracker, root, mode=wish, id=run_id and run_id.value, **about)
    began = time.monotonic()
    try:
        if run_id is None:
            return init(tracker, root, mode=wish, **about)
        try:
            return init(tracker, root, mode=wish, id=run_id.value, resume="allow", **about)
        except Exception:
            if not run_id.continued or time.monotonic() - began >= INIT:
                raise
            run_id.renew()
            return init(tracker, root, mode=wish, id=run_id.value, resume="allow", **about)
    except Exception as error:
        # For all later jobs of this process too: they need not wait again.
        os.environ["WANDB_MODE"] = "offline"
        say(f"tracker   W&B does not answer ({type(error).__name__}); recording offline")
        forget()
        return init(tracker, root, mode="offline", id=run_id and run_id.value, **about)


def say_where(run: Any, ended: bool) -> None:
    """The address of a run that begins, or how to send one that was recorded offline."""
    if not run.offline and not ended:
        say(f"tracker   {run.url}")
    elif run.offline and ended and mode() != "disabled":
        say(f"tracker   offline: wandb sync {Path(run.dir).parent}")


def start(
    config: Config,
    root: Path,
    steps: list[Step],
    overrides: list[str] | None = None,
    label: str = "",
) -> Run:
    """Open the run of a command.

    Args:
        root: the store; W&B's folders go to `root/wandb`.
        steps: the plan; the last one is asked for.
        overrides: what names the run; None: the words of the command line.
        label: begins the name.
    """
    if config.tracker.kind == "none":
        return Run()
    goal, place = steps[-1], root / "wandb"
    words = words_typed() if overrides is None else overrides
    agent = os.environ.get("WANDB_RUN_ID")
    if agent in given:
        say("tracker   the agent gave one run, and an earlier job has it; this job is not recorded")
        return Run()
    try:
        keep_inside(place)
        run_id = None
        if agent:
            given.add(agent)
        else:
            name = f"{goal.name}-{goal.fingerprint}"
            run_id = RunId(place, name, [goal.name, goal.fingerprint, *what_differs(words)])
        run = opened(
            config.tracker,
            place,
            {
                "name": name_of(config, words, label),
                "group": group_of(config),
                "job_type": goal.name,
                "tags": [config.model.name, config.dataset.name, goal.name],
                "notes": command_of(words) if words else None,
                "config": flat(config, steps),
            },
            run_id,
        )
    except Exception as error:  # whatever W&B trips over must not cost the experiment
        say(f"tracker   W&B did not start ({type(error).__name__}); going on without it")
        return Run()
    say_where(run, ended=False)

    def closed(succeeded: bool) -> None:
        if run_id:
            run_id.close(succeeded)
        say_where(run, ended=True)

    return WandbRun(run, config.tracker.upload, closed)


@contextmanager
def following(
    config: Config,
    root: Path,
    steps: list[Step],
    overrides: list[str] | None = None,
    label: str = "",
) -> Iterator[Run]:
    """The run of a command, closed at its end with the error that ended it; see `start`."""
    run = start(config, root, steps, overrides, label)
    try:
        yield run
    except PrunedError as why:
        run.finish(pruned=str(why))
        raise
    except BaseException as error:
        run.finish(plain(f"{type(error).__name__}: {error}"))
        raise
    run.finish()
