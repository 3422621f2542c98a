"""A machine that follows: for each training of the first one it starts the processes of its own
devices, and tells if one of them was ended."""

from multiprocessing import connection
from typing import Any

from crs.errors import UserError
from crs.threads import use_threads
from crs.training import devices, nodes
from crs.training.team import Crew, lost_key


def follow(trainer: Any) -> None:
    """Do what the first machine says until its command ends.

    Raises:
        UserError: if the command failed or was ended.
    """
    node, threads = nodes.node_of(trainer), use_threads(trainer.threads)
    first = node.number * trainer.devices
    ranks = range(first, first + trainer.devices)
    for prefix, _ in nodes.orders(node):
        place = nodes.Place(node.host, node.port, prefix)
        try:
            devices.check(trainer)
            crew = Crew(ranks, trainer, max(1, threads // trainer.devices), place)
            why = ended(crew)
            crew.close()
        except UserError as error:  # the first machine waits for these devices, and tells
            why = UserError(f"machine {node.number + 1} of {trainer.nodes}: {error}")
        if why:
            nodes.meeting(node).set(lost_key(prefix), str(why))


def ended(crew: Crew) -> Exception | None:
    """Waits until all processes have ended, or one of them as it should not; why it did."""
    left = list(crew.processes)
    while left:
        ends = connection.wait([process.sentinel for process in left])
        for process in [process for process in left if process.sentinel in ends]:
            process.join()  # its end is seen a moment before its exit code
            left.remove(process)
        if why := crew.loss(grace=0):
            return why
    return None
