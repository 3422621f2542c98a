"""The thread: what it takes together, and whose a failure is."""

import asyncio
import threading

import pytest

from crs.serve.batches import Batches, BusyError


class Doubling:
    """Answers numbers by their double; remembers the batches. It waits until it may begin."""

    def __init__(self):
        self.batches, self.begin = [], threading.Event()

    def __call__(self, numbers):
        self.begin.wait(10)
        self.batches.append(list(numbers))
        if 13 in numbers:
            raise ValueError("13")
        return [2 * number for number in numbers]


@pytest.fixture
def doubling():
    return Doubling()


def opened(doubling, size=4, wait=20.0, most=100):
    return Batches(doubling, size, wait, most)


def test_what_waits_is_answered_together_up_to_a_batch(doubling):
    async def all_of_them(batches):
        asked = [asyncio.create_task(batches.ask(number)) for number in range(10)]
        await asyncio.sleep(0)
        doubling.begin.set()
        return await asyncio.gather(*asked)

    batches = opened(doubling)
    assert asyncio.run(all_of_them(batches)) == [2 * number for number in range(10)]
    assert [*map(len, doubling.batches)] == [4, 4, 2]
    batches.close()
    assert not batches.thread.is_alive()


def test_a_failure_is_of_the_one_who_caused_it(doubling):
    async def all_of_them(batches):
        asked = [batches.ask(number) for number in (1, 13, 2)]
        return await asyncio.gather(*asked, return_exceptions=True)

    doubling.begin.set()
    batches = opened(doubling)
    one, failure, two = asyncio.run(all_of_them(batches))
    assert (one, two) == (2, 4) and isinstance(failure, ValueError)
    batches.close()


def test_functions_run_in_the_same_thread(doubling):
    doubling.begin.set()
    batches = opened(doubling)
    assert asyncio.run(batches.alone(threading.current_thread)) is batches.thread
    with pytest.raises(ZeroDivisionError):
        asyncio.run(batches.alone(lambda: 1 // 0))
    batches.close()


def test_more_may_not_wait(doubling):
    async def too_many(batches):
        asked = [asyncio.create_task(batches.ask(number)) for number in range(8)]
        await asyncio.sleep(0.1)  # the first is taken, and two wait
        doubling.begin.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    batches = opened(doubling, size=1, wait=0, most=2)
    found = asyncio.run(too_many(batches))
    assert sum(isinstance(one, BusyError) for one in found) in (5, 6)
    batches.close()


def test_who_has_gone_is_not_answered(doubling):
    async def leaves(batches):
        first = asyncio.create_task(batches.ask(1))
        await asyncio.sleep(0.1)  # it is being answered
        second = asyncio.create_task(batches.ask(2))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        doubling.begin.set()
        return await first

    batches = opened(doubling, wait=0)
    assert asyncio.run(leaves(batches)) == 2
    batches.close()
    assert doubling.batches == [[1]]
