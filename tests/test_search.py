"""A search on generated data: killed and gone on with, by two workers, and what it leaves."""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import optuna
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from crs import command_line
from crs.errors import UserError
from crs.idle import idle
from crs.pipeline.plan import plan
from crs.pipeline.run import run as run_one
from crs.search.objective import searched_stage, stop_at
from crs.search.run import note_model, study_of, there, workers_of
from crs.search.settings import Sweeper
from crs.search.space import Space, merged
from crs.search.study import About, open_study
from crs.search.trials import attempt, configured
from crs.store.artifact import RESUME
from crs.training.phase_state import LAST
from tests.crs.search.test_space import Ends
from tests.test_train import Done, command, quiet

SMALL = (
    "model=sasrec dataset=tiny tracker=none trainer=cpu trainer.threads=1 pretrain.patience=9 "
    "evaluation.resamples=50 evaluation.permutations=99"
).split()
SEARCH = ("-m", "hydra/sweeper=optuna", *SMALL)
KILLED = (
    "pretrain.epochs=8", "pretrain.lr=tag(log,interval(1e-3,3e-2))", "hydra.sweeper.n_trials=3",
    "hydra.sweeper.sampler=random", "hydra.sweeper.pruner=none",
)  # fmt: skip


@dataclass
class Ended:
    """What a search left behind."""

    done: Done
    store: Path

    @property
    def folder(self) -> Path:
        [folder] = (self.store / "studies").iterdir()
        return folder

    @property
    def trials(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "trials.parquet")

    @property
    def about(self) -> dict:
        return json.loads((self.folder / "study.json").read_text())


