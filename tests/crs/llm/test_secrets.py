"""Keys come from the environment and stay there."""

import traceback

import pytest

from crs import command_line
from crs.errors import UserError
from crs.llm.calls import redact, secret
from crs.overrides import refuse_keys_in_address
from crs.settings.address import check_address
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
    token = "hf_" + "a1" * 17
    text = redact(f"{KEY} and AIzaSyD-12345678 and {token} and plainword, not sky-blue")
    assert text == "<key> and <key> and <key> and <WANDB_API_KEY>, not sky-blue"
    assert redact("/data/hf_datasets/hf_hub_download") == "/data/hf_datasets/hf_hub_download"


def test_the_first_key_that_is_set_is_taken(monkeypatch):
    monkeypatch.setenv("B_KEY", "two")
    assert secret("A_KEY", "B_KEY") == "two"
    with pytest.raises(UserError, match="A_KEY or C_KEY"):
        secret("A_KEY", "C_KEY")


@pytest.mark.parametrize("url", [
    f"https://{KEY}@host/v1", f"https://me:{KEY}@host/v1", f"https://host/v1?key={KEY}",
    f"https://host/v1#{KEY}", f"https://host/{KEY}/v1", f"https://host/v1/{KEY}", f"//host/{KEY}",
    f"https://host/v1;{KEY}", f"https://host/ {KEY}", f"https://host/v1,https://host/{KEY}",
    f"https://host\\{KEY}", f"https://host/[{KEY}", KEY, "https://host/smallword",
])  # fmt: skip
@pytest.mark.parametrize("written", ["llm.base_url='{}'", "llm.base_url={}", "+llm.base_url={}"])
def test_a_key_in_an_address_is_refused_without_being_repeated(url, written):
    command_line.register()
    with pytest.raises(UserError, match=r"llm\.base_url: an address alone") as caught:
        command_line.check(["dataset=tiny", written.format(url)])
    shown = "".join(traceback.format_exception(caught.value))
    assert KEY not in shown and "smallword" not in shown


@pytest.mark.parametrize("url", [
    "http://127.0.0.1:11434/v1", "http://[::ffff:127.0.0.1]:1/v1/", "https://host.example",
    "https://generativelanguage.googleapis.com/v1beta/openai/", "https://openrouter.ai/api/v1",
    "http://localhost:12434/engines/llama.cpp/v1", "https://a.b/compatible-mode/v1",
])  # fmt: skip
def test_addresses_as_vendors_publish_them_are_taken(url):
    check_address(url)
    refuse_keys_in_address(f"llm.base_url='{url}'")


def test_a_key_among_what_is_sent_is_refused():
    command_line.register()
    with pytest.raises(UserError, match=r"llm\.extra holds a key"):
        command_line.check(["dataset=tiny", "llm=openai", f"+llm.extra={{api_key: {KEY}}}"])


def test_an_address_with_another_path_is_read_from_the_environment_and_kept_nowhere(
    model, asked, monkeypatch, tmp_path, capsys
):
    with fresh("openai") as vendor:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{vendor.url}/hidden-place/v1")
        with pytest.raises(UserError, match=r"no such path <OPENAI_BASE_URL>/chat") as caught:
            model("openai", vendor).ask(asked)
        assert vendor.calls["chat"] == 0
        monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere.example/hidden-place/v1")
        assert None not in texts(model("openai", vendor).ask(asked))
    shown = "".join(traceback.format_exception(caught.value)) + "".join(capsys.readouterr())
    assert "hidden-place" not in shown
    assert not any(b"hidden-place" in file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize(("kind", "variable"), [
    ("openai", "OPENAI_BASE_URL"), ("openai_batch", "OPENAI_BASE_URL"),
    ("gemini_batch", "GOOGLE_GEMINI_BASE_URL"), ("vertex", "GOOGLE_VERTEX_BASE_URL"),
])  # fmt: skip
def test_an_address_that_no_setting_names_leads_nowhere(kind, variable, model, asked, monkeypatch):
    """The vendor's client would go there, and the results would be told of the vendor."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    with fresh(kind) as vendor:
        monkeypatch.setenv(variable, f"{vendor.url}/v1")
        with pytest.raises(UserError, match=f"{variable} leads to another server") as caught:
            model(kind, vendor, base_url=None).ask(asked)
        assert not vendor.calls
    assert vendor.url not in str(caught.value)
