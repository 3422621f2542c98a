"""The workspace and the report of a model, written without an account and read back."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from crs import command_line
from crs.pipeline.registry import stages_of
from crs.pipeline.run import run
from crs.report.collect import Record
from crs.search.report import write
from crs.search.run import study_of
from crs.search.settings import Sweeper
from crs.search.study import open_study
from crs.search.trials import work
from crs.settings.keys import TYPES
from crs.store.artifact import Artifact
from tests.conftest import composed
from tests.crs.tracking.test_results import records

pytest.importorskip("wandb_workspaces")

from scripts import dashboard

SCRIPT = Path(dashboard.__file__)


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, dict]:
    """What the command writes, by the kind of page."""
    folder = tmp_path_factory.mktemp("dashboard")
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "latentcrs", "--group", "g1", "--folder", str(folder)],
        env=quiet | {"NETRC": str(folder / "none")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "the two pages were written as JSON, nothing was sent" in done.stderr
    lines = dict(line.split(": ") for line in done.stdout.splitlines())
    return {kind: json.loads(Path(file).read_text()) for kind, file in lines.items()}


def test_the_workspace_has_a_section_for_each_phase(pages):
    section = pages["workspace"]["spec"]["section"]
    found = {one["name"]: one["panels"] for one in section["panelBankConfig"]["sections"]}
    phases = [
        "pretrain", "behaviour", "generative", "distil", "em", "direct", "residual", "intents",
    ]  # fmt: skip
    assert list(found) == [
        "scores", *phases, "dialogues", "tables", "pictures", "settings that differ",
    ]  # fmt: skip
    em = found["em"][0]["config"]
    assert (em["metrics"], em["xAxis"]) == (["em/ndcg@10"], "em/epoch")
    kinds = [panel["viewType"] for panel in found["scores"]]
    assert "Parallel Coordinates Plot" in kinds and "Parameter Importance" in kinds
    filters = section["runSets"][0]["filters"]["filters"]
    assert [one["value"] for one in filters] == ["latentcrs", "g1"]


def test_the_report_shows_the_same(pages):
    grids = [block for block in pages["report"]["spec"]["blocks"] if block["type"] == "panel-grid"]
    sections = pages["workspace"]["spec"]["section"]["panelBankConfig"]["sections"]
    shown = [grid["metadata"]["panelBankSectionConfig"]["panels"] for grid in grids]
    assert list(map(len, shown)) == [len(section["panels"]) for section in sections]


@pytest.mark.parametrize("model", dashboard.MODELS)
def test_what_is_charted_is_there(model):
    phases, parameters, _ = dashboard.MODELS[model]
    assert set(phases) <= set(dashboard.CURVES)
    assert set(parameters) <= set(TYPES)


@pytest.fixture(scope="module")
def both_kinds(finished, tmp_path_factory) -> Path:
    """A store with LatentCRS over items with words and over the encoder's vectors alone."""
    store = tmp_path_factory.mktemp("kinds") / "store"
    shutil.copytree(finished.path.parents[1], store)
    for stage in ("train", "direct"):
        run(composed(
            "experiment=latentcrs_encoder", "dataset=tiny", "embedder=hashed", "tracker=none",
            "debug=fast", f"stage={stage}", "trainer=cpu", "trainer.threads=1", f"store={store}",
            "intents.k=24",
        ))  # fmt: skip
    return store


def test_what_latentcrs_records_is_charted(both_kinds):
    store = both_kinds
    phases, _, figures = dashboard.MODELS["latentcrs"]
    for phase in phases:
        charted, histories = set(dashboard.CURVES[phase]), list(store.glob(f"*/*/{phase}.json"))
        assert histories
        for history in histories:
            recorded = set(json.loads(history.read_text())[0])
            # The encoder has a loss for each of its objectives, and LatentCRS' may have fewer.
            assert {name for name in charted - recorded if not name.startswith("loss_")} == set()
    summaries = [Artifact(file.parent).summary for file in store.glob("train/*/manifest.json")]
    recorded = {f"train/{name}" for summary in summaries for name in summary}
    assert set(figures) <= recorded


