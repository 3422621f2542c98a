"""A decoder's last state: one opening token, right positions, the same alone and in company."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("transformers", reason="needs transformers: pip install 'crs-suite[llm]'")

from crs.errors import UserError
from tests.contracts.decoder import decoder
from tests.contracts.tiny import config, context
from text2embedding.encoders import build

EOL = replace(config("embedder=llama_eol").embedder, precision="float32", batch_size=3)
TRAINER = context().trainer
TEXTS = ["Hi.", "Something funny from the nineties, please!", "War", "A film.", "?"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return decoder(tmp_path_factory.mktemp("decoder"))


def encoder(folder, **changed):
    return build(replace(EOL, model=str(folder), **changed), TRAINER, folder)


def test_vectors_are_of_the_models_width_and_unit_length(folder):
    vectors = encoder(folder).encode(TEXTS)
    assert vectors.shape == (5, 16) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert len(np.unique(vectors.round(4), axis=0)) == 5


def test_a_vector_is_the_state_at_the_last_token_of_the_chat(folder):
    """Worked by hand: the prompt's tokens alone through the bare model."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    prompt = EOL.prompts[0].replace("{text}", TEXTS[1])
    chat = f"<|begin|><|user|>{prompt}<|end|><|assistant|>"
    tokens = tokenizer(chat, add_special_tokens=False, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        state = model(tokens).last_hidden_state[0, -1].numpy()
    found = encoder(folder).encode(TEXTS)[1]
    np.testing.assert_allclose(found, state / np.linalg.norm(state), atol=1e-5)


@pytest.mark.parametrize("template", ["as Llama-3's", None])
def test_there_is_one_opening_token(tmp_path, folder, template):
    place = folder if template else decoder(tmp_path, None)
    tokens = encoder(place).tokens("Hi.")
    assert tokens[0] == 0 and tokens.count(0) == 1


def test_a_text_alone_has_the_vector_that_it_has_in_company(folder):
    one = encoder(folder)
    alone = np.concatenate([one.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(alone, one.encode(TEXTS), atol=1e-5)


def test_several_prompts_are_averaged(folder):
    first, second = "One: {text}", "Two, {text}, in a word:"
    parts = [encoder(folder, prompts=[p]) for p in (first, second)]
    states = [part.states([part.tokens(p.replace("{text}", t)) for t in TEXTS])
              for part, p in zip(parts, (first, second), strict=True)]  # fmt: skip
    mean = (states[0] + states[1]) / 2
    found = encoder(folder, prompts=[first, second]).encode(TEXTS)
    np.testing.assert_allclose(found, mean / np.linalg.norm(mean, axis=1, keepdims=True), atol=1e-5)


def test_the_twelve_tasks_are_prompts_with_a_text():
    prompts = config("embedder=llama_eol_tasks").embedder.prompts
    assert len(set(prompts)) == 12 and all(p.count("{text}") == 1 for p in prompts)


def test_a_text_with_braces_is_a_text(folder):
    assert encoder(folder).encode(["{text} {0} {noun}"]).shape == (1, 16)


def test_nothing_has_a_gradient(folder):
    assert not any(p.requires_grad for p in encoder(folder).model.parameters())


def test_a_model_that_is_nowhere_is_named_with_what_to_type(tmp_path):
    with pytest.raises(UserError, match=r"embedder\.model=meta-llama/.*type embedder\.hub=true"):
        build(EOL, TRAINER, tmp_path)
