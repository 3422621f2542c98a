"""Artifacts of the generated data set, with hashed vectors and an encoder of one epoch."""

import pytest

from crs.models.text_match import fusion
from data_generator import item_texts
from pre_rec_model import pretrain
from tests.contracts.tiny import artifact, config, context, made, spoken
from text2embedding import embed


@pytest.fixture(scope="session")
def word_inputs(tmp_path_factory):
    root = tmp_path_factory.mktemp("text_match")
    found = spoken(root)
    settings = config("model=text_match", "embedder=hashed", "embedder.dim=32", "pretrain.epochs=1")
    found["pretrain"] = made(pretrain, settings.pretrain, found, root / "pretrain" / "tiny")
    found["item_texts"] = made(item_texts, settings.item_texts, found, root / "texts" / "tiny")
    (folder := root / "items" / "tiny").mkdir(parents=True)
    summary = embed.run_items(settings.embedder, found, folder, context())
    found["embed_items"] = artifact(folder, summary)
    found["fusion"] = made(fusion, settings.fusion, found, root / "fusion" / "tiny")
    return found
