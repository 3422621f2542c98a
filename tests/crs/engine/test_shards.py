"""Shards are dealt out to workers, each computed once, whatever becomes of a worker."""

from dataclasses import replace

import pytest

from crs.engine import shards
from crs.engine.crew import LostError
from crs.engine.shards import computed, dealt
from crs.errors import UserError
from crs.settings.engine import Engine
from tests.contracts.tiny import context


class Fake:
    """A worker that squares, and is lost at its n-th shard."""

    def __init__(self, lost_at=99):
        self.left, self.seen = lost_at, []

    def begin(self, shard):
        self.seen.append(shard)

    def result(self):
        self.left -= 1
        if not self.left:
            raise LostError("SIGKILL")
        return self.seen[-1] ** 2


class FakeCrew:
    """Its workers are done in the order of their numbers, or the other way round."""

    def __init__(self, *workers, backwards=False):
        self.workers, self.backwards, self.closed = list(workers), backwards, False

    def ready(self, busy):
        return [worker for worker in self.workers[:: -1 if self.backwards else 1] if worker in busy]

    def close(self):
        self.closed = True


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("backwards", [False, True])
def test_each_shard_is_computed_once(workers, backwards):
    crew = FakeCrew(*(Fake() for _ in range(workers)), backwards=backwards)
    assert sorted(dealt(crew, range(7))) == [(n, n**2) for n in range(7)]
    assert sorted(shard for worker in crew.workers for shard in worker.seen) == list(range(7))


def test_no_shards_are_no_work():
    assert not list(dealt(FakeCrew(Fake()), []))
    assert not list(computed(None, (), [], 0, context()))


def test_a_worker_has_its_next_shard_before_the_last_is_written():
    crew = FakeCrew(worker := Fake())
    results = dealt(crew, range(3))
    next(results)
    assert worker.seen == [0, 1]


@pytest.mark.parametrize("at", [1, 2, 3])
def test_the_shard_of_a_lost_worker_goes_to_another(at):
    crew = FakeCrew(gone := Fake(at), other := Fake())
    assert sorted(dealt(crew, range(7))) == [(n, n**2) for n in range(7)]
    assert len(gone.seen) == at and gone.seen[-1] in other.seen
    assert len(gone.seen) + len(other.seen) == 8


def test_the_end_of_all_workers_is_one_sentence_after_what_is_whole(monkeypatch):
    crew = FakeCrew(Fake(2), Fake(1), Fake(3))
    monkeypatch.setattr(
        shards, "import_module", lambda name: type("M", (), {"crew": crew_of(crew)})
    )
    run = replace(context(), engine=Engine(processes=3))
    found = []
    with pytest.raises(UserError, match=r"engine\.processes=3: all were ended.*SIGKILL.*resumes"):
        found.extend(computed(None, (), range(9), 9, run))
    assert len(found) == 3 and crew.closed


def crew_of(crew):
    return staticmethod(lambda *_: crew)


def test_one_process_is_that_of_the_command():
    found = list(computed(pow_of, (3,), range(4), 4, context()))
    assert found == [(n, n**3) for n in range(4)]


def pow_of(exponent):
    return lambda shard: shard**exponent
