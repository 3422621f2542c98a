"""A language model: price, submit, collect, ask. Every answer goes through the ledger."""

import math
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from crs.console import Context, say
from crs.errors import UserError
from crs.llm.back_ends import back_end
from crs.llm.calls import RefusalError
from crs.llm.ledger import Booking, Job, Ledger
from crs.llm.prices import Bill, rate_of, tokens_in, usd
from crs.llm.protocol import Batches, Direct
from crs.llm.request import Answer, Reply, Request, code_of, key_of, with_code, without_code
from crs.settings.llm import LLM


class LanguageModel:
    """The model that the settings name, with its ledger.

    Args:
        cache: folder for downloads.
    """

    def __init__(self, settings: LLM, context: Context, cache: Path) -> None:
        self.settings, self.context, self.cache = settings, context, cache
        self.identity = settings.identity()
        self.ledger = Ledger(settings.ledger)

    @cached_property
    def back_end(self) -> Direct | Batches:
        """Made when the first request is sent: finding answers needs no library and no key."""
        return back_end(self.settings, self.context.trainer, self.cache)

    def key(self, request: Request) -> str:
        """The ledger's name of a request to this model."""
        return key_of(self.identity, request)

    def as_sent(self, request: Request) -> Request:
        """The request with its code, where the settings ask for one."""
        return with_code(request, code_of(self.key(request))) if self.settings.echo else request

    def price(self, requests: Sequence[Request]) -> Bill:
        """What asking these would cost at most; nothing is sent, and no key is needed."""
        different = {self.key(request): request for request in requests}
        new = [self.as_sent(different[key]) for key in self.unsent(different)]
        sent_in, sent_out = sum(map(tokens_in, new)), len(new) * self.settings.max_tokens
        price = None if rate_of(self.settings) is None else usd(self.settings, sent_in, sent_out)
        before = len(different) - len(new)
        return Bill(len(requests), len(different), before, sent_in, sent_out, price)

    def ask(self, requests: Sequence[Request]) -> list[Answer]:
        """The answers to the requests, in their order; only what has none yet is sent.

        Raises:
            UserError: over budget, out of reach, a damaged ledger, or no answer after `llm.rounds`
                rounds. What was answered is kept.
        """
        self.ledger.check()
        keys = [self.key(request) for request in requests]
        if {row.key for row in self.ledger.rows(keys).values() if row.reason.startswith("error")}:
            self.ledger.renew(keys)
        for _ in range(self.settings.rounds):
            self.submit(requests)
            self.collect(requests)
            rows = self.ledger.rows(keys)
            owed = [row for row in rows.values() if row.state == "new"]
            if not owed:
                return [Answer(rows[key].answer, rows[key].reason) for key in keys]
        raise UserError(
            f"llm: {len(owed):,} of {len(rows):,} requests have no answer after "
            f"{self.settings.rounds} rounds ({owed[0].reason or 'none came'}); the others are kept "
            f"in {self.ledger.path}; type the same command to resume"
        )

    def submit(self, requests: Sequence[Request]) -> None:
        """Send what was never sent; a direct back end answers at once.

        Raises:
            UserError: if the price is unknown, or could cross `llm.budget_usd`: nothing is sent.
        """
        wanted = {self.key(request): self.as_sent(request) for request in requests}
        if not self.unsent(wanted) and not self.settings.drop_job:
            return
        with self.ledger.lock():
            self.recover()
            self.ledger.add(wanted, self.settings.model)
            new = {key: wanted[key] for key in self.unsent(wanted)}
            reserved = {
                key: usd(self.settings, tokens_in(request), self.settings.max_tokens)
                for key, request in new.items()
            }
            self.afford(sum(reserved.values()))
            if not isinstance(self.back_end, Batches):
                self.answer(self.back_end, new, reserved)
                return
            keys, size = list(new), self.settings.job_requests
            for part in (keys[first : first + size] for first in range(0, len(keys), size)):
                name = f"crs-{uuid.uuid4().hex}"
                self.ledger.send(name, self.settings.provider, {key: reserved[key] for key in part})
                remote = self.back_end.create(name, {key: new[key] for key in part})
                self.ledger.accept(name, remote)
                say(f"llm       sent      {len(part):,} requests as {remote}")

    def answer(self, back_end: Direct, new: dict[str, Request], reserved: dict[str, float]) -> None:
        """Ask a back end that answers at once, and book each answer as it comes."""
        name = f"crs-{uuid.uuid4().hex}"
        self.ledger.send(name, self.settings.provider, reserved)
        try:
            with self.context.bar(len(new), label="llm", unit="answer") as bar:
                for replies in back_end.answer(new):
                    self.ledger.book(self.booking(reply) for reply in replies)
                    bar.update(len(replies))
        finally:
            self.ledger.settle(name)

    def unsent(self, wanted: dict[str, Request]) -> list[str]:
        """Keys that were never sent, in their order."""
        rows = self.ledger.rows(wanted)
        return [key for key in wanted if key not in rows or rows[key].state == "new"]

    def recover(self) -> None:
        """Find the jobs of senders that died, or give their requests free. Under the lock."""
        for job in self.ledger.jobs(self.settings.provider):
            if job.remote is not None and job.remote != self.settings.drop_job:
                continue
            if job.remote is not None:
                owed = self.ledger.settle(job.name)
                say(f"llm       dropped   {job.remote}: {owed:,} requests are asked again")
                continue
            remote = self.back_end.find(job.name) if isinstance(self.back_end, Batches) else None
            if remote is not None:
                self.ledger.accept(job.name, remote)
                say(f"llm       found     {remote}, which an earlier run had sent")
            elif owed := self.ledger.settle(job.name):
                say(f"llm       again     {owed:,} requests were under way when a run was killed")

    def afford(self, price: float) -> None:
        """Refuse requests that could cost more than is left, or that have no price.

        Raises:
            UserError: with the amounts and what to type.
        """
        settings, rate = self.settings, rate_of(self.settings)
        if rate is None:
            raise UserError(
                f"llm.model={settings.model}: its price is not in conf/llm/prices; type "
                "llm.usd_in=… llm.usd_out=… (USD for a million tokens)"
            )
        if rate.retired and settings.base_url is None:
            raise UserError(
                f"llm.model={settings.model} was retired on {rate.retired}; type llm.model=… of "
                "one that is served"
            )
        spent = self.ledger.spent()
        if price and spent + price > settings.budget_usd:
            enough = math.ceil(100 * (spent + price)) / 100
            raise UserError(
                f"llm.budget_usd={settings.budget_usd:g}: this could cost up to {price:,.2f} USD, "
                f"and {spent:,.2f} are spent or under way in {settings.ledger}; nothing was sent; "
                f"type llm.budget_usd={enough:g} to resume"
            )

    def collect(self, requests: Sequence[Request]) -> None:
        """Wait for the jobs that owe these requests an answer, and book what they send.

        Raises:
            UserError: after `llm.wait_seconds`; the jobs stay, and the same command waits on.
        """
        keys = {self.key(request) for request in requests}
        deadline, told = time.monotonic() + self.settings.wait_seconds, False
        while True:
            rows = self.ledger.rows(keys).values()
            names = {row.job for row in rows if row.state == "sent"}
            if not names:
                return
            jobs = [job for job in self.ledger.jobs(self.settings.provider) if job.name in names]
            if any(job.remote is None for job in jobs):  # of another process, or of a dead one
                with self.ledger.lock():
                    self.recover()
                continue
            if sum(self.collect_job(job) for job in jobs) == len(jobs):
                continue
            remotes = ", ".join(str(job.remote) for job in jobs)
            if time.monotonic() > deadline:
                raise UserError(
                    f"llm: {remotes} is not done after llm.wait_seconds="
                    f"{self.settings.wait_seconds:g}; type the same command to resume waiting: "
                    "nothing is sent twice"
                )
            if not told:
                say(f"llm       waits     for {remotes}; a run that is stopped here loses nothing")
                told = True
            time.sleep(self.settings.poll_seconds)

    def collect_job(self, job: Job) -> bool:
        """Book the results of a job; whether it is over. A process that was faster does no harm.

        Raises:
            UserError: if the job failed, or sent nothing that is ours: then nothing is asked again.
        """
        assert isinstance(self.back_end, Batches) and job.remote is not None
        try:
            results = self.back_end.collect(job.remote)
        except RefusalError as refusal:
            raise UserError(
                f"{refusal}. Is this the account that sent {job.remote}? If its results are no "
                f"longer kept, llm.drop_job={job.remote} gives them up, to ask and pay again"
            ) from None
        if results is None:
            return False
        with self.ledger.lock():
            owed = self.ledger.sent(job.name)
            if not owed:
                return True
            of_code = {f"#{code_of(key)}": key for key in owed}
            replies = [replace(r, key=of_code.get(r.key, r.key)) for r in results.replies]
            mine = [reply for reply in replies if reply.key in owed]
            if not mine and (replies or results.malformed):
                raise UserError(
                    f"llm: {job.remote} sent {len(replies) + results.malformed:,} lines, and none "
                    "answers a request of ours; nothing is asked again; type the same command to "
                    f"look again, or llm.drop_job={job.remote} to give its answers up and pay again"
                )
            bookings: dict[str, Booking] = {}
            for booking in map(self.booking, mine):
                kept = bookings.get(booking.key)
                if kept is None or (kept.state == "new" and booking.state != "new"):
                    bookings[booking.key] = booking
            again = self.ledger.settle(
                job.name,
                bookings.values(),
                malformed=results.malformed,
                foreign=len(replies) - len(mine),
                doubled=len(mine) - len(bookings),
            )
        again += sum(booking.state == "new" for booking in bookings.values())
        say(f"llm       got       {len(owed) - again:,} of {len(owed):,} answers of {job.remote}")
        if results.failed:
            raise UserError(
                f"llm: {job.remote} {results.failed}; what was answered is kept in "
                f"{self.ledger.path}; type the same command to send the rest again"
            )
        return True

    def booking(self, reply: Reply) -> Booking:
        """What a reply means for the ledger; one with another request's code is asked again."""
        paid = usd(self.settings, reply.tokens_in, reply.tokens_out)
        text, code, state = reply.text, "", "done"
        reason = f"{reply.outcome}: {reply.detail}".rstrip(": ") if reply.outcome != "done" else ""
        if reply.outcome == "again":
            state = "new"
        elif reply.outcome != "done":
            state = "failed"
        elif self.settings.echo and text is not None:
            text, code = without_code(text, code_of(reply.key))
            if code == "wrong":
                text, state, reason = None, "new", "again: the answer was another's"
        return Booking(
            reply.key, state, text, reason, reply.cut, reply.tokens_in, reply.tokens_out, paid, code
        )
