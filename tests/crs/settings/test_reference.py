"""The reference of settings: what docs/settings.md and `--help` say."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crs import command_line
from crs.errors import UserError
from crs.settings import values
from crs.settings.reference import group_classes, help_of, readers, settings_of_group

COMMAND = Path(__file__).parents[3] / "src" / "train.py"
GROUPS = command_line.groups()


def setting(key):
    """The description of a setting."""
    [found] = [one for one in settings_of_group(key.split(".")[0]) if one.key == key]
    return found


def test_a_setting_has_type_bounds_default_and_meaning():
    one = setting("pretrain.dim")
    assert (one.type, one.default) == ("int", "64")
    assert one.allowed == "at least 1, a multiple of pretrain.heads"
    assert setting("pretrain.lr").meaning == "Learning rate."
    assert setting("evaluation.seen").allowed == "out, zero, in"


@pytest.mark.parametrize(
    ("key", "note"),
    [
        ("llm.ledger", "not in a name"),
        ("trainer.threads", "not in a name"),
        ("dataset.duplicates", "not in a name at keep"),
        ("converse.max_grad_norm", "`clip` in names"),
        ("c2crs.vectors", "in names by its content"),
        ("llm.prices.batch", "not in a name"),
    ],
)
def test_notes_tell_what_a_setting_is_in_a_name(key, note):
    assert setting(key).notes == note


def test_notes_tell_which_models_and_presets_set_it():
    assert setting("pretrain.contrast").notes == "set by model mip_sad, sasrec"
    assert "iclrec, latentcrs" in setting("pretrain.epochs").notes  # the second begins with it


def test_every_key_of_the_schema_is_described():
    described = {one.key for name in group_classes() for one in settings_of_group(name)}
    schema = {
        key for key, kinds in command_line.TYPES.items()
        if "." in key and not any(other.startswith(f"{key}.") for other in command_line.TYPES)
    }  # fmt: skip
    assert schema <= described


def test_the_stages_that_read_a_group():
    assert readers()["pretrain"] == ["`pretrain`", "`cross_fit` of latentcrs"]
    assert readers()["warmup"] == ["`warmup` of c2crs", "`warmup` of mip_sad"]
    assert "trainer" not in readers()


def test_help_is_one_screen():
    lines = help_of([], GROUPS).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    assert all(any(name in line for line in lines) for name in GROUPS)


def test_a_group_without_settings_of_its_own_has_choices():
    assert help_of(["debug"], GROUPS) == "Choices: fast, overfit\n"


def test_an_unknown_group_names_the_nearest():
    with pytest.raises(UserError, match="Did you mean pretrain"):
        help_of(["pretrian"], GROUPS)


def test_the_command_describes_a_group():
    done = subprocess.run(
        [sys.executable, COMMAND, "--help", "pretrain"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stdout == help_of(["pretrain"], GROUPS)


def test_a_file_of_a_users_own_beside_ours_is_passed_over(tmp_path, monkeypatch):
    shutil.copytree(values.CONF, tmp_path / "conf")
    (tmp_path / "conf" / "model" / "mine.yaml").write_text("train: {lr: 1.0}\n")
    monkeypatch.setattr(values, "CONF", tmp_path / "conf")
    assert values.setters.__wrapped__() == values.setters()
