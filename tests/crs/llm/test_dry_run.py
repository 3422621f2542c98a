"""A dry run tells the price: it makes what it must to count the requests, and asks nobody."""

from dataclasses import replace

import pytest

from crs.pipeline import run as command
from crs.stages import declared_stages
from tests.fakes.openai import OpenAI

TINY = ("dataset=tiny", "dataset.generated.users=40", "tracker=none", "stage=simulate",
        "simulator=llm", "trainer.threads=1")  # fmt: skip


@pytest.fixture
def said(configure, tmp_path, capsys):
    """`said(overrides)`: what a command says on standard error."""

    def run(*words: str) -> str:
        places = (f"store={tmp_path / 'store'}", f"llm.ledger={tmp_path / 'ledger.sqlite'}")
        command.run(configure(*TINY, *places, *words))
        return capsys.readouterr().err

    return run


def test_the_price_is_told_and_nothing_but_cheap_stages_is_made(said, tmp_path):
    err = said("llm=gemini_batch", "dry_run=true")
    assert "to gemini-3.5-flash-lite (gemini_batch)" in err and "USD (0.3 in and 2.5 out" in err
    assert {folder.name for folder in (tmp_path / "store").iterdir()} == {"dataset", "samples"}
    assert not (tmp_path / "ledger.sqlite").exists()


def test_a_stage_that_is_forced_is_not_remade_for_a_price(said, tmp_path):
    words = ("llm=gemini_batch", "dry_run=true")
    said(*words)
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "store").rglob("*.parquet")}
    assert "USD" in said(*words, "force=[dataset,samples]")
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "store").rglob("*.parquet")} == (
        before
    )


def test_what_was_answered_costs_no_more_and_what_is_found_nothing(said):
    with OpenAI() as vendor:
        model = ("llm=openai_batch", f"llm.base_url={vendor.base_url}", "llm.poll_seconds=0.001")
        assert "at most 0.00 USD" not in said(*model, "dry_run=true")
        said(*model, "llm.budget_usd=1")
        assert "0 USD: nothing here asks a paid service" in said(*model, "dry_run=true")
        # Another name, the same requests: all are in the ledger.
        again = said(*model, "dry_run=true", "simulator.on_leak=keep")
        assert "about 0 tokens in, at most 0 out" in again


def test_rules_cost_nothing(said):
    assert "0 USD: nothing here asks a paid service" in said("simulator=rules", "dry_run=true")


def test_dialogues_with_a_language_model_are_priced_as_the_command_line_asks(said):
    dialogues = ("stage=multi_turn", "model=popularity", "simulator=rules", "llm=gemini_batch")
    said("stage=simulate", "simulator=rules")
    for words in (["multi_turn.user=llm"], ["multi_turn.understanding=llm"]):
        err = said(*dialogues, *words, "dry_run=true")
        assert "price     multi_turn:" in err and "USD (0.3 in and 2.5 out" in err


def test_what_stands_on_a_costly_stage_is_not_made_to_be_priced(
    said, configure, tmp_path, monkeypatch
):
    stage = declared_stages()["embed"]
    monkeypatch.setitem(declared_stages(), "embed", replace(stage, calls_llm=lambda x: True))
    err = said("simulator=rules", "llm=none", "embedder=hashed", "stage=embed", "dry_run=true")
    assert "price     embed: not known before simulate is made" in err
    assert not (tmp_path / "store" / "simulate").exists()
