"""What a catalogue is called, and the tables of synonyms of its attributes."""

from types import SimpleNamespace

import pandas as pd
import pytest

from crs.dialogue.attribute_names import AttributeNames, synonyms
from crs.dialogue.catalogue import FOLDER, Catalogue, synonyms_file
from crs.dialogue.cues import CUES
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.state import Requirement
from crs.errors import UserError

TABLES = sorted(file.stem for file in FOLDER.glob("*.txt"))
DATASET = SimpleNamespace(
    load={
        "items.parquet": pd.DataFrame({"item": [1], "title": ["A"], "year": [1994]}),
        "attributes.parquet": pd.DataFrame({"name": ["Horror"]}),
    }.__getitem__,
    summary={"noun": "movie"},
)


def test_names_titles_and_synonyms_come_from_one_place():
    found = Catalogue.of(DATASET, "movies")
    assert found[:2] == (["", "Horror"], ["", "A (1994)"])
    assert Rules(*found).utterance("something scary", True).requirements == (Requirement(1),)
    silent = Catalogue.of(DATASET, None)
    assert Rules(*silent).utterance("something scary", True).requirements == ()


@pytest.mark.parametrize("table", TABLES)
def test_no_synonym_is_a_cue_and_each_is_found(table):
    """A cue says what is meant with a name; a synonym in its place would hide it."""
    text = synonyms_file(table).read_text("utf-8")
    entries = list(synonyms(text))
    assert entries and not {said for said, _ in entries} & set(CUES)
    for said, meant in entries:
        names = AttributeNames(["", *dict.fromkeys(meant)], text)
        assert names.at(said.split(), 0) == (tuple(range(1, len(meant) + 1)), len(said.split()))


@pytest.mark.parametrize(("table", "names", "said", "ids"), [
    ("music", ["R&B", "Jazz"], "some r&b please", [1]),
    ("music", ["Rap & Hip-Hop"], "i want hip-hop", [1]),
    ("games", ["PlayStation 4", "PlayStation"], "a racing game for ps4", [1]),
    ("places", ["Breakfast & Brunch", "Bars"], "a brunch spot", [1]),
])  # fmt: skip
def test_tables_of_other_catalogues(table, names, said, ids):
    rules = Rules(["", *names], synonyms=synonyms_file(table).read_text("utf-8"))
    assert [one.attribute for one in rules.utterance(said, True).requirements] == ids


def test_a_table_of_ones_own_is_given_by_its_path(tmp_path):
    own = tmp_path / "own.txt"
    own.write_text("giggles: Horror\n")
    rules = Rules(*Catalogue.of(DATASET, str(own)))
    assert rules.utterance("giggles please", True).requirements == (Requirement(1),)
    with pytest.raises(UserError, match=r"dataset.synonyms=none: no such table.*movies"):
        synonyms_file("none")
