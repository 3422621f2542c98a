"""How a plan is carried out: found, made, resumed, forced, refused."""

import copy
from dataclasses import replace

import pytest
import torch

from crs.errors import UserError
from crs.pipeline import code_digest
from crs.pipeline.run import run
from crs.stages import declared_stages
from crs.training import devices
from tests.crs.pipeline.demo import SECOND, TINY, fail_half_way, lines, names


def test_an_unknown_stage_to_force_is_refused_with_those_there_are(configure, tmp_path):
    config = configure(*TINY, "force=[typo]", f"store={tmp_path / 'store'}")
    with pytest.raises(UserError, match=r"force: no stage 'typo'; stages are .*dataset, "):
        run(config)
    assert not (tmp_path / "store").exists()


def test_a_dry_run_prints_the_plan_and_makes_nothing(configure, tmp_path, capsys):
    config = configure(*TINY, "dry_run=true", f"store={tmp_path / 'store'}")
    assert run(config) is None
    assert not (tmp_path / "store").exists()
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split()[:3] for line in err.splitlines()[1:-1]] == [
        [name, "to", "make"] for name in names(config)
    ]


def test_what_is_not_there_is_made_and_then_found(demo, capsys):
    made = demo.run()
    assert lines(capsys)[1:] == [["dataset", "made"], ["samples", "made"]]
    assert demo.run() == made
    assert lines(capsys)[1:] == [["dataset", "found"], ["samples", "found"]]
    assert demo.calls == (1, 1)


def test_the_manifest_says_what_made_the_result(demo):
    manifest = demo.run().manifest
    dataset = demo.store.find("dataset", manifest["inputs"]["dataset"]["fingerprint"], {})
    assert manifest["inputs"]["dataset"]["digest"] == dataset.digest
    assert manifest["settings"] == demo.config.samples.identity()
    assert manifest["stage"] == "samples"
    assert manifest["versions"]["python"]
    assert list(manifest["files"]) == ["file.txt"]
    assert manifest["code"] == code_digest.code_digest("demo.second")
    assert manifest["resumed"] is False
    noted = {"code", "git", "threads", "devices", "nodes", "seconds", "peak_memory_mb", "cost_usd"}
    assert noted <= set(manifest)


def test_a_stage_runs_on_the_threads_that_are_asked_for(demo):
    demo.config.trainer.threads = 1
    assert demo.run().manifest["threads"] == torch.get_num_threads() == 1


def test_the_number_of_devices_changes_no_name_and_is_noted(demo, monkeypatch):
    """Nothing is trained here, so no process starts."""
    monkeypatch.setattr(devices, "available", lambda: 2)
    demo.config.trainer.accelerator = "cpu"
    before = names(demo.config)
    demo.config.trainer.devices = 2
    assert names(demo.config) == before
    assert demo.run().manifest["devices"] == 2


def test_more_devices_than_there_are_are_refused_before_a_stage_runs(demo, monkeypatch):
    monkeypatch.setattr(devices, "available", lambda: 2)
    demo.config.trainer.accelerator, demo.config.trainer.devices = "cpu", 3
    told = r"trainer\.devices=3 but this process may use 2 processors .*; type trainer\.devices=2"
    with pytest.raises(UserError, match=told):
        demo.run()
    assert demo.calls == (0, 0)


def test_other_settings_make_another_result_beside_the_first(demo):
    first = demo.run()
    demo.config.samples.shown += 1
    second = demo.run()
    assert demo.calls == (1, 2)
    assert first.path.is_dir()
    assert first.path != second.path


def test_force_makes_again_and_keeps_the_old_aside(demo):
    old = demo.run()
    demo.config.force = ["samples"]
    assert demo.run().place == old.place
    assert demo.calls == (1, 2)
    assert len(list(old.place.parent.glob(f"{old.fingerprint}.old-*"))) == 1


def test_a_sweep_forces_a_result_once(demo):
    demo.run()
    demo.config.force = ["samples"]
    demo.run("sweep")
    demo.run("sweep")
    assert demo.calls == (1, 2)
    demo.run("another sweep")
    assert demo.calls == (1, 3)


