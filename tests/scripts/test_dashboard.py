"""The workspace and the report of a model, written without an account and read back."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crs.settings.keys import TYPES

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
    phases = ["pretrain", "behaviour", "generative", "distil", "em", "direct"]
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
    phases, parameters = dashboard.MODELS[model]
    assert set(phases) <= set(dashboard.CURVES)
    assert set(parameters) <= set(TYPES)


def test_what_the_phases_of_latentcrs_record_is_charted(finished):
    store = finished.path.parents[1]
    for phase in dashboard.MODELS["latentcrs"][0]:
        (history,) = store.glob(f"*/*/{phase}.json")
        charted = set(dashboard.CURVES[phase])
        recorded = set(json.loads(history.read_text())[0])
        # The encoder has a loss for each of its objectives, and LatentCRS' may have fewer.
        assert {name for name in charted - recorded if not name.startswith("loss_")} == set()


def test_online_somebody_must_own_the_pages(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "online")
    with pytest.raises(dashboard.UserError, match="type --entity NAME"):
        dashboard.main(["latentcrs"])
