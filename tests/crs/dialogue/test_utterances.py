"""The table of utterances is whole, and so many of its readings the rules give exactly."""

import json
from collections import Counter
from pathlib import Path

import pytest
import torch

from crs.dialogue.catalogue import Catalogue, synonyms_file
from crs.dialogue.requirements import Facts, Wishes
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.standing import standing
from crs.dialogue.state import Talk, Turn
from crs.dialogue.years import union

FOLDER = Path(__file__).parent
ROWS = list(map(json.loads, (FOLDER / "utterances.jsonl").read_text("utf-8").splitlines()))
WORLD = json.loads((FOLDER / "utterances_world.json").read_text("utf-8"))
NAMES = ["-", *WORLD["attributes"]]
CATALOGUE = Catalogue(NAMES, ["", *WORLD["titles"]], synonyms_file("movies").read_text("utf-8"))
RULES = Rules(*CATALOGUE)
FIRST, LAST = 1870, 2040
FACTS = Facts(torch.zeros(1, len(NAMES)), torch.arange(FIRST, LAST + 1), torch.tensor([0]))
ATTRIBUTES, YEARS = ("must", "not", "prefer", "avoid"), ("years", "prefer_years")
TITLES = ("liked", "disliked")
EXACT = {
    "attributes": 50,
    "negation": 50,
    "years": 50,
    "titles": 50,
    "hedges": 50,
    "small_talk": 50,
}
"""Exact readings of 50 by kind."""


def spans(years):
    """First and last year of each span; None where the calendar begins or ends with it."""
    found = union(*years)
    pairs = zip(found[::2], found[1::2], strict=True)
    return [[a if a > FIRST else None, b if b < LAST else None] for a, b in pairs]


def reading(texts, understanding=RULES):
    """What is understood after all utterances of a person, as the table says it."""
    wishes, said, talk = Wishes.none(FACTS, 1), [], Talk(0, 0, 0)
    for text in texts:
        talk.turns.append(Turn(text))
        heard = understanding.read([talk])
        wishes.hear([0], heard)
        said += heard[0].requirements
    wanted, refused, hard = (
        part[0].bool() for part in (wishes.wanted, wishes.refused, wishes.hard)
    )
    parts = wanted & hard, refused & hard, wanted & ~hard, refused & ~hard
    found = {
        key: sorted(NAMES[i] for i in part.nonzero()[:, 0])
        for key, part in zip(ATTRIBUTES, parts, strict=True)
    }
    found["any"] = sorted(sorted(NAMES[a] for a in group) for group in wishes.either[0])
    kept = wishes.years[0, :-1]
    if not kept.all():
        years = FACTS.calendar[kept].tolist()
        found["years"] = spans([year for one in years for year in (one, one)])
    soft = [one.years for one in standing(said) if one.years and one.wanted and not one.hard]
    found["prefer_years"] = spans([year for one in soft for year in one])
    title = WORLD["titles"].__getitem__
    for key, items in zip(TITLES, (wishes.liked, wishes.disliked), strict=True):
        found[key] = sorted(title(item - 1) for item in items[0])
    found["which"] = sorted(sorted(title(i - 1) for i in group) for group in wishes.unclear[0])
    return {key: value for key, value in found.items() if value}


def test_the_table_has_fifty_different_rows_a_kind():
    assert Counter(row["kind"] for row in ROWS) == dict.fromkeys(EXACT, 50)
    assert len({row["id"] for row in ROWS}) == len({row["text"] for row in ROWS}) == 300
    assert {key for row in ROWS for key in row} == {
        "id", "kind", "text", "before", "reading", "needs"
    }  # fmt: skip
    assert {row.get("needs") for row in ROWS} == {None, "synonyms"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_reading_names_things_of_the_world(row):
    said = row["reading"]
    assert set(said) <= {*ATTRIBUTES, *YEARS, *TITLES, "any", "which"} and all(said.values())
    groups = [said.get(key, []) for key in ATTRIBUTES] + said.get("any", [])
    names = [said.get(key, []) for key in TITLES] + said.get("which", [])
    for group, known in [(g, "attributes") for g in groups] + [(n, "titles") for n in names]:
        assert set(group) <= set(WORLD[known]) and group == sorted(set(group))
    for first, last in (span for key in YEARS for span in said.get(key, [])):
        assert (first or FIRST) <= (last or LAST) and {first, last} != {None}


@pytest.mark.parametrize("kind", EXACT)
def test_rules_read_so_many_exactly(kind):
    rows = [row for row in ROWS if row["kind"] == kind]
    exact = sum(reading([*row["before"], row["text"]]) == row["reading"] for row in rows)
    assert exact >= EXACT[kind]
