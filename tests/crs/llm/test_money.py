"""What is asked is priced before, and a budget holds."""

from dataclasses import replace

import pytest

from crs.errors import UserError
from crs.llm.model import LanguageModel
from crs.llm.prices import tokens_in, usd
from crs.llm.report import report
from crs.llm.request import Request
from tests.contracts.tiny import config, context
from tests.fakes.asking import KINDS, fresh, questions, right, texts


def test_a_batch_costs_half():
    """gpt-6-luna: a million tokens in 0.10, out 0.50; 2 in and 1 out make 0.70, half of it 0.35."""
    chat, batch = (config(f"llm={name}").llm for name in ("openai", "openai_batch"))
    assert usd(chat, 2_000_000, 1_000_000) == pytest.approx(0.70)
    assert usd(batch, 2_000_000, 1_000_000) == pytest.approx(0.35)


def test_tokens_are_estimated_by_bytes():
    """30 bytes are 10 tokens, and 8 for the frame; a character of three bytes is one token."""
    assert tokens_in(Request((("user", "a" * 30),))) == 18
    assert tokens_in(Request((("user", "映" * 10),))) == 18


def test_a_bill_needs_no_key_no_server_and_no_ledger(tmp_path):
    settings = replace(config("llm=gemini_batch").llm, ledger=str(tmp_path / "ledger.sqlite"))
    bill = LanguageModel(settings, context(), tmp_path).price([*questions(3), *questions(1)])
    assert (bill.requests, bill.different, bill.answered) == (4, 3, 0)
    assert bill.tokens_out == 3 * settings.max_tokens
    assert bill.usd == pytest.approx((bill.tokens_in * 0.3 + bill.tokens_out * 2.5) / 2e6)
    assert list(tmp_path.iterdir()) == []
    lines = " ".join(bill.lines(settings))
    assert "4 requests (3 different) to gemini-3.5-flash-lite" in lines and "2026-10-07" in lines


def test_a_retired_model_is_priced_said_to_be_retired_and_not_asked(tmp_path):
    settings = replace(
        config("llm=gemini_batch_as_released").llm, ledger=str(tmp_path / "ledger.sqlite"),
        budget_usd=1e9,
    )  # fmt: skip
    llm = LanguageModel(settings, context(), tmp_path)
    assert "was retired on 2025-09-24" in " ".join(llm.price(questions(1)).lines(settings))
    with pytest.raises(UserError, match=r"llm\.model=gemini-1\.5-flash-002 was retired"):
        llm.ask(questions(1))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_sent_that_could_cross_the_budget(kind, model, asked):
    with fresh(kind) as vendor:
        price = model(kind, vendor).price(asked).usd
        with pytest.raises(UserError, match=r"nothing was sent; type llm\.budget_usd="):
            model(kind, vendor, budget_usd=price * 0.99).ask(asked)
        assert not vendor.generated and not vendor.calls
        assert texts(model(kind, vendor, budget_usd=price * 1.01).ask(asked)) == right(asked)


def test_the_budget_counts_what_the_ledger_has_paid_before(model):
    with fresh("openai") as vendor:
        first, second = questions(4, sample=0), questions(4, sample=1)
        price = model("openai", vendor).price(first).usd
        llm = model("openai", vendor, budget_usd=price)
        llm.ask(first)
        # 100 tokens in and 20 out each, as the server counts.
        assert report(llm, first)["cost_usd"] == pytest.approx(4 * (100 * 0.1 + 20 * 0.5) / 1e6)
        with pytest.raises(UserError, match="are spent or under way"):
            llm.ask(second)
        assert texts(llm.ask(first)) == right(first)  # answers that are there cost nothing
        assert sum(vendor.generated.values()) == 4


def test_the_budget_sent_in_the_refusal_is_enough(model, asked):
    with fresh("openai") as vendor, pytest.raises(UserError) as caught:
        model("openai", vendor, usd_in=3.0, usd_out=7.0, budget_usd=0.0).ask(asked)
    wanted = float(str(caught.value).split("llm.budget_usd=")[-1].split()[0])
    with fresh("openai") as vendor:
        model("openai", vendor, usd_in=3.0, usd_out=7.0, budget_usd=wanted).ask(asked)


def test_two_orders_cannot_both_take_the_rest_of_a_budget(model, asked):
    """What is under way is set aside: a second order is refused although nothing is booked yet."""
    with fresh("openai_batch") as vendor:
        price = model("openai_batch", vendor).price(asked).usd
        vendor.faults.never = True
        model("openai_batch", vendor, budget_usd=price * 1.5).submit(asked)
        with pytest.raises(UserError, match="spent or under way"):
            model("openai_batch", vendor, budget_usd=price * 1.5).submit(questions(12, sample=1))
        assert vendor.calls["create"] == 1


def test_a_model_without_a_price_is_asked_only_when_one_is_given(model, asked):
    with fresh("openai") as vendor:
        unknown = {
            "model": "who-knows",
            "base_url": vendor.base_url.replace("127.0.0.1", "[::ffff:127.0.0.1]"),
        }
        with pytest.raises(UserError, match=r"its price is not in conf.*llm\.usd_in"):
            model("openai", vendor, **unknown).ask(asked)
        assert not vendor.calls


def test_a_server_on_this_machine_costs_nothing_unless_its_model_has_a_price(model, asked):
    with fresh("openai") as vendor:
        assert model("openai", vendor, model="mine", budget_usd=0.0).price(asked).usd == 0
        assert texts(model("openai", vendor, model="mine", budget_usd=0.0).ask(asked)) == right(
            asked
        )
        assert model("openai", vendor).price(asked).usd > 0
