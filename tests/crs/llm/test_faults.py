"""Whatever the vendor does: no answer is lost, none is paid for twice, none is another's.

`generated` of the fakes counts how often each prompt was answered: what a bill would show.
"""

import copy
import signal
import threading
import time

import pytest

from crs.errors import UserError
from crs.llm.report import report
from tests.fakes.asking import BATCHES, KINDS, fresh, paid, questions, right, texts
from tests.fakes.gemini import Gemini
from tests.fakes.openai import OpenAI
from tests.fakes.vendor import Faults

HARMLESS = {
    "nothing wrong": Faults(),
    "429 storm": Faults(storm=5),
    "500s": Faults(broken=4),
    "slow": Faults(polls=4),
    "truncated once": Faults(truncated=1),
    "invalid UTF-8 once": Faults(bad_bytes=1),
    "out of order": Faults(shuffled=True),
    "doubled": Faults(doubled=5),
    "foreign": Faults(foreign=4),
    "made, and told 500": Faults(after=1),
    "everything": Faults(
        storm=2, broken=2, polls=3, truncated=1, shuffled=True, doubled=3, foreign=2, after=1
    ),
}
"""Faults that cost no second answer."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", HARMLESS)
def test_every_request_is_answered_once(kind, name, model, asked):
    with fresh(kind) as vendor:
        vendor.faults = copy.copy(HARMLESS[name])
        if kind == "gemini_batch":
            vendor.faults.only = "v1beta/"  # the client repeats uploads itself, after whole seconds
        assert texts(model(kind, vendor).ask(asked)) == right(asked)
        assert paid(vendor) == [1] * len(asked)
        again = model(kind, vendor)
        assert texts(again.ask(asked)) == right(asked)
        assert paid(vendor) == [1] * len(asked)
        if kind in BATCHES:
            assert vendor.calls["create"] == 1


class Slow(OpenAI):
    """Every answer takes a while, so that several are under way when a call fails."""

    def complete(self, body):
        time.sleep(0.05)
        return super().complete(body)


def test_answers_under_way_when_another_request_fails_are_kept(model, asked):
    with Slow() as vendor:
        vendor.faults.storm = 1
        with pytest.raises(UserError, match="same command to resume"):
            model("openai", vendor, tries=1, workers=3).ask(asked)
        assert 0 < len(vendor.generated) < len(asked)
        assert texts(model("openai", vendor).ask(asked)) == right(asked)
        assert paid(vendor) == [1] * len(asked)


class Interrupting(Slow):
    """Somebody presses Ctrl-C while the fourth answer is on its way."""

    def complete(self, body):
        if sum(self.generated.values()) == 3:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        return super().complete(body)


def test_answers_under_way_at_a_ctrl_c_are_kept(model, asked):
    with Interrupting() as vendor:
        with pytest.raises(KeyboardInterrupt):
            model("openai", vendor, workers=3).ask(asked)
        assert 3 < len(vendor.generated) < len(asked)
        assert texts(model("openai", vendor).ask(asked)) == right(asked)
        assert paid(vendor) == [1] * len(asked)


@pytest.mark.parametrize("kind", BATCHES)
def test_only_what_is_missing_is_asked_again(kind, model, asked):
    with fresh(kind) as vendor:
        vendor.faults.missing = 3
        llm = model(kind, vendor)
        assert texts(llm.ask(asked)) == right(asked)
        assert paid(vendor) == [1] * 9 + [2] * 3
        assert vendor.calls["create"] == 2
        assert report(llm, asked)["asked_again"] == 3


@pytest.mark.parametrize("kind", BATCHES)
def test_a_result_that_stays_cut_off_loses_only_what_was_cut(kind, model, asked):
    with fresh(kind) as vendor:
        vendor.faults.truncated = 3  # every attempt of the first job
        llm = model(kind, vendor)
        assert texts(llm.ask(asked)) == right(asked)
        assert paid(vendor) == [1] * 11 + [2]
        assert report(llm, asked)["malformed"] == 1


@pytest.mark.parametrize("kind", BATCHES)
def test_bytes_that_are_no_text_do_not_cost_an_answer(kind, model, asked):
    with fresh(kind) as vendor:
        vendor.faults.bad_bytes = 3
        llm = model(kind, vendor)
        assert texts(llm.ask(asked)) == right(asked)
        assert paid(vendor) == [1] * 12
        assert report(llm, asked)["malformed"] == 1


@pytest.mark.parametrize("kind", BATCHES)
def test_answers_with_each_others_key_are_told_and_asked_again(kind, model, asked):
    with fresh(kind) as vendor:
        vendor.faults.swapped = 2
        llm = model(kind, vendor)
        assert texts(llm.ask(asked)) == right(asked)
        assert paid(vendor) == [1] * 8 + [2] * 4
        found = report(llm, asked)
        assert (found["mismatched"], found["mismatch_rate"]) == (4, 4 / 16)


def test_without_codes_interchanged_answers_go_unseen(model, asked):
    """The check is what finds them: the same fault, no check."""
    with fresh("openai_batch") as vendor:
        vendor.faults.swapped = 1
        llm = model("openai_batch", vendor, echo=False)
        answers = texts(llm.ask(asked))
        assert answers != right(asked) and sorted(answers) == sorted(right(asked))
        assert report(llm, asked)["mismatch_rate"] is None


@pytest.mark.parametrize("kind", BATCHES)
def test_faults_are_counted(kind, model, asked):
    with fresh(kind) as vendor:
        vendor.faults = Faults(doubled=5, foreign=4)
        llm = model(kind, vendor)
        llm.ask(asked)
        found = report(llm, asked)
        assert (found["doubled"], found["foreign"], found["malformed"]) == (5, 4, 0)


def test_a_vendor_that_loses_keys_is_matched_by_the_codes(model, asked):
    with Gemini() as vendor:
        vendor.keeps_keys = False
        assert texts(model("vertex", vendor).ask(asked)) == right(asked)
        assert paid(vendor) == [1] * 12


@pytest.mark.parametrize("kind", BATCHES)
def test_results_that_answer_nothing_of_ours_are_not_paid_for_anew(kind, model, asked):
    with fresh(kind) as vendor:
        model(kind, vendor).submit(asked)
        for line in next(iter(vendor.jobs.values()))["lines"]:
            line.update(custom_id="a stranger's", key="a stranger's")
        for _ in range(2):
            with pytest.raises(UserError, match=r"none answers a request of ours; nothing is ask"):
                model(kind, vendor).ask(asked)
        assert vendor.calls["create"] == 1
        job = next(iter(vendor.jobs))
        assert texts(model(kind, vendor, drop_job=job).ask(asked)) == right(asked)
        assert vendor.calls["create"] == 2


@pytest.mark.parametrize("kind", BATCHES)
def test_a_job_that_the_vendor_no_longer_knows_is_not_paid_for_anew(kind, model, asked):
    with fresh(kind) as vendor:
        model(kind, vendor).submit(asked)
        (job,) = vendor.jobs
        vendor.jobs.clear()
        with pytest.raises(UserError, match=rf"was refused .*llm\.drop_job={job} gives them up"):
            model(kind, vendor).ask(asked)
        assert vendor.calls["create"] == 1 and not vendor.generated
        assert texts(model(kind, vendor, drop_job=job).ask(asked)) == right(asked)
        assert paid(vendor) == [1] * 12


@pytest.mark.parametrize("kind", KINDS)
def test_refusals_and_filters_are_counted_apart_and_not_asked_again(kind, model, asked):
    with fresh(kind) as vendor:
        vendor.faults = Faults(refused=2, blocked=3)
        llm = model(kind, vendor)
        answers = llm.ask(asked)
        reasons = [answer.reason.partition(":")[0] for answer in answers]
        refused = 2 if kind.startswith("openai") else 0  # Gemini has no refusals of the model's own
        assert reasons.count("refused") == refused and reasons.count("blocked") == 5 - refused
        assert texts(answers).count(None) == 5
        model(kind, vendor).ask(asked)
        assert paid(vendor) == [1] * 12
        found = report(llm, asked)
        assert (found["refused"], found["blocked"]) == (refused, 5 - refused)


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_that_is_not_acceptable_fails_alone_and_once_a_command(kind, model, asked):
    with fresh(kind) as vendor:
        vendor.faults.bad = 2
        llm = model(kind, vendor)
        answers = llm.ask(asked)
        assert [a.reason.partition(":")[0] for a in answers if a.text is None] == ["error"] * 2
        assert report(llm, asked)["errors"] == 2
        # The next command tries them again, and them alone.
        assert texts(model(kind, vendor).ask(asked)) == right(asked)
        assert paid(vendor) == [1] * 12


@pytest.mark.parametrize("kind", BATCHES)
def test_errors_of_the_servers_inside_a_job_are_asked_again(kind, model, asked):
    with fresh(kind) as vendor:
        vendor.faults.hiccups = 4
        assert texts(model(kind, vendor).ask(asked)) == right(asked)
        assert paid(vendor) == [1] * 12
        assert vendor.calls["create"] == 2


@pytest.mark.parametrize("kind", BATCHES)
def test_what_never_comes_ends_with_what_to_type(kind, model, asked):
    with fresh(kind) as vendor:
        vendor.faults.hiccups = 1000
        with pytest.raises(UserError, match=r"12 of 12 requests have no answer after 3 rounds"):
            model(kind, vendor).ask(asked)
        assert vendor.calls["create"] == 3
        vendor.faults.hiccups = 0
        assert texts(model(kind, vendor).ask(asked)) == right(asked)
        assert paid(vendor) == [1] * 12


@pytest.mark.parametrize("kind", BATCHES)
def test_a_job_that_fails_whole_says_so_and_is_sent_again_by_the_same_command(kind, model, asked):
    with fresh(kind) as vendor:
        vendor.faults.failed = 1
        with pytest.raises(UserError, match=r"(?i)failed.*type the same command to send the rest"):
            model(kind, vendor).ask(asked)
        assert texts(model(kind, vendor).ask(asked)) == right(asked)
        assert paid(vendor) == [1] * 12


@pytest.mark.parametrize("kind", BATCHES)
def test_a_poll_that_never_ends_ends_at_the_limit_and_is_gone_on_with(kind, model, asked):
    with fresh(kind) as vendor:
        vendor.faults.never = True
        with pytest.raises(UserError, match=r"is not done after llm\.wait_seconds=0\.05"):
            model(kind, vendor, wait_seconds=0.05).ask(asked)
        vendor.faults.never = False
        assert texts(model(kind, vendor).ask(asked)) == right(asked)
        assert paid(vendor) == [1] * 12 and vendor.calls["create"] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_killed_and_comes_back(kind, model, asked):
    with fresh(kind) as vendor:
        llm = model(kind, vendor, tries=3)
        if kind in BATCHES:
            llm.submit(asked)
        else:
            llm.ask(asked[:5])
        vendor.stop()
        with pytest.raises(UserError, match=r"failed 3 times .* type the same command to resume"):
            model(kind, vendor, tries=3).ask(asked)
        vendor.start()
        assert texts(model(kind, vendor).ask(asked)) == right(asked)
        assert paid(vendor) == [1] * 12


@pytest.mark.parametrize("kind", BATCHES)
def test_samples_of_one_text_are_asked_apart_and_equal_requests_once(kind, model):
    with fresh(kind) as vendor:
        one, two = questions(1, sample=0), questions(1, sample=1)
        answers = model(kind, vendor).ask([*one, *two, *one])
        assert texts(answers) == right([*one, *two, *one])
        assert sum(vendor.generated.values()) == 2


@pytest.mark.parametrize("kind", BATCHES)
def test_large_orders_are_cut_into_jobs(kind, model, asked):
    with fresh(kind) as vendor:
        assert texts(model(kind, vendor, job_requests=5).ask(asked)) == right(asked)
        assert [len(job["lines"]) for job in vendor.jobs.values()] == [5, 5, 2]
        assert paid(vendor) == [1] * 12
