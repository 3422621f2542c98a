"""A process that dies at any point loses nothing and sends nothing twice."""

import time

import pytest

from crs.errors import UserError
from crs.llm.ledger import Ledger
from crs.llm.openai_chat import OpenAIChat
from tests.fakes.asking import BATCHES, fresh, paid, questions, right, texts


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it, and no more is written."""


def kill(monkeypatch, place, name, after=0):
    """The process dies when it comes to `place.name` for the time after `after`."""
    left, inner = [after], getattr(place, name)

    def deadly(*words, **named):
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        return inner(*words, **named)

    monkeypatch.setattr(place, name, deadly)


@pytest.mark.parametrize("kind", BATCHES)
@pytest.mark.parametrize("moment", ["send", "accept", "sent", "_book", "settle"])
def test_killed_between_any_two_steps(kind, moment, model, asked, monkeypatch):
    """Before the job is noted, when it was made and its id is not, while waiting, at booking."""
    with fresh(kind) as vendor:
        with monkeypatch.context() as patch:
            kill(patch, Ledger, moment)
            with pytest.raises(Killed):
                model(kind, vendor).ask(asked)
        assert texts(model(kind, vendor).ask(asked)) == right(asked)
        assert paid(vendor) == [1] * len(asked)
        assert vendor.calls["create"] == 1


@pytest.mark.parametrize("kind", BATCHES)
def test_killed_before_the_job_was_made(kind, model, asked, monkeypatch):
    with fresh(kind) as vendor:
        llm = model(kind, vendor)
        kill(monkeypatch, llm.back_end, "create")
        with pytest.raises(Killed):
            llm.ask(asked)
        assert {row.state for row in llm.ledger.rows(map(llm.key, asked)).values()} == {"sent"}
        assert texts(model(kind, vendor).ask(asked)) == right(asked)
        assert paid(vendor) == [1] * len(asked)


def test_killed_between_two_jobs(model, asked, monkeypatch):
    with fresh("openai_batch") as vendor:
        with monkeypatch.context() as patch:
            kill(patch, Ledger, "send", after=1)
            with pytest.raises(Killed):
                model("openai_batch", vendor, job_requests=5).ask(asked)
        assert texts(model("openai_batch", vendor, job_requests=5).ask(asked)) == right(asked)
        assert paid(vendor) == [1] * len(asked) and vendor.calls["create"] == 3


def test_a_chat_that_is_killed_keeps_what_was_answered(model, asked, monkeypatch):
    """Those under way are asked again: nobody can know whether they were answered."""
    with fresh("openai") as vendor:
        with monkeypatch.context() as patch:
            kill(patch, OpenAIChat, "one", after=5)
            patch.setattr(Ledger, "settle", lambda *_: (_ for _ in ()).throw(Killed))
            with pytest.raises(Killed):
                model("openai", vendor, workers=1).ask(asked)
        assert 0 < len(vendor.generated) <= 5
        assert texts(model("openai", vendor).ask(asked)) == right(asked)
        assert max(paid(vendor)) <= 2 and paid(vendor).count(2) <= 1


def test_a_chat_that_is_interrupted_gives_back_what_was_not_asked(model, asked, monkeypatch):
    with fresh("openai") as vendor:
        llm = model("openai", vendor, workers=1)
        kill(monkeypatch, OpenAIChat, "one", after=5)
        with pytest.raises(Killed):
            llm.ask(asked)
        states = [row.state for row in llm.ledger.rows(map(llm.key, asked)).values()]
        assert states.count("sent") == 0 and states.count("done") + states.count("new") == 12


def test_another_process_waits_for_a_job_that_was_sent(model, asked):
    """What the first sent, the second collects; neither sends it again."""
    with fresh("openai_batch") as vendor:
        first, second = model("openai_batch", vendor), model("openai_batch", vendor)
        first.submit(asked)
        more = [*asked[:4], *questions(2, sample=9)]
        assert texts(second.ask(more)) == right(more)
        assert texts(first.ask(asked)) == right(asked)
        assert paid(vendor) == [1] * 14 and vendor.calls["create"] == 2


@pytest.mark.parametrize("workers", [1, 3, 8])
def test_a_chat_never_has_more_than_its_workers_begun_and_not_booked(
    workers, model, asked, monkeypatch
):
    """What a kill at any moment loses: bookings are slow here, and answers wait for them."""
    with fresh("openai") as vendor:
        llm, most = model("openai", vendor, workers=workers), 0
        real, booked = Ledger.book, 0

        def slow(ledger, bookings):
            nonlocal most, booked
            time.sleep(0.02)
            most = max(most, len(vendor.generated) - booked)
            real(ledger, bookings)
            booked += 1

        monkeypatch.setattr(Ledger, "book", slow)
        assert texts(llm.ask(asked)) == right(asked)
        assert most <= workers


def test_a_damaged_ledger_is_told_before_anything_is_sent(model, asked):
    with fresh("openai") as vendor:
        llm = model("openai", vendor)
        llm.ask(asked)
        content = bytearray(llm.ledger.path.read_bytes())
        place = content.index(b"tonight")
        content[place] ^= 1
        llm.ledger.path.write_bytes(content)
        with pytest.raises(UserError, match="is damaged"):
            model("openai", vendor).ask([*asked, *questions(2, sample=9)])
        assert paid(vendor) == [1] * len(asked)
