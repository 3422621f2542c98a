"""`crs store`: what is typed, and what is printed."""

import pytest
from filelock import FileLock

from crs.cli.store import main
from crs.errors import UserError
from crs.store.commands.catalogue import Catalogue
from crs.store.commands.listing import Wanted
from tests.crs.store.commands.small import chain


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return chain(tmp_path / "artifacts")


def test_the_list_has_every_result_with_its_model_and_data(results, capsys):
    main(["list"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(results)
    [row] = [line for line in lines if results["train1"].fingerprint in line]
    assert row.split()[:4] == ["train", results["train1"].fingerprint, "sasrec", "tiny"]


@pytest.mark.parametrize(("typed", "fits"), [
    ("my", True), ("my small", True), ("my2", False), ("m", False),
])  # fmt: skip
def test_a_dataset_is_chosen_by_its_name(results, monkeypatch, typed, fits):
    catalogue, data = Catalogue("artifacts"), results["dataset"]
    monkeypatch.setattr(catalogue, "data", lambda result: "my small")
    assert Wanted(dataset=typed).fits(data, catalogue) is fits
    monkeypatch.setattr(catalogue, "data", lambda result: "my2")
    assert Wanted(dataset=typed).fits(data, catalogue) is (typed == "my2")


def test_a_result_is_shown_by_a_prefix(results, capsys):
    main(["show", results["evaluate1"].fingerprint[:6]])
    told = capsys.readouterr().out
    assert "sasrec on tiny" in told and "4.5 s" in told
    assert told.count(f"dataset/{results['dataset'].fingerprint}") == 1


@pytest.mark.parametrize("form", ["artifacts/{}", "./artifacts/{}/", "{}"])
def test_a_result_is_shown_by_its_path(results, capsys, form):
    one = results["evaluate1"]
    main(["show", form.format(f"evaluate/{one.fingerprint}")])
    assert one.fingerprint in capsys.readouterr().out


@pytest.mark.parametrize("action", ["list", "show", "gc"])
def test_help_stands_behind_each_action_too(results, capsys, action):
    main([action, "--help"])
    assert capsys.readouterr().out.startswith("Look into a store")


def test_the_store_stands_before_the_action_too(results, tmp_path, capsys):
    (tmp_path / "artifacts").rename(tmp_path / "other")
    main(["--store=other", "list"])
    main(["list", "--store=other"])
    before, behind = capsys.readouterr().out.split("stage", 1)[1].split("stage", 1)
    assert before == behind


def test_two_results_are_told_apart_by_settings_code_and_figures(results, capsys):
    main(["diff", *(results[name].fingerprint for name in ("train1", "train2"))])
    assert "  train: seed: 1 | 2\n" in capsys.readouterr().out


def test_verify_finds_one_changed_byte(results, capsys):
    main(["verify"])
    assert capsys.readouterr().out == "verified: all files of 5 results\n"
    (results["train2"].place / "weights.txt").write_text("w3")
    with pytest.raises(UserError, match="1 of 5 results are damaged"):
        main(["verify"])
    main(["verify", results["train1"].fingerprint])


def test_prune_is_dry_unless_told(results, capsys):
    keep = f"--keep={results['evaluate1'].fingerprint}"
    main(["prune", keep])
    assert "would remove: 2 results" in capsys.readouterr().out
    assert results["evaluate2"].place.exists()
    main(["prune", keep, "--yes"])
    there = {name for name, one in results.items() if one.place.exists()}
    assert there == {"dataset", "train1", "evaluate1"}


def test_what_a_locked_result_stands_on_stays_and_is_not_counted(results, capsys):
    locked = results["evaluate2"].place
    with FileLock(locked.with_name(f"{locked.name}.lock")):
        main(["prune", f"--keep={results['evaluate1'].fingerprint}", "--yes"])
    assert capsys.readouterr().out.splitlines()[-1].startswith("removed: 0 results, ")
    assert all(one.place.exists() for one in results.values())


def test_a_result_goes_from_store_to_store(results, tmp_path, capsys):
    main(["export", results["evaluate2"].fingerprint, "one.zip"])
    main(["import", "one.zip", "--store=other"])
    main(["verify", "--store=other"])
    assert capsys.readouterr().out.splitlines()[-1] == "verified: all files of 3 results"


@pytest.mark.parametrize(("words", "told"), [
    ([], "type what to do"),
    (["lst"], "invalid choice: 'lst'"),
    (["list", "--sorted"], "unrecognized arguments: --sorted"),
    (["list", "--older=old"], "--older=old: a number and one of m, h, d, w"),
    (["list", "--larger=3"], "--larger=3: a number and one of B, KB"),
    (["list", "--model=none"], "has no such result"),
    (["list", "--store=nowhere"], "--store=nowhere: there is no such folder"),
    (["show", "ffff0000"], "ffff0000: no result of"),
    (["show", "ab"], "type at least 4 digits"),
    (["prune"], "say what may go"),
    (["import", "nowhere.zip"], "no file that crs store export has written"),
    (["gc", "--older=3"], "--older=3: a number"),
])  # fmt: skip
def test_a_mistake_is_one_sentence(results, words, told):
    with pytest.raises(UserError, match=told) as raised:
        main(words)
    assert len(str(raised.value).splitlines()) == 1
