"""Several processes on one store, and processes that are ended from outside."""

import shutil
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.faults.attempts import (
    SECONDS,
    Outcome,
    Running,
    Stop,
    Typed,
    attempt,
    digests,
    leftovers,
    start,
    writes_in,
)
from tests.faults.recipes import QUICK, finished
from tests.faults.tried import DIFFERENT, OTHER, STUCK, Tried

EIGHT = 8
SHARING = (
    "model=popularity", "model=attribute_filter", "model=sasrec", "model=sasrec seed=2",
    "model=iclrec", "model=iclrec seed=2", "model=sasrec evaluation.resamples=60",
    "model=latentcrs",
)  # fmt: skip
"""Commands that share stages."""
MOST = 20


def typed(words: str, folder: Path) -> Typed:
    """A command on the generated data, whose store is `store` in the folder."""
    folder.mkdir(exist_ok=True)
    fixed = ("dataset=tiny", "tracker=none", *QUICK, f"store={folder / 'store'}")
    return Typed((*words.split(), *fixed), folder)


def made_in(done: Sequence[Outcome]) -> Counter[str]:
    """How often each result was made, by stage and fingerprint."""
    lines = [line.split() for outcome in done for line in outcome.said.splitlines()]
    return Counter("/".join((words[0], words[2])) for words in lines
                   if len(words) > 3 and words[1] in ("made", "resumed"))  # fmt: skip


def at_once(tasks: Sequence[Typed]) -> list[Outcome]:
    """Run commands at the same time."""
    return [running.end() for running in list(map(start, tasks))]


def check_at_once(words: Sequence[str], folder: Path, tried: Tried) -> None:
    """Eight commands at once on an empty store, against one after the other on another."""
    alone, together = folder / "alone", folder / "together"
    for command in dict.fromkeys(words):
        done = attempt(typed(command, alone))
        assert done.code == 0, done.said
    for _ in tried.drawn(range(3)):
        done = at_once([typed(command, together) for command in words])
        made = made_in(done)
        if failed := [one for one in done if one.code != 0]:
            kind = STUCK if any(one.stuck for one in failed) else OTHER
            tried.fail(kind, f"{len(failed)} of {len(done)} failed: {failed[0].sentence}")
        elif digests(together / "store") != digests(alone / "store"):
            tried.fail(DIFFERENT, "another result than one after the other")
        elif twice := [result for result, count in made.items() if count > 1]:
            tried.fail(OTHER, f"made twice: {twice}")
        elif left := leftovers(together / "store"):
            tried.fail(OTHER, f"left {left}")
        else:
            tried.held[f"times {len(words)} at once, {len(made)} results made once each"] += 1
        shutil.rmtree(together)


def same(folder: Path, tried: Tried) -> None:
    """The same command eight times at once."""
    check_at_once(["model=sasrec"] * EIGHT, folder, tried)


def sharing(folder: Path, tried: Tried) -> None:
    """Eight commands at once that share stages."""
    check_at_once(SHARING, folder, tried)


def wait_for(running: Running, words: str) -> bool:
    """Whether an attempt says this before it must have ended."""
    deadline = time.monotonic() + SECONDS / 2
    while words not in running.so_far:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def holder(folder: Path, tried: Tried) -> None:
    """A process that holds a lock is killed while another waits for it: the other goes on."""
    whole, store = finished("sasrec", folder.parent), folder / "held"
    cases = [(stage, write) for stage in whole.recipe.stages for write in whole.writes(stage)
             if write.kind == "os.rename"]  # fmt: skip
    for stage, write in tried.drawn(cases, MOST):
        asked = whole.without(stage, store)
        first = start(asked, stop=Stop(write.number, signal.SIGSTOP))
        stopped, what = first.wait_until_stopped(), f"{stage} held at {write.path}"
        second = start(asked)
        waited = stopped and wait_for(second, "waits")
        first.signal(signal.SIGKILL)
        first.end()
        done = second.end()
        if not waited:
            tried.fail(OTHER, f"{what}: the second did not say that it waits")
        else:
            whole.judge(done, store, what, stage, tried)
        shutil.rmtree(store)


def sigterm(folder: Path, tried: Tried) -> None:
    """SIGTERM at a write of a whole command: code 130 and one sentence; typed again, it ends."""
    log, straight = folder / "writes.log", folder / "straight"
    done = attempt(typed("model=latentcrs", straight), log=log)
    assert done.code == 0, done.said
    wanted, place = digests(straight / "store"), folder / "ended"
    for write in tried.drawn(writes_in(log), MOST):
        task = typed("model=latentcrs", place)
        first, second = attempt(task, stop=Stop(write.number, signal.SIGTERM)), attempt(task)
        what = f"SIGTERM at {write.kind} {write.path}"
        if first.code not in (0, 130) or first.traced:
            tried.fail(OTHER, f"{what}: {first.code} {first.sentence}")
        elif first.code == 130 and not first.sentence.startswith("error: interrupted"):
            tried.fail(OTHER, f"{what}: it said {first.sentence}")
        elif second.code != 0:
            tried.fail(STUCK, f"{what}: {second.code} {second.sentence}")
        elif digests(place / "store") != wanted:
            tried.fail(DIFFERENT, what)
        else:
            tried.held["with code 130" if first.code else "ended all the same"] += 1
        shutil.rmtree(place)