@pytest.mark.parametrize("words", [["model=latentcrs"], ["experiment=latentcrs_encoder"]])
def test_latentcrs_is_judged_by_its_last_phase(configure, words):
    config = configure(*words, "dataset=ml100k")
    phase = stages_of(config)["train"].last_phase(config)
    assert f"train/{phase}_best" in dashboard.MODELS["latentcrs"][2]


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """A study of one trial, recorded offline."""
    store = tmp_path_factory.mktemp("study") / "store"
    words = [
        "model=sasrec", "dataset=tiny", "debug=fast", "trainer=cpu", "trainer.threads=1",
        f"store={store}", "pretrain.lr=interval(1e-3,1e-2)", "pretrain.layers=1,2",
    ]  # fmt: skip
    command_line.register()
    with pytest.MonkeyPatch.context() as patch, command_line.searching():
        for name in [name for name in os.environ if name.startswith("WANDB_")]:
            patch.delenv(name)
        for name in ("DIR", "DATA_DIR", "CACHE_DIR", "CONFIG_DIR"):  # or they would be set for good
            patch.setenv(f"WANDB_{name}", str(store / "wandb"))
        patch.setenv("WANDB_MODE", "offline")
        patch.setenv("WANDB_SILENT", "true")
        about = study_of(Sweeper(n_trials=1), words, "train")
        about.save()
        work(about.folder, "train", "", None)
        write(open_study(about), about, "A study.")
    return about.folder


def keys_of(panel: dict) -> set[str]:
    """What a panel draws: `config:pretrain.value.lr`, and figures by their keys."""
    config = panel["config"]
    found = [config.get(name) for name in ("xAxis", "yAxis", "targetKey")]
    found += config.get("metrics", [])
    found += [column["accessor"] for column in config.get("columns", [])]
    return {key.removeprefix("summary:") for key in found if key}


def recorded_by(file: Path) -> set[str]:
    """What a run's file has, named as panels name it."""
    found = set()
    for one in records(file):
        if one["type"] == "run":
            for group, value in one["run"]["config"]["update"].items():
                inside = value if isinstance(value, dict) else {}
                found |= {f"config:{group}.value.{name}" for name in inside}
        elif one["type"] == "history":
            found |= set(one["history"]["item"])
        elif one["type"] == "summary":
            found |= set(one["summary"].get("update", {}))
    return found


def test_a_dashboard_of_a_study_draws_what_a_trial_records(study):
    shown = dashboard.of_study(study, None)
    spec = dashboard.workspace(shown, "", "crs-suite")._to_model().model_dump(
        by_alias=True, exclude_none=True, mode="json"
    )  # fmt: skip
    section = spec["spec"]["section"]
    assert [one["value"] for one in section["runSets"][0]["filters"]["filters"]] == [
        "sasrec", f"search-{study.name}",
    ]  # fmt: skip
    sections = {one["name"]: one["panels"] for one in section["panelBankConfig"]["sections"]}
    kinds = [panel["viewType"] for panel in sections["scores"]]
    assert kinds == [
        "Bar Chart", "Parallel Coordinates Plot", "Parameter Importance",
        "Scatter Plot", "Scatter Plot",
    ]  # fmt: skip
    drawn = {
        key for name in ("scores", "pretrain") for one in sections[name] for key in keys_of(one)
    }
    assert {"pretrain/best", "pretrain/ndcg@10", "config:pretrain.value.layers"} <= drawn
    [trial] = (study.parents[1] / "wandb/wandb").glob("offline-run-*-pretrain-*/*.wandb")
    assert drawn <= recorded_by(trial)


def test_a_study_is_judged_by_its_objective(finished):
    over_words = Record(finished).stages["train"]
    of_phases = {"stage": "train", "phase": "intents", "objective": "ndcg@10"}
    assert dashboard.judged_by(over_words, of_phases) == "train/intents_best"
    of_phases["objective"] = "hr@10"
    assert dashboard.judged_by(over_words, of_phases) == "intents/hr@10"


def test_dialogues_are_judged_by_the_success_of_the_models_own_scorer():
    names = ("popularity", "mip sad", "mip sad + requirements")
    talked = SimpleNamespace(summary={f"success {name}": 0.5 for name in names})
    about = {"stage": "multi_turn", "phase": "", "model": "mip_sad", "objective": "success"}
    assert dashboard.judged_by(talked, about) == "multi_turn/success mip sad"
    assert dashboard.judged_by(talked, about | {"objective": "popularity"}).endswith("popularity")


def test_what_is_neither_model_nor_study_is_refused(tmp_path):
    with pytest.raises(dashboard.UserError, match=r"sasrc is no model .* Did you mean sasrec"):
        dashboard.main(["sasrc"])
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(dashboard.UserError, match="no whole study"):
        dashboard.main([str(tmp_path)])


def test_online_somebody_must_own_the_pages(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "online")
    with pytest.raises(dashboard.UserError, match="type --entity NAME"):
        dashboard.main(["latentcrs"])
