"""One text for each entity that has a name."""

import pandas as pd
import pytest

from crs.stages.entity_texts import EntityTexts
from data_generator import entity_texts
from tests.contracts.tiny import artifact, config, made

ENTITIES = [
    (1, "item", "1"), (2, "item", "2"),
    (3, "entity", "<http://dbpedia.org/resource/Al_Pacino>"), (4, "entity", ""),
    (5, "attribute", "1"), (6, "decade", "1990s"), (7, "mirror", "m.0abc"),
]  # fmt: skip


@pytest.fixture
def inputs(tmp_path):
    raw = pd.DataFrame({"entity": [1, 2, 3, 4], "raw": ["Heat", "", ENTITIES[2][2], ""]})
    triples = pd.DataFrame({"head": [1, 2, 1], "relation": [1, 1, 1], "tail": [3, 3, 4]})
    names = pd.DataFrame({"attribute": [1], "name": ["Crime"]})
    texts = pd.DataFrame({"item": [1, 2], "text": ["Heat, a movie", ""]})
    table = pd.DataFrame(ENTITIES, columns=["entity", "kind", "key"])
    source = artifact(tmp_path / "d", {}, entities=raw, triples=triples, attributes=names)
    return {
        "dataset": source,
        "graph": artifact(tmp_path / "g", {}, entities=table),
        "item_texts": artifact(tmp_path / "i", {}, texts=texts),
    }


def written(inputs, folder, facts):
    found = made(entity_texts, EntityTexts(facts), inputs, folder)
    frame = found.load("texts.parquet")
    return dict(zip(frame["entity"], frame["text"], strict=True)), found.summary


def test_items_have_their_own_texts_and_others_a_name_and_facts(inputs, tmp_path):
    texts, summary = written(inputs, tmp_path / "t", 8)
    assert texts == {1: "Heat, a movie", 3: "Al Pacino: Heat", 5: "crime", 6: "1990s"}
    assert summary == {"texts": 4, "entities": 7}


def test_without_facts_a_name_is_left(inputs, tmp_path):
    assert written(inputs, tmp_path / "t", 0)[0][3] == "Al Pacino"


def test_no_more_facts_than_asked_for(inputs, tmp_path):
    triples = pd.DataFrame({"head": [1, 3], "relation": [1, 1], "tail": [3, 5]})
    raw = pd.DataFrame({"entity": [1, 3, 5], "raw": ["Heat", "Al Pacino", "New York"]})
    names = pd.DataFrame({"attribute": [1], "name": ["Crime"]})
    inputs["dataset"] = artifact(
        tmp_path / "n", {}, entities=raw, triples=triples, attributes=names
    )
    for facts, text in ((1, "Al Pacino: Heat"), (2, "Al Pacino: Heat, New York")):
        assert written(inputs, tmp_path / str(facts), facts)[0][3] == text


def test_the_texts_of_conf_have_facts():
    assert config().entity_texts.facts > 0
