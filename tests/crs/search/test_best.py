"""What a search found, as an experiment."""

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from crs import command_line
from crs.search.best import experiment_of, told

WORDS = ["search=mip_sad", "dataset=tiny", "evaluation=full", "towers.dropout=0.1", "train.lr=0.5",
         "store=elsewhere", "tracker=none", "seed=4"]  # fmt: skip


@pytest.fixture(autouse=True)
def _hydra():
    command_line.register()
    with initialize_config_dir(str(command_line.CONF), version_base="1.3"):
        yield


def test_it_sets_groups_and_values_beyond_the_defaults_and_all_that_was_searched():
    text = experiment_of("train", WORDS, ["towers.dropout", "train.lr"], "found")
    assert text.splitlines()[:2] == ["# @package _global_", "# found"]
    assert OmegaConf.to_container(OmegaConf.create(text)) == {
        "defaults": [{"override /model": "mip_sad"}, {"override /dataset": "tiny"},
                     {"override /evaluation": "full"}, "_self_"],
        "train": {"lr": 0.5}, "towers": {"dropout": 0.1}, "seed": 4,
    }  # fmt: skip


def test_its_comment_has_the_words_that_it_holds_and_no_secret(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "plainword")
    words = ["debug=fast", "trainer.threads=1", "~experiment", "dataset.path=plainword"]
    assert told([*words, "store=x"]) == "debug=fast '~experiment' dataset.path=<OPENAI_API_KEY>"
    text = experiment_of("train", WORDS, [], "found\nwith debug=fast")
    assert text.splitlines()[1:3] == ["# found", "# with debug=fast"]


def test_it_composes_to_what_the_words_compose_to(tmp_path):
    file = tmp_path / "best.yaml"
    file.write_text(experiment_of("train", WORDS, ["towers.dropout", "train.lr"], "found"))
    word = command_line.experiment_file(f"experiment={file}")
    found = compose("train", overrides=[word, "store=elsewhere", "tracker=none"])
    assert found == compose("train", overrides=WORDS)