def test_each_result_and_each_store_is_forced(demo, tmp_path):
    demo.run()
    demo.config.force = ["samples"]
    demo.run("sweep")
    demo.config.samples.shown += 1
    demo.run("sweep")
    demo.config.store = str(tmp_path / "other")
    demo.run("sweep")
    assert demo.calls == (2, 4)


def test_a_forced_result_that_failed_is_made_by_the_next_job(demo, monkeypatch):
    old = demo.run()
    demo.config.force = ["samples"]
    fail_half_way(demo, monkeypatch)
    assert demo.run().place == old.place
    assert demo.calls == (1, 3)
    assert demo.second.calls == [False, False, True]


def test_a_child_of_the_same_bits_is_kept(demo):
    demo.run()
    demo.config.force = ["dataset"]
    demo.run()
    assert demo.calls == (2, 1)


def test_a_child_of_other_bits_is_made_again(demo, monkeypatch):
    demo.run()
    monkeypatch.setattr(demo.first, "TEXT", "other")
    demo.config.force = ["dataset"]
    demo.run()
    demo.config.force = []
    demo.run()
    assert demo.calls == (2, 2)


def test_a_command_that_reads_a_result_keeps_it_while_another_forces_it(demo, monkeypatch):
    """What it reads, and what it writes down as its input, is the old one to the end."""
    demo.run()
    old = demo.store.at("dataset", names(demo.config)["dataset"])
    demo.config.samples.shown += 1
    real = demo.second.run

    def meanwhile(settings, inputs, folder, context):
        monkeypatch.setattr(demo.first, "TEXT", "other")
        other = copy.deepcopy(demo.config)
        other.stage.name, other.force = "dataset", ["dataset"]
        run(other)
        assert (inputs["dataset"].path / "file.txt").read_text() == "text"
        return real(settings, inputs, folder, context)

    monkeypatch.setattr(demo.second, "run", meanwhile)
    assert demo.run().manifest["inputs"]["dataset"]["digest"] == old.digest


def test_a_result_by_other_code_is_used_and_said(demo, capsys):
    made = demo.run()
    demo.rewrite("second", SECOND + "\nA = 1\n")
    capsys.readouterr()
    assert demo.run() == made
    assert "was made by other code" in capsys.readouterr().err


def test_strict_refuses_a_result_by_other_code(demo):
    demo.run()
    demo.rewrite("second", SECOND + "\nA = 1\n")
    demo.config.strict = True
    with pytest.raises(UserError, match=r"strict: samples .* type force=\[samples\]"):
        demo.run()


def test_strict_takes_a_result_by_the_same_code(demo, capsys):
    demo.run()
    demo.rewrite("second", SECOND + "\n# a comment\n")
    demo.config.strict = True
    capsys.readouterr()
    demo.run()
    assert "other code" not in capsys.readouterr().err


def test_a_view_that_the_dataset_lacks_is_refused_before_more_is_made(demo, monkeypatch):
    monkeypatch.setattr(demo.first, "SUMMARY", {"attributes": 0})
    monkeypatch.setitem(
        declared_stages(), "simulate", replace(declared_stages()["samples"], name="simulate")
    )
    demo.config.model.name = "latentcrs"
    demo.config.stage.name = "simulate"
    with pytest.raises(UserError, match=r"needs item attributes and dataset=tiny has none.*ml1m"):
        demo.run()
    assert demo.calls == (1, 0)


def test_a_plan_in_which_no_one_speaks_needs_no_view(demo, monkeypatch):
    monkeypatch.setattr(demo.first, "SUMMARY", {"attributes": 0})
    demo.config.model.name = "latentcrs"
    demo.run()
    assert demo.calls == (1, 1)


@pytest.mark.parametrize(("error", "says"), [
    (OSError(28, "No space left on device"), r"store=.* cannot be written \(No space left"),
    (ModuleNotFoundError("No module named 'tenacity'", name="tenacity"), r"'crs-suite\[llm\]'"),
])  # fmt: skip
def test_what_a_stage_cannot_have_is_one_sentence(demo, monkeypatch, error, says):
    """And the same command goes on once it is there."""

    def fail(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(demo.first, "run", fail)
        with pytest.raises(UserError, match=says):
            demo.run()
    demo.run()
    assert demo.calls[1] == 1
