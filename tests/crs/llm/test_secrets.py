"""Keys come from the environment and stay there."""

import traceback

import pytest

from crs import compose
from crs.errors import UserError
from crs.llm.calls import redact, secret
from tests.fakes.asking import fresh, texts

KEY = "sk-abcdef0123456789secret"


@pytest.mark.parametrize(
    ("kind", "name"), [("openai", "OPENAI_API_KEY"), ("openai_batch", "OPENAI_API_KEY"),
                       ("gemini_batch", "GEMINI_API_KEY"), ("gemini_batch", "GOOGLE_API_KEY")],
)  # fmt: skip
def test_the_key_of_the_environment_is_shown_to_the_server_alone(
    kind, name, model, asked, monkeypatch, tmp_path, capsys, caplog
):
    monkeypatch.setenv(name, KEY)
    with fresh(kind) as vendor:
        caplog.set_level("INFO")
        assert None not in texts(model(kind, vendor).ask(asked))
        assert vendor.keys == {KEY}
    assert KEY.encode() not in (tmp_path / "ledger.sqlite").read_bytes()
    assert KEY not in "".join(capsys.readouterr())
    assert KEY not in caplog.text


@pytest.mark.parametrize("kind", ["openai", "openai_batch", "gemini_batch"])
def test_a_server_that_says_the_key_back_does_not_bring_it_into_a_traceback(
    kind, model, asked, monkeypatch
):
    name = "GEMINI_API_KEY" if kind == "gemini_batch" else "OPENAI_API_KEY"
    monkeypatch.setenv(name, KEY)
    with fresh(kind) as vendor:
        vendor.faults.says = f"Incorrect API key provided: {KEY}"
        vendor.faults.broken = 1000
        with pytest.raises(UserError) as caught:
            model(kind, vendor, tries=2).ask(asked)
    shown = "".join(traceback.format_exception(caught.value))
    assert "Incorrect API key provided" in shown
    assert KEY not in shown


def test_without_a_key_nothing_is_asked(model, asked):
    with fresh("openai") as vendor, pytest.raises(UserError, match="set OPENAI_API_KEY in the env"):
        model("openai", vendor, base_url=None).ask(asked)


def test_what_looks_like_a_key_is_taken_out(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "plainword")
    text = redact(f"{KEY} and AIzaSyD-12345678 and hf_abcdefgh and plainword, not sky-blue")
    assert text == "<key> and <key> and <key> and <WANDB_API_KEY>, not sky-blue"


def test_the_first_key_that_is_set_is_taken(monkeypatch):
    monkeypatch.setenv("B_KEY", "two")
    assert secret("A_KEY", "B_KEY") == "two"
    with pytest.raises(UserError, match="A_KEY or C_KEY"):
        secret("A_KEY", "C_KEY")


@pytest.mark.parametrize("url", [f"https://{KEY}@host/v1", f"https://host/v1?key={KEY}"])
def test_a_key_in_an_address_is_refused_without_being_repeated(url):
    compose.register()
    with pytest.raises(UserError, match=r"llm\.base_url: an address alone") as caught:
        compose.check(["dataset=tiny", f"llm.base_url='{url}'"])
    assert KEY not in str(caught.value)
