"""Which digests an edit of a file would change."""

from pathlib import Path

import pytest

from crs.config import stage_names
from scripts.refresh_digests import changed_by, made_by

CRS = Path(__file__).parents[2] / "src" / "crs"


def test_every_stage_has_a_digest():
    assert {key.partition("/")[0] for key in made_by()} == set(stage_names())


@pytest.mark.parametrize(
    "file",
    ["console.py", "errors.py", "tracking.py", "threads.py", "command_line.py", "store/store.py",
     "pipeline/make.py", "pipeline/code_digest.py"],
)  # fmt: skip
def test_an_edit_of_what_never_computes_changes_none(file):
    assert changed_by([CRS / file]) == []


def test_an_edit_of_a_model_changes_its_own():
    changed = changed_by([CRS / "models" / "c2crs" / "networks.py"])
    assert {key.partition("/")[0] for key in changed} == {
        "warmup", "train", "direct", "converse", "evaluate", "multi_turn",
    }  # fmt: skip
    assert all("c2crs" in key for key in changed) and len(changed) == 6
    latentcrs = changed_by([CRS / "models" / "latentcrs" / "networks.py"])
    assert len(latentcrs) == 4 and not set(latentcrs) & set(changed)


def test_files_are_counted_together_and_one_of_none_is_none():
    files = [CRS / "data" / "readers" / f"{name}.py" for name in ("redial", "custom")]
    assert len(changed_by(files)) == sum(len(changed_by([file])) for file in files) > 0
    assert changed_by([CRS / "nowhere.py"]) == []
