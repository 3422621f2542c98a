"""Servers that answer something else, places that take no ledger, files that are no answers."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from crs.downloads.weights import Weights, load
from crs.errors import UserError
from crs.llm.jsonl_results import replies
from crs.llm.ledger import Ledger
from crs.llm.openai_batch import read
from crs.llm.replay import Replay
from tests.contracts.tiny import config, context
from tests.fakes.openai import OpenAI


class Odd(OpenAI):
    """A server that answers everything with the same bytes."""

    content = b""

    def serve(self, *_):
        return 200, self.content, {}


@pytest.mark.parametrize("content", [
    b"<html>hello</html>", b'{"choices": [', b"[1, 2]", b"null", b"", b"\xff\xfe\x00",
    b'{"choices": "x"}', b'{"choices": [null]}', b'{"choices": [{"message": 5}]}',
    b'{"usage": 5, "choices": [{"message": {"content": "a"}}]}',
])  # fmt: skip
def test_an_answer_that_cannot_be_read_is_one_sentence(model, asked, content):
    with Odd() as vendor:
        vendor.content = content
        with pytest.raises(
            UserError, match=r"a chat request: .* cannot be read \(.*llm\.base_url="
        ):
            model("openai", vendor).ask(asked[:1])


@pytest.mark.parametrize("provider", ["openai_batch", "gemini_batch"])
def test_a_batch_that_a_web_page_answers_is_one_sentence(model, asked, provider):
    with Odd() as vendor:
        vendor.content = b"<html>hello</html>"
        with pytest.raises(UserError, match=r"the upload of a batch: .* cannot be read"):
            model(provider, vendor).ask(asked[:1])


def test_lines_of_another_kind_are_counted():
    good = {"custom_id": "a", "response": {"body": {"choices": [{"message": {"content": "x"}}]}}}
    odd = [{"custom_id": "b", "response": "x"}, {"custom_id": "c", "response": {"body": [1]}}]
    found, other = replies(read, [*odd, good])
    assert ([reply.text for reply in found], other) == (["x"], 2)


@pytest.mark.parametrize("line", [
    b"\x80\x81\x00", b"[1]", b'{"content": 1, "text": "a", "reason": ""}', b"[" * 100_000,
    b'{"content": "a", "text": "b", "reason": null}', b'{"content": "a", "text": [], "reason": ""}',
])  # fmt: skip
def test_a_file_that_is_no_record_is_one_sentence(tmp_path, line):
    file = tmp_path / "answers.jsonl"
    file.write_bytes(line)
    with pytest.raises(UserError, match=r"llm\.path.*type llm\.path=FILE, the answers\.jsonl"):
        Replay(replace(config("llm=replay").llm, path=str(file)))


def test_a_folder_is_no_record(tmp_path):
    with pytest.raises(UserError, match=r"cannot be read \(Is a directory\); type llm\.path=FILE"):
        Replay(replace(config("llm=replay").llm, path=str(tmp_path)))


@pytest.mark.parametrize("place", ["file/ledger.sqlite", "folder"])
def test_a_place_that_takes_no_ledger_is_one_sentence(tmp_path, place):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    says = rf"llm\.ledger=.*{place} cannot be written \(.*type llm\.ledger=PLACE"
    with pytest.raises(UserError, match=says), Ledger(tmp_path / place).lock():
        pass


class Small(Ledger):
    """A ledger that may not grow, as on a full disk."""

    @contextmanager
    def _open(self):
        with super()._open() as db:
            db.execute("PRAGMA max_page_count=1")
            yield db


def test_a_ledger_that_cannot_grow_is_one_sentence_and_keeps_what_it_has(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    with ledger.lock():
        ledger.add(["a"], "m")
        with pytest.raises(UserError, match=r"cannot be written \(database or disk is full\)"):
            Small(ledger.path).add((f"key {n}" for n in range(20_000)), "m")
    ledger.check()
    assert list(ledger.rows(["a", "key 1"])) == ["a"]


def test_weights_that_are_damaged_are_one_sentence(tmp_path):
    pytest.importorskip("gguf")
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + bytes(range(200)))
    trainer = context().trainer
    says = r"llm\.model: .*model\.gguf could not be loaded \(.*type llm\.model=FOLDER"
    with pytest.raises(UserError, match=says):
        load(Weights(str(tmp_path), "model.gguf"), "AutoModel", "float32", trainer, "llm")


@pytest.mark.parametrize("group", ["llm", "embedder"])
def test_a_wheel_has_a_hash_and_counts_by_its_version(group):
    settings = getattr(config("llm=local", "embedder=llama_eol_smollm2"), group)
    assert len(settings.sha256) == 64
    assert settings.identity() == replace(settings, sha256=None).identity()
    assert settings.identity()["sha256"] is None


def test_a_hub_that_cannot_be_reached_is_one_sentence(monkeypatch):
    transformers = pytest.importorskip("transformers")

    asked = []

    def unreachable(*_, **options):
        asked.append(options.get("local_files_only"))
        raise RuntimeError("no network\nand more")

    monkeypatch.setattr("huggingface_hub.model_info", unreachable)
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", unreachable)
    says = r"llm\.model: some/model could not be loaded \(RuntimeError: no network\); type"
    with pytest.raises(UserError, match=says):
        load(Weights("some/model", None, None, True), "AutoModel", "float32",
             context().trainer, "llm")  # fmt: skip
    assert asked == [None, True]  # the hub once, then what was loaded before
