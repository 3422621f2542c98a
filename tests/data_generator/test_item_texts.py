"""One text an item, from a template."""

import pandas as pd
import pytest

from crs.stages.item_texts import ItemTexts
from data_generator import item_texts
from data_generator.item_texts import filled, graph_neighbours, readable
from tests.contracts.tiny import artifact, config, dataset, made

DEFAULT = config().item_texts.template


def values(**known):
    fields = ("title", "attributes", "year", "decade", "noun", "description", "facts")
    return dict.fromkeys(fields, "") | {"noun": "movie"} | known


@pytest.mark.parametrize(("known", "text"), [
    ({"attributes": "crime drama", "year": "1995", "decade": "1990s", "title": "Heat"},
     "a crime drama movie from 1995, the 1990s"),
    ({"attributes": "crime"}, "a crime movie"),
    ({"year": "1995", "decade": "1990s"}, "a movie from 1995, the 1990s"),
    ({}, "a movie"),
])  # fmt: skip
def test_what_an_item_lacks_is_left_out(known, text):
    assert filled(DEFAULT, values(**known)) == text


def test_braces_and_brackets_of_a_description_are_words():
    found = filled("[{description}: ]a {noun}", values(description="{year} [sic] {x}"))
    assert found == "{year} [sic] {x}: a movie"


def test_the_texts_of_three_items(tmp_path):
    items = pd.DataFrame({
        "item": [1, 2, 3], "title": ["Heat (1995)", "Fargo", ""],
        "year": pd.array([1995, None, 2003], dtype="Int64"), "attributes": [[1, 2], [2], []],
        "description": ["Heat is on.", "", ""],
    })  # fmt: skip
    names = pd.DataFrame({"attribute": [1, 2], "name": ["Crime", "Drama"]})
    source = artifact(tmp_path / "d", {"noun": "movie"}, items=items, attributes=names)

    def texts(choice):
        settings = config(f"item_texts={choice}").item_texts
        return made(item_texts, settings, {"dataset": source}, tmp_path / choice)

    plain, told = texts("default"), texts("titled")
    assert plain.load("texts.parquet")["text"].tolist() == [
        "a crime drama movie from 1995, the 1990s", "a drama movie",
        "a movie from 2003, the 2000s",
    ]  # fmt: skip
    assert plain.load("texts.parquet")["item"].tolist() == [1, 2, 3]
    assert plain.summary == {"texts": 3, "different": 3, "leak_exact": 0.0, "leak_fuzzy": 0.0}
    assert told.load("texts.parquet")["text"].tolist()[:2] == [
        "Heat (1995): a crime drama movie from 1995, the 1990s", "Fargo: a drama movie",
    ]  # fmt: skip
    # The audit tells titles, and a description that says one.
    assert told.summary["leak_exact"] == 2 / 3
    assert texts("described").summary["leak_exact"] == 1 / 3


def test_no_text_of_tiny_names_its_title(tmp_path):
    source = dataset(tmp_path)
    found = made(item_texts, config().item_texts, {"dataset": source}, tmp_path / "texts")
    assert found.summary["leak_exact"] == found.summary["leak_fuzzy"] == 0
    items, texts = source.load("items.parquet"), found.load("texts.parquet")
    names = ["", *source.load("attributes.parquet")["name"]]
    first = items.iloc[0]
    said = " ".join(names[a].lower() for a in first["attributes"])
    noun = source.summary["noun"]
    assert texts["text"].iloc[0] == (
        f"a {said} {noun} from {first['year']}, the {first['year'] // 10 * 10}s"
    )


def test_the_neighbours_are_named_once_in_their_order(tmp_path):
    """(1, a, 3), (4, b, 1), (1, c, 3) again, and a loop on 2."""
    entities = pd.DataFrame({"entity": [1, 2, 3, 4], "raw": [
        "<http://dbpedia.org/resource/Heat_(film)>", "Fargo",
        "<http://dbpedia.org/resource/Al_Pacino>", "Crime",
    ]})  # fmt: skip
    triples = pd.DataFrame({"head": [1, 4, 1, 2], "relation": [1, 2, 3, 1], "tail": [3, 1, 3, 2]})
    source = artifact(tmp_path / "d", {}, entities=entities, triples=triples)
    assert graph_neighbours(source) == {
        1: ["Al Pacino", "Crime"], 3: ["Heat (film)"], 4: ["Heat (film)"],
    }  # fmt: skip
    assert graph_neighbours(artifact(tmp_path / "none", {})) == {}
    assert readable("Toy Story") == "Toy Story"
    assert readable("Action/Adventure") == "Action/Adventure"
    assert readable("<http://dbpedia.org/resource/Face/Off>") == "Face/Off"
    assert readable("<http://dbpedia.org/resource/Am%C3%A9lie>") == "Amélie"


@pytest.mark.parametrize(("template", "sentence"), [
    ("a {genre}", "there is no {genre}"),
    ("a {}", "there is no {}"),
    ("a [{noun}", "must close"),
    ("a [[{noun}] x]", "must close"),
    ("a {noun", "must close"),
])  # fmt: skip
def test_a_template_that_cannot_be_filled_is_refused(template, sentence):
    assert any(sentence in problem for problem in ItemTexts(template).problems())


@pytest.mark.parametrize("choice", ["default", "described", "titled", "entities"])
def test_the_templates_of_conf_are_fine(choice):
    assert not list(config(f"item_texts={choice}").item_texts.problems())


def test_facts_are_the_names_of_the_neighbours(tmp_path):
    entities = pd.DataFrame({"entity": [1, 2, 3], "raw": ["Heat", "Al Pacino", "Crime"]})
    triples = pd.DataFrame({"head": [1, 1], "relation": [1, 1], "tail": [2, 3]})
    items = pd.DataFrame({
        "item": [1], "title": ["Heat"], "year": pd.array([1995], dtype="Int64"),
        "attributes": [[]], "description": [""],
    })  # fmt: skip
    names = pd.DataFrame({"attribute": [], "name": []})
    source = artifact(tmp_path / "d", {"noun": "movie"}, items=items, attributes=names,
                      entities=entities, triples=triples)  # fmt: skip
    settings = config("item_texts=entities").item_texts
    found = made(item_texts, settings, {"dataset": source}, tmp_path / "texts")
    assert found.load("texts.parquet")["text"].tolist() == [
        "Heat, a movie from 1995: Al Pacino, Crime"
    ]  # fmt: skip
