"""A stage's shards, each computed once, by the process of the command or by several.

What is computed of a shard depends on the shard alone, so the number of processes changes no
result. The process of the command deals the shards out and writes what comes back.
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from crs.console import Context, say
from crs.engine.crew import Crew, Function, LostError, Prepare
from crs.errors import UserError

CREWS = {"local": "crs.engine.local", "ray": "crs.engine.cluster"}
"""Engine to the module that has its `crew`."""


def computed(
    prepare: Prepare,
    arguments: tuple[Any, ...],
    shards: Iterable[Any],
    count: int,
    context: Context,
    here: Function | None = None,
) -> Iterator[tuple[int, Any]]:
    """The number of each shard and what the function returned for it, in the order they are done.

    Args:
        prepare: makes the function of `arguments`, once in each process.
        shards: taken as processes have time for them.
        count: how many there are.
        here: that function, where the process of the command has made it.
    Raises:
        UserError: if all processes were ended.
    """
    if not count:
        return
    engine = context.engine
    processes = min(engine.processes, count)
    if engine.name == "local" and processes == 1:
        function = here or prepare(*arguments)
        for number, shard in enumerate(shards):
            yield number, function(shard)
        return
    crew: Crew = import_module(CREWS[engine.name]).crew(
        engine, context.trainer, processes, prepare, arguments
    )
    try:
        yield from dealt(crew, shards)
    except LostError as lost:
        raise UserError(
            f"engine.processes={engine.processes}: all were ended, the last by {lost}; what is "
            "whole is kept, and the same command resumes; fewer of them need less memory"
        ) from lost
    finally:
        crew.close()


def dealt(crew: Crew, shards: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Each shard's number and result. The shard of a lost worker goes to another.

    Raises:
        LostError: if none is left.
    """
    left, idle = enumerate(shards), [*crew.workers]
    again: list[tuple[int, Any]] = []
    busy: dict[Any, tuple[int, Any]] = {}
    done: list[tuple[int, Any]] = []
    while True:
        # Workers get their next shard before the caller takes the time to write the last.
        while idle and (job := again.pop() if again else next(left, None)):
            worker = idle.pop()
            worker.begin(job[1])
            busy[worker] = job
        yield from done
        if not busy:
            return
        done = []
        for worker in crew.ready(list(busy)):
            number, shard = busy.pop(worker)
            try:
                done.append((number, worker.result()))
                idle.append(worker)
            except LostError as lost:
                again.append((number, shard))
                if not busy and not idle:
                    raise
                say(f"engine    lost      a process, by {lost}; another takes over its shard")
