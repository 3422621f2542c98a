"""`dry_run=true` with `-m`: one plan of all jobs, or of a search; nothing is trained."""

import pytest

from crs import command_line, dry_run
from crs.errors import UserError
from crs.pipeline.run import run
from crs.search.dry_run import trials_of
from crs.search.run import study_of
from crs.search.settings import Sweeper
from crs.search.study import open_study

TINY = ("dataset=tiny", "tracker=none", "debug=fast", "trainer=cpu", "trainer.threads=1")


@pytest.fixture
def said(tmp_path, capsys):
    """`said(words)`: the lines of a plan; none where no plan was asked for."""

    def show(*words: str) -> list[str]:
        command_line.register()
        checked = command_line.check(["-m", *TINY, *words, f"store={tmp_path / 'store'}"])
        planned = dry_run.shown(checked)
        lines = capsys.readouterr().err.splitlines()
        assert planned == bool(lines)
        return lines

    return show


def test_a_sweep_has_one_plan_with_each_result_once(said, configure, tmp_path):
    run(configure(*TINY, "model=sasrec", "stage=pretrain", f"store={tmp_path / 'store'}"))
    kept = sorted((tmp_path / "store").rglob("*"))
    lines = said("model=sasrec,iclrec", "seed=1,2", "dry_run=true")[-16:]
    assert lines[0] == f"plan      4 jobs, store {tmp_path / 'store'}"
    assert [line.split(maxsplit=2)[2] for line in lines[1:5]] == [
        "model=sasrec seed=1", "model=sasrec seed=2", "model=iclrec seed=1", "model=iclrec seed=2",
    ]  # fmt: skip
    shown = [(line[:25].split(), line.rpartition(", ")[2]) for line in lines[5:14]]
    assert shown[0] == (["dataset", "found"], "4 jobs")
    states = {"pretrain": ["found", "to make", "to make", "to make"], "evaluate": ["to make"] * 4}
    assert shown[1:] == [
        ([name, *state.split()], f"job {job}")
        for name, found in states.items()
        for job, state in enumerate(found)
    ]
    assert lines[14:] == [
        "  in all      2 found, 7 to make",
        "  price     0 USD: nothing here asks a paid service",
    ]
    assert sorted((tmp_path / "store").rglob("*")) == kept


def test_what_jobs_share_is_priced_once(said):
    lines = said(
        "stage=embed", "embedder=hashed", "embedder.dim=64,128", "simulator=llm",
        "llm=gemini_batch", "dataset.generated.users=40", "dry_run=true",
    )  # fmt: skip
    [shared] = [line for line in lines if line.startswith("  simulate ")]
    assert shared.endswith(", 2 jobs")
    assert "  in all      5 to make; 3 of these 5 are shared by several jobs" in lines
    [price] = [line for line in lines if "USD" in line]
    assert price.startswith("  price     simulate of job 0: at most ")


def test_a_job_that_makes_no_sense_is_told_beside_the_plan_of_the_others(said, capsys):
    with pytest.raises(UserError, match="job 1 of 2 cannot run: stage=warmup: model=sasrec has no"):
        said("model=mip_sad,sasrec", "stage=warmup", "dry_run=true")
    assert "  warmup      to make" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "who"), [
    (("seed=1",), "1 job cannot run: "), (("seed=1,2",), "2 jobs cannot run: "),
    (("dataset=custom,tiny",), "job 0 of 2 cannot run: "),
    (("search=sasrec", "model=sasrec", "pretrain.lr=1e-3,1e-2"), ""),
])  # fmt: skip
def test_data_whose_files_are_not_named_are_refused_in_the_plan(said, words, who):
    with pytest.raises(UserError, match=f"^{who}dataset=custom reads what you have: type dataset"):
        said("model=popularity", "dataset=custom", *words, "dry_run=true")


def test_a_command_without_dry_run_has_no_plan_of_its_own(said):
    assert said("model=sasrec", "seed=1,2") == []
    assert said("search=sasrec") == []


SPACE = ("model=sasrec", "pretrain.lr=interval(1e-3,1e-2)", "pretrain.layers=1,2", "seed=1,2")


def test_a_search_shows_its_space_and_what_a_trial_makes(said, tmp_path):
    lines = said("hydra/sweeper=optuna", *SPACE, "hydra.sweeper.n_trials=4", "dry_run=true")
    assert "stage pretrain: 0 of 4 trials are there" in lines[0]
    assert lines[1] == "  by ndcg@10 (maximize), sampler tpe, pruner median"
    assert [line.split() for line in lines[2:4]] == [
        ["pretrain.lr", "interval(1e-3,1e-2)"], ["pretrain.layers", "1,2"],
    ]  # fmt: skip
    assert lines[4].startswith("plan      4 further trials, each with seed=1,2, store ")
    assert [line[:25].split() for line in lines[5:8]] == [
        ["dataset", "to", "make"], ["pretrain", "each", "trial"], ["evaluate", "the", "best"],
    ]  # fmt: skip
    assert not (tmp_path / "store").exists()


def test_trials_of_the_study_that_have_ended_are_counted(said, tmp_path):
    words = [*TINY, *SPACE, f"store={tmp_path / 'store'}"]
    command_line.register()
    with command_line.searching():
        about = study_of(Sweeper(), words, "train")
        about.save()
        study = open_study(about)
        study.tell(study.ask(), 0.5)
        study.ask()  # a kill left it
    lines = said("hydra/sweeper=optuna", *SPACE, "dry_run=true", "hydra.sweeper.n_trials=1")
    assert "1 of 1 trials are there" in lines[0] and str(about.folder) in lines[0]
    assert lines[4].startswith("plan      no further trial, store ")
    assert trials_of(3, [1]) == "3 further trials"


def test_what_each_trial_asks_of_a_paid_service_is_priced_for_one(said):
    lines = said(
        "hydra/sweeper=optuna", "model=latentcrs", "embedder=hashed", "simulator=llm",
        "llm=gemini_batch", "dataset.generated.users=40", "simulator.on_leak=redo,keep",
        "dry_run=true",
    )  # fmt: skip
    assert any(line.startswith("  simulate    each trial") for line in lines)
    price = next(line for line in lines if "USD" in line)
    assert price.startswith("  price     simulate of one trial: at most ")
