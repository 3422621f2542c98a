"""A process of this machine: what it computes and says. Whole ones: tests/text2embedding."""

import signal
from multiprocessing import Pipe

import pytest
import torch

from crs.engine.crew import LostError
from crs.engine.local import Process, serve
from crs.errors import DamageError, UserError
from tests.contracts.tiny import context

MINE = {
    "mistake": UserError("type another"),
    "damage": DamageError("a file is damaged", "dataset"),
}


def dividing(one):
    """Fails as a user's mistake, as damage, or as ours."""
    if one is None:
        raise UserError("embedder: no weights")

    def divide(shard):
        if shard in MINE:
            raise MINE[shard]
        if shard == "cut":
            raise EOFError("no data left in file")
        return one / shard

    return divide


@pytest.fixture
def answers():
    """What a process answers, its life lived here: a function of the shards it is given."""
    before, threads = signal.getsignal(signal.SIGINT), torch.get_num_threads()

    def answered(one, *shards):
        worker = Process.__new__(Process)
        worker.pipe, theirs = Pipe()
        for shard in shards:
            worker.begin(shard)
        if shards and shards[-1] not in (0, "cut", *MINE):
            worker.pipe.send("damage")  # what ends it
        serve(0, context().trainer, 1, dividing, (one,), theirs)
        return [worker.result for _ in shards or [None]]

    yield answered
    signal.signal(signal.SIGINT, before)
    torch.set_num_threads(threads)


def test_a_process_answers_in_turn(answers):
    assert [result() for result in answers(6, 1, 2, 3)] == [6, 3, 2]


@pytest.mark.parametrize(("one", "shard", "kind", "sentence"), [
    (1, "mistake", UserError, "^type another$"),
    (1, "damage", DamageError, r"^a file is damaged; type force=\[dataset\]"),
    (None, 1, UserError, "^embedder: no weights$"),
    (1, "cut", RuntimeError, r"process 1 failed:\nTraceback(.|\n)*EOFError: no data left"),
    (1, 0, RuntimeError, r"process 1 failed:\nTraceback(.|\n)*ZeroDivisionError"),
])  # fmt: skip
def test_an_error_is_that_of_the_process(answers, one, shard, kind, sentence):
    (result,) = answers(one, shard)
    with pytest.raises(kind, match=sentence):
        result()


@pytest.mark.parametrize(("code", "told"), [
    (-9, "SIGKILL, which the system sends where memory runs out"),
    (-11, "SIGSEGV"),
    (1, "exit code 1"),
])  # fmt: skip
def test_the_end_of_a_process_is_told(code, told):
    worker = Process.__new__(Process)
    worker.pipe, theirs = Pipe()
    theirs.close()
    worker.process = type("Ended", (), {"join": lambda self: None, "exitcode": code})()
    worker.begin("a shard")
    with pytest.raises(LostError, match=f"^{told}$"):
        worker.result()
