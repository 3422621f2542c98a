"""What goes, and what never goes."""

import os
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from crs.store.artifact import MANIFEST, Artifact, write_json
from crs.store.commands.catalogue import Catalogue, named
from crs.store.commands.listing import Wanted
from crs.store.commands.pruning import removable, remove
from crs.store.store import BEGUN, Store
from tests.crs.store.commands.small import chain, made

DAY = 86400


def grow_old(result: Artifact, days: float) -> None:
    file = result.place / MANIFEST
    then = file.stat().st_mtime - days * DAY
    os.utime(file, (then, then))


@pytest.fixture
def results(tmp_path) -> dict[str, Artifact]:
    return chain(tmp_path / "store")


def root(results: dict[str, Artifact]) -> Path:
    return results["dataset"].place.parents[1]


def gone(results, wanted: Wanted, *keep: str) -> set[str]:
    catalogue = Catalogue(root(results))
    found = {named(one) for one in removable(catalogue, wanted, [results[name] for name in keep])}
    return {name for name, one in results.items() if named(one) in found}


def test_a_kept_result_keeps_what_it_stands_on(results):
    assert gone(results, Wanted(), "evaluate1") == {"train2", "evaluate2"}
    assert gone(results, Wanted(stage="train")) == set()
    assert gone(results, Wanted(stage="evaluate")) == {"evaluate1", "evaluate2"}


def test_old_results_go_unless_a_new_one_needs_them(results):
    for name in ("dataset", "train1", "train2", "evaluate1"):
        grow_old(results[name], 40)
    assert gone(results, Wanted(older=30 * DAY)) == {"evaluate1", "train1"}


@given(st.data())
def test_no_ancestor_of_a_kept_result_goes(tmp_path_factory, data):
    store = Store(tmp_path_factory.mktemp("store"))
    there: list[Artifact] = []
    for number in range(data.draw(st.integers(1, 6))):
        below = data.draw(st.sets(st.sampled_from(range(number)))) if number else set()
        inputs = [there[i] for i in below]
        there.append(made(store, f"stage{number}", {"n": number}, *inputs))
    catalogue = Catalogue(store.root)
    keep = [one for one in there if data.draw(st.booleans())]
    stage = data.draw(st.sampled_from([None, *(one.stage for one in there)]))
    going = [one.place for one in removable(catalogue, Wanted(stage=stage), keep)]
    staying = [one for one in there if one.place not in going]
    assert not set(going) & {*catalogue.standing_on(staying)}
    assert not {one.place for one in keep} & set(going)
    for i, place in enumerate(going):  # so that a kill in between leaves no result without inputs
        below = {one.place for one in catalogue.inputs(catalogue.results[place]).values()}
        assert not below & set(going[:i])


def test_what_an_unfinished_result_reads_stays(results):
    store = Store(root(results))
    partial = store.partial("evaluate", "f" * 16)
    partial.mkdir()
    train = results["train2"]
    write_json(partial / BEGUN, {"inputs": {"train": {"fingerprint": train.fingerprint}}})
    assert gone(results, Wanted(), "evaluate1") == {"evaluate2"}
    assert not remove(train, Catalogue(store.root)) and train.place.exists()
    assert partial.exists()


def test_what_a_result_reads_that_appeared_since_stays(results):
    store = Store(root(results))
    catalogue = Catalogue(store.root)
    [*going] = removable(catalogue, Wanted(), [results["evaluate1"]])
    made(store, "evaluate", {"model": "new"}, results["train2"])
    assert [named(one) for one in going if remove(one, catalogue)] == [named(results["evaluate2"])]


def test_what_a_process_has_the_lock_of_stays(results):
    one = results["evaluate2"]
    with FileLock(one.place.with_name(f"{one.fingerprint}.lock")):
        assert not remove(one, Catalogue(root(results)))
    assert one.place.exists()
    assert remove(one, Catalogue(root(results)))
    assert not [*one.place.parent.glob(f"{one.fingerprint}*/**/*")]


def test_each_manifest_is_read_once_however_many_results_go(results, monkeypatch):
    read = []
    check = Artifact.check_manifest

    def checked(one):
        read.append(one.place)
        check(one)

    monkeypatch.setattr(Artifact, "check_manifest", checked)
    catalogue = Catalogue(root(results))
    going = removable(catalogue, Wanted(), [results["evaluate1"]])
    assert len(going) > 1 and all(remove(one, catalogue) for one in going)
    assert sorted(read) == sorted(one.place for one in results.values())
    catalogue.renew()
    assert {one.place for one in going}.isdisjoint(catalogue.results)
