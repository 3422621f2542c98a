"""What a language model is paid for: kills, several processes and damage, against its own bill."""

import random
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from crs.config import Config
from tests.contracts.tiny import config
from tests.faults.attempts import Stop, attempt, digests, start, writes_in
from tests.faults.damage import DAMAGES
from tests.faults.recipes import QUICK
from tests.faults.tried import DIFFERENT, OTHER, PAID, STUCK, Tried
from tests.faults.vendors import bill, serving

KINDS = ("openai_batch", "openai")
WORKERS = 3
MOST = 60
LOST = "asked again of a chat: under way at the kill"
FEW = ("samples=raw", "dataset.generated.users=25")
"""Some dozens of requests."""
EIGHT = 8


class Place:
    """A folder with a store, a ledger, and the bill of the vendor that it deals with.

    Args:
        kind: the back end.
        url: the vendor's.
    """

    def __init__(self, folder: Path, kind: str, url: str, bill_at: Path) -> None:
        self.folder, self.bill_at = folder, bill_at
        self.store, self.ledger = folder / "store", folder / "ledger.sqlite"
        folder.mkdir(exist_ok=True)
        words = ("model=latentcrs", "stage=simulate", "simulator=llm", f"llm={kind}", *FEW)
        found = config(*words, *QUICK)
        llm = replace(
            found.llm, base_url=url, ledger=str(self.ledger), budget_usd=100.0, workers=WORKERS,
            poll_seconds=0.01, backoff_seconds=0.01, wait_seconds=60.0,
        )  # fmt: skip
        self.asked: Config = replace(found, llm=llm, store=str(self.store))

    def paid_beyond(self, once: Counter[str]) -> int:
        """Requests that were paid for more often than that."""
        return (bill(self.bill_at) - once).total()

    def forget(self) -> None:
        """Remove everything but the vendor."""
        shutil.rmtree(self.folder)
        self.bill_at.unlink(missing_ok=True)


def straight(place: Place) -> tuple[dict[str, str], Counter[str]]:
    """The digests of a run that nothing disturbs, and its bill."""
    done = attempt(place.asked)
    assert done.code == 0, done.said
    return digests(place.store), bill(place.bill_at)


def kills(folder: Path, tried: Tried) -> None:
    """SIGKILL at writes and ledger transactions of an LLM-simulated run, and the same command:
    nothing is paid twice, but for the requests of a chat that were under way."""
    for kind in KINDS:
        log, billed = folder / "writes.log", folder / "bill"
        with serving(billed) as url:
            place = Place(folder / "place", kind, url, billed)
            # Counted are the writes below the folder of the ledger too.
            counted = replace(place.asked, store=str(place.folder))
            done = attempt(counted, log=log)
            assert done.code == 0, done.said
            wanted, once = digests(place.folder), bill(billed)
            place.forget()
            for write in tried.drawn(writes_in(log), MOST):
                killed, again = attempt(counted, stop=Stop(write.number)), attempt(counted)
                what = f"{kind} killed at {write.kind} {write.path}"
                lost, twice = WORKERS if kind == "openai" else 0, place.paid_beyond(once)
                if killed.code != -9:
                    tried.fail(OTHER, f"{what}: it ended with {killed.code} {killed.sentence}")
                elif again.code != 0:
                    tried.fail(STUCK, f"{what}: then {again.code} {again.sentence}")
                elif digests(place.folder) != wanted:
                    tried.fail(DIFFERENT, what)
                elif twice > lost:
                    tried.fail(PAID, f"{what}: {twice} requests")
                else:
                    tried.held[f"{kind} killed"] += 1
                    tried.held += Counter({LOST: twice})
                place.forget()


