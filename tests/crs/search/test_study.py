"""A study on disk: who runs which trial, and that a kill costs none and repeats none."""

from multiprocessing import get_context
from pathlib import Path

import pytest
from hydra import initialize_config_dir
from optuna.trial import TrialState

from crs import command_line
from crs.search.settings import PRUNERS, SAMPLERS
from crs.search.study import JOURNAL, About, claimed, limit_of, note_grid, open_study, pruner_of

SPACE = {
    "pretrain.lr": "tag(log,interval(1e-4,1e-1))",
    "pretrain.k": "interval(2,64)",
    "pretrain.norm": "pre,post",
}
COUNTED = {"pretrain.k": "choice(2,4)", "pretrain.layers": "range(1,4)"}


@pytest.fixture(autouse=True)
def _hydra():
    command_line.register()
    with initialize_config_dir(str(command_line.CONF), version_base="1.3"):
        yield


def about(folder: Path, sampler: str = "random", n_trials: int = 11, **changes) -> About:
    study = About(
        name="s", model="sasrec", dataset="tiny", stage="pretrain", phase="pretrain",
        objective="ndcg@10", direction="maximize", sampler=sampler, pruner="median", seed=1,
        n_trials=n_trials, space=COUNTED if sampler == "grid" else SPACE, fixed=[], seeds=[1],
        folder=folder,
    )  # fmt: skip
    vars(study).update(changes)
    study.save()
    return study


def all_of(study: About) -> list[dict]:
    """The values of all trials, in turn by two processes' handles."""
    handles, drawn = [open_study(study), open_study(study)], []
    while True:
        handle = handles[len(drawn) % 2]
        with claimed(study, handle) as trial:
            if trial is None:
                return drawn
            assert trial.number == len(drawn)
            drawn.append(trial.params)
            handle.tell(trial, trial.params["pretrain.k"] / 64)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_each_sampler_draws_all_trials_within_the_space_and_none_twice(tmp_path, sampler):
    study = about(tmp_path, sampler)
    drawn = all_of(study)
    assert len(drawn) == limit_of(study) == (6 if sampler == "grid" else 11)
    assert len({tuple(sorted(one.items())) for one in drawn}) == len(drawn)
    for one in drawn:
        assert set(one) == set(study.space)
        assert isinstance(one["pretrain.k"], int)
        assert 2 <= one["pretrain.k"] <= 64
        assert 1e-4 <= one.get("pretrain.lr", 1e-3) <= 1e-1


@pytest.mark.parametrize(("sampler", "n_trials", "told"), [
    ("grid", 4, "note      the grid has 6 points; the first 4 of them are tried "
     "(type hydra.sweeper.n_trials=6 for all)\n"),
    ("grid", 6, ""), ("random", 4, ""),
])  # fmt: skip
def test_a_grid_that_is_not_tried_whole_is_told(tmp_path, capsys, sampler, n_trials, told):
    note_grid(about(tmp_path, sampler, n_trials))
    assert capsys.readouterr().err == told


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_same_seed_draws_the_same(tmp_path, sampler):
    first, second, other = (
        all_of(about(tmp_path / name, sampler, 11, seed=seed))
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == second != other


def test_more_trials_go_on_where_fewer_ended(tmp_path):
    assert len(all_of(about(tmp_path, n_trials=2))) == 2
    study = about(tmp_path, n_trials=3)
    with claimed(study, open_study(study)) as trial:
        assert trial.number == 2


def claim_and_die(folder: Path) -> None:
    """Claim a trial, report an epoch, and be killed."""
    import os
    import signal

    command_line.register()
    with initialize_config_dir(str(command_line.CONF), version_base="1.3"):
        study = About.load(folder)
        with claimed(study, open_study(study)) as trial:
            trial.report(0.5, 0)
            os.kill(os.getpid(), signal.SIGKILL)


def test_the_trial_of_a_killed_process_goes_on_and_that_of_a_living_one_is_left(tmp_path):
    study = about(tmp_path, n_trials=2)
    process = get_context("spawn").Process(target=claim_and_die, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == -9
    first, second = open_study(study), open_study(study)
    with claimed(study, first) as trial:
        assert trial.number == 0
        assert trial.study.trials[0].intermediate_values == {0: 0.5}
        with claimed(study, second) as other:
            assert other.number == 1
            with claimed(study, open_study(study)) as none:
                assert none is None
        first.tell(trial, 1.0)
    assert [one.state for one in second.trials] == [TrialState.COMPLETE, TrialState.RUNNING]


def test_a_line_that_a_full_disk_tore_is_cut_off(tmp_path):
    study = about(tmp_path, n_trials=2)
    all_of(study)
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b'{"op_code": 4, "wor')
    assert len(open_study(study).trials) == 2
    assert (tmp_path / JOURNAL).read_bytes().endswith(b"}\n")


def test_each_pruner_has_a_name():
    assert len({type(pruner_of(name)) for name in PRUNERS}) == len(PRUNERS)
