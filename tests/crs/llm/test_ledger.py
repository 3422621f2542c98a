"""States of a request, and two processes with one ledger."""

import multiprocessing
import sqlite3
from pathlib import Path

import pytest

from crs.errors import UserError
from crs.llm.ledger import Booking, Ledger


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    """With requests a, b, c sent as job `one`, 1 USD set aside for each."""
    found = Ledger(tmp_path / "folder" / "ledger.sqlite")
    with found.lock():
        found.add("abc", "m")
        found.send("one", "p", dict.fromkeys("abc", 1.0))
    return found


def states(ledger: Ledger) -> dict[str, str]:
    return {key: row.state for key, row in ledger.rows("abcd").items()}


def test_a_ledger_that_is_not_there_is_empty_and_is_not_made_by_looking(tmp_path):
    ledger = Ledger(tmp_path / "none.sqlite")
    assert ledger.rows("ab") == {} and ledger.spent() == 0 and ledger.jobs("p") == []
    assert list(tmp_path.iterdir()) == []


def test_from_new_to_sent_to_done(ledger):
    with ledger.lock():
        ledger.add("ad", "m")  # a is there already
    assert states(ledger) == {"a": "sent", "b": "sent", "c": "sent", "d": "new"}
    ledger.accept("one", "remote")
    assert [(job.name, job.remote) for job in ledger.jobs("p")] == [("one", "remote")]
    ledger.book([Booking("a", "done", "yes", tokens_in=3, tokens_out=2, usd=0.25, code="right")])
    row = ledger.rows("a")["a"]
    assert (row.state, row.answer, row.usd, row.asked) == ("done", "yes", 0.25, 1)
    assert ledger.spent() == 0.25 + 2


def test_an_answer_is_booked_once(ledger):
    ledger.book([Booking("a", "done", "first", usd=0.5)])
    ledger.book([Booking("a", "done", "second", usd=0.5)])
    assert ledger.rows("a")["a"].answer == "first" and ledger.spent() == 0.5 + 2


def test_what_a_job_owes_at_its_end_is_new_again(ledger):
    left = ledger.settle("one", [Booking("a", "done", "yes"), Booking("b", "failed", reason="no")])
    assert left == 1 and ledger.jobs("p") == [] and ledger.spent() == 0
    assert states(ledger) == {"a": "done", "b": "failed", "c": "new"}


def test_asked_again_counts_what_was_paid_before(ledger):
    ledger.settle("one", [Booking("a", "new", usd=0.5, tokens_in=7, code="wrong")])
    with ledger.lock():
        ledger.send("two", "p", {"a": 1.0})
    ledger.book([Booking("a", "done", "yes", usd=0.5, tokens_in=7, code="right")])
    row = ledger.rows("a")["a"]
    assert (row.asked, row.usd, row.tokens_in, row.wrong) == (2, 1.0, 14, 1)


def test_errors_may_be_asked_again_and_refusals_not(ledger):
    ledger.settle("one", [Booking("a", "failed", reason="error: 400"),
                          Booking("b", "failed", reason="refused: no")])  # fmt: skip
    ledger.renew("abc")
    assert states(ledger) == {"a": "new", "b": "failed", "c": "new"}


def test_a_state_that_there_is_not_is_refused_and_changes_nothing(ledger):
    with pytest.raises(Exception, match="CHECK constraint"):
        ledger.book([Booking("a", "done", "yes"), Booking("b", "lost")])
    assert states(ledger)["a"] == "sent"


def work(path, mine: str, count: int) -> None:
    ledger = Ledger(path)
    for i in range(count):
        with ledger.lock():
            keys = [f"{i}-{j}" for j in range(5)]
            ledger.add(keys, "m")
            rows = ledger.rows(keys)
            new = [key for key in keys if rows[key].state == "new"]
            if new:
                ledger.send(f"{mine}-{i}", "p", dict.fromkeys(new, 0.0))
        ledger.settle(f"{mine}-{i}", [Booking(key, "done", mine) for key in new])


def test_two_processes_send_each_request_once(tmp_path):
    path = tmp_path / "ledger.sqlite"
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=work, args=(path, name, 25)) for name in ("x", "y")]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    rows = Ledger(path).rows(f"{i}-{j}" for i in range(25) for j in range(5))
    assert len(rows) == 125
    assert {(row.state, row.asked) for row in rows.values()} == {("done", 1)}


@pytest.fixture
def written(ledger) -> Ledger:
    """With answers of several pages."""
    with ledger.lock():
        ledger.accept("one", "remote")
        ledger.book([Booking("a", "done", "yes" * 3000, usd=0.25), Booking("b", "failed", None)])
    return ledger


def content(ledger: Ledger) -> tuple[object, ...]:
    return ledger.rows("abc"), ledger.jobs("p"), ledger.sent("one"), ledger.spent()


def test_every_flipped_bit_is_told_or_changes_nothing(written):
    """Wherever it lies: in a page's head, in a key, an answer, a price, a job, or in no row."""
    whole, before = written.path.read_bytes(), content(written)
    told = 0
    for place in range(0, len(whole), 23):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        written.path.write_bytes(damaged)
        try:
            written.check()
            assert content(written) == before, place
        except UserError as error:
            told += 1
            assert "is damaged" in str(error) and "nothing was sent" in str(error)
    assert told > 100


@pytest.mark.parametrize("left", [0, 1, 100, 5000])
def test_a_cut_ledger_is_told(left, written):
    written.path.write_bytes(written.path.read_bytes()[:left])
    with pytest.raises(UserError, match=r"llm\.ledger=.* is damaged"), written.lock():
        pass
    assert written.path.stat().st_size == left  # kept as it is, for who can mend it


def test_a_row_that_was_changed_by_hand_is_told(written):
    with sqlite3.connect(written.path) as db:
        db.execute("UPDATE requests SET answer = 'no' WHERE key = 'a'")
    with pytest.raises(UserError, match="1 rows of requests are not as they were written"):
        written.check()


def test_a_ledger_of_before_there_were_seals_gets_them(written):
    before = content(written)
    with sqlite3.connect(written.path) as db:
        for table in ("requests", "jobs"):
            db.execute(f"DROP INDEX unsealed_{table}")
            db.execute(f"ALTER TABLE {table} DROP COLUMN seal")
    written.check()
    with written.lock():
        written.add("d", "m")
    assert content(written) == before
    with sqlite3.connect(written.path) as db:
        assert db.execute("SELECT COUNT(*) FROM requests WHERE seal IS NULL").fetchone() == (0,)


def test_a_kill_while_the_file_is_made_leaves_none(tmp_path, monkeypatch):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with ledger.lock():
            pass
    assert not ledger.path.exists()
    with ledger.lock():
        ledger.add("a", "m")
    assert set(ledger.rows("a")) == {"a"}