def at_once(folder: Path, tried: Tried) -> None:
    """Eight processes with one ledger: each request is paid once."""
    for kind in tried.drawn(KINDS):
        billed = folder / "bill"
        with serving(billed) as url:
            place = Place(folder / "place", kind, url, billed)
            wanted, once = straight(place)
            place.forget()
            place.folder.mkdir()
            # Stores of their own, so that not the store's lock but the ledger's parts them.
            asked = [replace(place.asked, store=str(place.folder / f"store_{n}"))
                     for n in range(EIGHT)]  # fmt: skip
            done = [running.end() for running in list(map(start, asked))]
            found, twice = [digests(Path(one.store)) for one in asked], place.paid_beyond(once)
            if failed := [one for one in done if one.code != 0]:
                kinds = STUCK if any(one.stuck for one in failed) else OTHER
                tried.fail(kinds, f"{kind}: {len(failed)} of {EIGHT}: {failed[0].sentence}")
            elif any(one != wanted for one in found):
                tried.fail(DIFFERENT, f"{kind}: {EIGHT} at once")
            elif twice:
                tried.fail(PAID, f"{kind}: {twice} requests by {EIGHT} at once")
            else:
                tried.held[f"times {EIGHT} at once with one ledger"] += 1
            place.forget()


def damage(folder: Path, tried: Tried) -> None:
    """Flips, zeroed blocks, cuts and deletion of the ledger, finished and with a batch under way:
    told or without effect; who deletes it asks anew, and reads so."""
    for kind in KINDS:
        billed, before = folder / "bill", folder / "before"
        with serving(billed) as url:
            place = Place(folder / "place", kind, url, billed)
            wanted, paid = straight(place)
            for state in ("finished", "under way") if kind == "openai_batch" else ("finished",):
                if state == "under way":
                    place.forget()
                    send(place, folder / "writes.log")
                else:
                    shutil.rmtree(place.store / "simulate")
                shutil.copytree(place.folder, before)
                every = [(how, number) for how in DAMAGES for number in range(10)]
                for how, number in tried.drawn(every, MOST):
                    shutil.rmtree(place.folder)
                    shutil.copytree(before, place.folder)
                    billed.write_text("".join(f"{line}\n" for line in paid.elements()))
                    DAMAGES[how](place.ledger, random.Random(f"{how} {number} {tried.seed}"))
                    what = f"{kind} {state}, {how} {number}"
                    judge(tried, what, place, wanted, paid, how == "delete")
                shutil.rmtree(before)
            place.forget()


def send(place: Place, log: Path) -> None:
    """Kill a run when its batch is made and nothing of it is booked."""
    counted = replace(place.asked, store=str(place.folder))
    attempt(counted, log=log)
    opened = [write.number for write in writes_in(log) if write.kind == "sqlite3.connect"]
    first, last = 0, len(opened)
    while first < last:
        middle = (first + last) // 2
        place.forget()
        place.folder.mkdir()
        attempt(counted, stop=Stop(opened[middle]))
        jobs = jobs_in(place.ledger)
        if jobs == [True]:
            return
        first, last = (first, middle) if jobs else (middle + 1, last)
    raise AssertionError("no run was killed with a batch under way")


def jobs_in(ledger: Path) -> list[bool]:
    """Of each job that the vendor has, whether its answers are still to come."""
    if not ledger.is_file():
        return []
    with closing(sqlite3.connect(ledger)) as db:
        rows = db.execute("SELECT open FROM jobs WHERE remote IS NOT NULL").fetchall()
    return [bool(row[0]) for row in rows]


def judge(
    tried: Tried, what: str, place: Place, wanted: dict[str, str], paid: Counter[str], gone: bool
) -> None:
    """Run the command with a damaged ledger."""
    done = attempt(place.asked)
    twice = place.paid_beyond(paid)
    if gone:
        if done.code == 0 and "0 of them sent before" in done.said:
            tried.held["deleted: asked anew, and said"] += 1
        else:
            tried.fail(PAID, f"{what}: {done.code}, paid anew and not said: {done.sentence}")
    elif twice:
        tried.fail(PAID, f"{what}: {twice} requests")
    elif done.code == 2 and "is damaged" in done.sentence:
        tried.held["told"] += 1
    elif done.code != 0:
        tried.fail(STUCK if done.stuck else OTHER, f"{what}: {done.code} {done.sentence}")
    elif digests(place.store) != wanted:
        tried.fail(DIFFERENT, what)
    else:
        tried.held["without effect"] += 1
