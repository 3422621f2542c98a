"""The planner says which results a leaderboard has, lacks, and cannot have."""

import pytest

from crs.errors import UserError
from crs.pipeline.plan import plan
from crs.report.entries import Asked, entries_of, shown
from tests.crs.report.conftest import SMALL

WORDS = (*SMALL[1:], "pretrain.lr=0.01")


@pytest.fixture(scope="module")
def asked(store, jobs) -> Asked:
    return Asked(("sasrec",), ("tiny",), (1, 2, 3), (*WORDS, f"store={store}"))


@pytest.fixture(scope="module")
def entry(asked):
    [entry] = entries_of(asked).entries["tiny"]
    return entry


def test_results_are_found_by_their_fingerprints_and_a_missing_seed_is_named(entry, jobs):
    found = [record.artifact for record in entry.found]
    assert found == [jobs["0.01", 1], jobs["0.01", 2]] and entry.missing == [3]


def test_the_words_of_a_seed_make_the_result_that_is_looked_for(entry, jobs, configure):
    assert plan(configure(*entry.words_of(2)))[-1].fingerprint == jobs["0.01", 2].fingerprint


def test_a_command_names_no_place_and_sweeps_several_seeds(entry):
    assert entry.command([3]).startswith("python src/train.py model=sasrec dataset=tiny ")
    assert entry.command([1, 2]).startswith("python src/train.py -m model=sasrec ")
    assert entry.command([1, 2]).endswith(" seed=1,2")
    assert not any(word in entry.command([3]) for word in ("store=", "tracker="))
    assert shown(("dataset.path=/home/me/folder",)) == ["dataset.path=PATH"]


def test_results_of_another_protocol_are_not_found(store, jobs):
    words = (*WORDS, f"store={store}", "evaluation=iclrec_as_released")
    [entry] = entries_of(Asked(("sasrec",), ("tiny",), (1, 2), words)).entries["tiny"]
    assert entry.found == [] and entry.missing == [1, 2]


def test_a_setting_of_one_model_is_in_no_command_of_another(tmp_path):
    words = (f"store={tmp_path}", "em.dropout=0.3", "pretrain.lr=0.01")
    found = entries_of(Asked(("latentcrs", "sasrec"), ("tiny",), (1,), words)).entries["tiny"]
    latent, plain = (entry.command([1]) for entry in found)
    assert "em.dropout=0.3" in latent and "em.dropout" not in plain
    assert all("pretrain.lr=0.01" in command for command in (latent, plain))


def test_what_a_dataset_does_not_carry_says_why(tmp_path):
    models = ("mip_sad", "sasrec")
    found = entries_of(Asked(models, ("beauty", "lastfm"), (1,), (f"store={tmp_path}",)))
    assert [entry.model for entry in found.entries["beauty"]] == ["sasrec"]
    why = "needs item attributes, which come with dataset.items=FILE"
    assert found.refused == [("mip_sad", "beauty", why)]
    assert [*found.wanting] == ["lastfm"] and "dataset.path=FOLDER" in found.wanting["lastfm"]


def test_a_folder_of_ones_own_makes_a_dataset_of_it(tmp_path):
    (tmp_path / "train.csv").write_text("x")
    files = {"inspired": (f"dataset.path={tmp_path}",)}
    asked = Asked(("sasrec", "popularity"), ("inspired",), (1,), (f"store={tmp_path}",), files)
    found = entries_of(asked)
    assert [entry.model for entry in found.entries["inspired"]] == ["popularity"]
    [(model, _, why)] = found.refused
    assert model == "sasrec" and "learns from users' histories" in why


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Asked(("sasrek",)), "models: no 'sasrek'. Did you mean sasrec?"),
        (Asked((), ("tyny",)), "datasets: no 'tyny'. Did you mean tiny?"),
        (Asked(files={"tyny": ("dataset.path=x",)}), "dataset of settings: no 'tyny'"),
    ],
)
def test_a_name_that_does_not_exist_is_one_sentence(asked, told):
    with pytest.raises(UserError, match=told.replace("?", r"\?")):
        entries_of(asked)