def search(store: Path, *words: str) -> Ended:
    done = subprocess.run(
        command(store, *SEARCH, *words),
        cwd=store.parent, env=quiet(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Ended(Done(done.returncode, done.stdout.splitlines(), done.stderr.splitlines()), store)


@pytest.fixture(scope="module")
def killed(tmp_path_factory) -> Ended:
    """Three trials; the command was killed within the second one and typed again."""
    store = tmp_path_factory.mktemp("killed") / "store"
    words = command(store, *SEARCH, *KILLED)
    with subprocess.Popen(
        words, cwd=store.parent, env=quiet(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:

        def within_the_second() -> bool:
            ended = list(store.glob("pretrain/*[!l]/manifest.json"))
            return bool(ended and list(store.glob(f"pretrain/*.partial/{RESUME}/*/{LAST}")))

        while process.poll() is None and not within_the_second():
            time.sleep(0.005)
        process.kill()
    assert process.returncode == -9
    return search(store, *KILLED)


def test_a_search_that_was_killed_ends_with_its_trials_none_twice(killed):
    assert killed.done.code == 0
    trials = killed.trials
    assert list(trials["trial"]) == [0, 1, 2]
    assert set(trials["state"]) == {"complete"}
    assert trials["pretrain.lr"].nunique() == trials["results"].nunique() == 3
    states = [line.split()[1] for line in killed.done.err if line.startswith("pretrain ")]
    assert states == ["resumed", "made", "found"]  # the last one is the best trial's
    assert any("1 of 3 trials are there" in line for line in killed.done.err)


def test_only_the_best_trial_is_evaluated_on_test(killed):
    best = killed.trials.loc[killed.trials["value"].idxmax()]
    assert killed.about["best"]["trial"] == best["trial"]
    assert killed.about["best"]["params"] == {"pretrain.lr": best["pretrain.lr"]}
    [evaluated] = killed.store.glob("evaluate/*/manifest.json")
    assert Path(killed.about["winner"]) == evaluated.parent
    [told] = killed.store.parent.glob("**/outcomes/*/*.json")
    group = f"tracker.group=search-{killed.folder.name}"
    assert group in json.loads(told.read_text())["overrides"]
    assert set(pd.read_parquet(killed.done.results)["fingerprint"]) == {evaluated.parent.name}


def test_the_best_trial_is_an_experiment(killed):
    experiment = f"experiment={killed.folder / 'best.yaml'}"
    typed = f"python src/train.py {experiment} store={killed.store}"
    assert typed in [line.strip() for line in killed.done.err]
    assert (
        "\n# with model=sasrec dataset=tiny pretrain.patience=9"
        in (killed.folder / "best.yaml").read_text()
    )
    command_line.register()
    words = command_line.check([experiment, f"store={killed.store}"])
    asked = plan(command_line.configured(words))[-1]
    assert asked.fingerprint == Path(killed.about["winner"]).name


def test_a_table_and_pictures_are_left(killed):
    assert {file.stem for file in killed.folder.glob("*.png")} == {
        "history", "importances", "parallel", "report", "slices",
    }  # fmt: skip
    rows = [line.split("|")[1:4] for line in (killed.folder / "study.md").open() if "| " in line]
    assert [cell.strip() for cell in rows[0]] == ["trial", "state", "ndcg@10"]
    assert killed.folder.name in (killed.folder / "report.html").read_text()
    values = [float(row[2]) for row in rows[1:]]
    assert values == sorted(values, reverse=True)


def test_two_workers_share_a_grid_and_a_trial_that_is_not_finite_is_told(tmp_path):
    ended = search(
        tmp_path / "store", "pretrain.epochs=1", "pretrain.lr=1e-2,1e30", "pretrain.layers=1,2",
        "hydra.sweeper.sampler=grid", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2",
    )  # fmt: skip
    assert ended.done.code == 0
    trials = ended.trials
    assert list(trials["pretrain.layers"]) == [1, 1, 2, 2]
    assert list(trials["state"]) == ["complete", "failed", "complete", "failed"]
    assert trials["error"].dropna().str.contains("lower pretrain.lr").sum() == 2
    assert sum("failed: " in line for line in ended.done.err) == 2
    assert ended.about["best"]["params"]["pretrain.lr"] == 1e-2


def test_an_objective_that_is_no_figure_ends_the_search_at_the_first_trial(tmp_path):
    ended = search(
        tmp_path / "store", "pretrain.epochs=1", "pretrain.lr=1e-2,2e-2",
        "hydra.sweeper.objective=ndgc@10",
    )  # fmt: skip
    assert ended.done.code == 2
    assert sum("objective=ndgc@10: no such figure" in line for line in ended.done.err) == 1
    assert len(list(ended.store.glob("pretrain/*/manifest.json"))) == 1


@pytest.fixture
def hydra():
    command_line.register()
    with initialize_config_dir(str(command_line.CONF), version_base="1.3"):
        yield


def about(tmp_path: Path, *words: str, **settings) -> About:
    study = study_of(
        Sweeper(**settings), [*SMALL, f"store={tmp_path / 'store'}", *words], "train"
    )  # fmt: skip
    study.save()
    return study


@pytest.mark.usefixtures("hydra")
def test_a_pruned_trial_can_be_gone_on_with(tmp_path, monkeypatch, capsys):
    study = about(tmp_path, "pretrain.epochs=3", "pretrain.lr=1e-2,2e-2")
    handle = open_study(study)
    monkeypatch.setattr(optuna.Trial, "should_prune", lambda trial: trial.number == 0)
    trial = handle.ask({"pretrain.lr": optuna.distributions.CategoricalDistribution([0.01])})
    assert attempt(trial, handle, study, "train", "", None) is None
    [told] = handle.trials
    assert told.state == optuna.trial.TrialState.PRUNED
    assert list(told.intermediate_values) == [0]
    assert run_one(configured("train", [*study.fixed, "pretrain.lr=1e-2"], study))
    assert "pretrain: resumes after 1 epochs" in capsys.readouterr().err


@pytest.mark.usefixtures("hydra")
def test_seeds_are_repetitions_and_the_value_is_their_mean(tmp_path):
    study = about(tmp_path, "pretrain.epochs=1", "pretrain.lr=1e-2,2e-2", "seed=1,2")
    handle = open_study(study)
    trial = handle.ask({"pretrain.lr": optuna.distributions.CategoricalDistribution([0.01])})
    value = attempt(trial, handle, study, "train", "", None)
    results = [Path(one) for one in handle.trials[0].user_attrs["results"]]
    best = [json.loads((one / "manifest.json").read_text())["summary"]["best"] for one in results]
    assert len(set(best)) == 2
    assert value == pytest.approx(sum(best) / 2)


@pytest.mark.usefixtures("hydra")
def test_the_name_of_a_study_holds_what_changes_its_values_alone(tmp_path):
    space = "pretrain.lr=1e-2,2e-2"
    name = about(tmp_path, space).name
    same = [about(tmp_path, space, "trainer.progress=false"), about(tmp_path, space, n_trials=7)]
    assert {one.name for one in same} == {name}
    others = [
        about(tmp_path, "pretrain.lr=1e-2,3e-2"), about(tmp_path, space, "pretrain.layers=3"),
        about(tmp_path, space, "seed=1,2"), about(tmp_path, space, sampler="random"),
    ]  # fmt: skip
    assert len({one.name for one in others} | {name}) == 5


@pytest.mark.usefixtures("hydra")
def test_a_space_of_another_model_is_noted(tmp_path, capsys):
    study = about(tmp_path, "pretrain.lr=1e-2,2e-2")
    note_model(study, "sasrec", "train")
    note_model(study, None, "train")
    assert capsys.readouterr().err == ""
    note_model(study, "latentcrs", "train")
    told = "search=latentcrs is a space of latentcrs; model=sasrec was typed"
    assert told in capsys.readouterr().err


def test_several_workers_need_a_launcher():
    hydra = {"runtime": {"choices": {"hydra/launcher": "basic"}}, "launcher": {}}
    config = OmegaConf.create({"hydra": hydra})
    with pytest.raises(UserError, match=r"workers=3: without a launcher .*launcher=joblib"):
        workers_of(Sweeper(workers=3), config)
    assert workers_of(Sweeper(), config) == workers_of(Sweeper(workers=1), config) == 1
    config.hydra.runtime.choices["hydra/launcher"] = "joblib"
    assert workers_of(Sweeper(workers=3), config) == 3


def test_trials_are_counted_where_fewer_are_asked_for_than_are_there():
    assert there(1, 3) == "1 of 3 trials are there"
    assert there(3, 2).startswith("3 trials are there, more than the 2")


SPACES = sorted(file.stem for file in (command_line.CONF / "search").glob("*.yaml"))


@pytest.mark.usefixtures("hydra")
@pytest.mark.parametrize("model", SPACES)
def test_the_spaces_of_conf_act_on_what_they_search(model):
    words = [f"search={model}", "dataset=ml100k"]
    sweeper = compose("train", overrides=words, return_hydra_config=True).hydra.sweeper
    space = Space.of(merged(sweeper.params, words))
    assert len(space.parameters) > 3
    for last in (False, True):
        point = [one.word(one.draw(Ends(last))) for one in space.parameters.values()]
        config = command_line.to_config(compose("train", overrides=[*words, *point]))
        assert config.model.name == model
        trial = stop_at(config, searched_stage(config))
        assert idle(space.parameters, [trial], "") == {}
