"""How a plan is carried out: found, made, resumed, forced, refused."""

import copy
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from crs.config import Config
from crs.errors import PartialResultError, UserError
from crs.pipeline import code_digest
from crs.pipeline.plan import plan
from crs.pipeline.run import run
from crs.stages import declared_stages
from crs.stages.stage import Stage
from crs.store.artifact import RESUME, Artifact
from crs.store.store import BEGUN, Store
from crs.training import devices

TINY = "dataset=tiny", "tracker=none"


def names(config: Config) -> dict[str, str]:
    """The fingerprint of each stage of a plan."""
    return {step.name: step.fingerprint for step in plan(config)}


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


FIRST = """
import json

TEXT = "text"
SUMMARY = {"attributes": 1}
calls = []

def run(settings, inputs, folder, context):
    calls.append(False)
    (folder / "file.txt").write_text(TEXT)
    return SUMMARY
"""
SECOND = """
calls = []
FAIL = False

def run(settings, inputs, folder, context):
    place = folder / "resume" / "half.txt"
    calls.append(place.is_file())
    place.parent.mkdir(exist_ok=True)
    if not place.is_file():
        place.write_text("half")
    if FAIL:
        raise RuntimeError("no more")
    (folder / "file.txt").write_text(place.read_text() + " " + str(settings.shown))
    return {}
"""


@dataclass
class Demo:
    """Two stages of a package `demo`: `dataset`, and `samples`, which needs it."""

    config: Config
    folder: Path

    def __getattr__(self, name: str):
        return sys.modules[f"demo.{name}"]

    @property
    def store(self) -> Store:
        return Store(self.config.store)

    def run(self, command: str | None = None) -> Artifact:
        """A run: a command of its own, or a job of a sweep."""
        found = run(self.config, command)
        assert found is not None
        return found

    def rewrite(self, module: str, text: str) -> None:
        (self.folder / f"{module}.py").write_text(text)
        code_digest.code_of.cache_clear()

    @property
    def calls(self) -> tuple[int, int]:
        return len(self.first.calls), len(self.second.calls)


@pytest.fixture
def demo(configure: Callable[..., Config], tmp_path, monkeypatch) -> Iterator[Demo]:
    cached = code_digest.source_of, code_digest.imports_of, code_digest.code_of
    folder = tmp_path / "demo"
    folder.mkdir()
    for name, text in {"__init__": "", "first": FIRST, "second": SECOND}.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(code_digest, "PACKAGES", (*code_digest.PACKAGES, "demo"))
    first = Stage("dataset", "demo.first:run", 1, lambda x: x.dataset, lambda x: [], (), "first")
    second = Stage(
        "samples", "demo.second:run", 1, lambda x: x.samples, lambda x: ["dataset"], (), "second"
    )
    monkeypatch.setitem(declared_stages(), "dataset", first)
    monkeypatch.setitem(declared_stages(), "samples", second)
    for function in cached:
        function.cache_clear()
    __import__("demo.first"), __import__("demo.second")
    config = configure(*TINY, "model=popularity")
    config.stage.name, config.store = "samples", str(tmp_path / "store")
    yield Demo(config, folder)
    for name in [name for name in sys.modules if name.partition(".")[0] == "demo"]:
        del sys.modules[name]
    for function in cached:
        function.cache_clear()


def lines(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """Stage and state of each line that was said."""
    return [line.split()[:2] for line in capsys.readouterr().err.splitlines() if line[0] != " "]


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
    noted = {"code", "git", "threads", "devices", "seconds", "peak_memory_mb", "cost_usd"}
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


def fail_half_way(demo, monkeypatch):
    """A run whose second stage breaks off and leaves a partial result."""
    with monkeypatch.context() as broken:
        broken.setattr(demo.second, "FAIL", True)
        with pytest.raises(RuntimeError):
            demo.run()


def test_a_failed_stage_leaves_no_result_and_goes_on_from_there(demo, monkeypatch, capsys):
    fail_half_way(demo, monkeypatch)
    name = names(demo.config)["samples"]
    kept = demo.store.partial("samples", name) / RESUME / "half.txt"
    assert not demo.store.folder("samples", name).exists()
    kept.write_text("kept")
    capsys.readouterr()
    made = demo.run()
    assert (made.path / "file.txt").read_text().startswith("kept")
    assert lines(capsys)[-1] == ["samples", "resumed"]
    assert demo.second.calls == [False, True]
    assert made.manifest["resumed"] is True
    assert sorted(file.name for file in made.path.iterdir()) == ["file.txt", "manifest.json"]


def test_a_half_made_result_of_other_code_is_begun_anew(demo, monkeypatch, capsys):
    fail_half_way(demo, monkeypatch)
    name = names(demo.config)["samples"]
    (demo.store.partial("samples", name) / RESUME / "half.txt").write_text("kept")
    demo.rewrite("second", SECOND + "\nA = 1\n")
    capsys.readouterr()
    made = demo.run()
    assert (made.path / "file.txt").read_text().startswith("half")
    assert made.manifest["resumed"] is False
    assert lines(capsys)[-2:] == [["samples", "restarted"], ["samples", "made"]]
    assert made.manifest["code"] == code_digest.code_digest("demo.second")


def test_half_made_of_other_code_is_kept(demo, monkeypatch):
    fail_half_way(demo, monkeypatch)
    partial = demo.store.partial("samples", names(demo.config)["samples"])
    demo.rewrite("second", SECOND + "\nA = 1\n")
    demo.run()
    assert len(list(partial.parent.glob(f"{partial.name}.old-*/{RESUME}/half.txt"))) == 1


def test_a_damaged_half_made_result_is_told_set_aside_and_begun_anew(demo, monkeypatch, capsys):
    fail_half_way(demo, monkeypatch)
    partial = demo.store.partial("samples", names(demo.config)["samples"])
    calls = []

    def damaged(settings, inputs, folder, context):
        calls.append(folder)
        if len(calls) == 1:
            raise PartialResultError("resume/half.txt is damaged")
        return real(settings, inputs, folder, context)

    real = demo.second.run
    monkeypatch.setattr(demo.second, "run", damaged)
    capsys.readouterr()
    assert demo.run().manifest["resumed"] is False
    assert "resume/half.txt is damaged: the partial result is set aside" in capsys.readouterr().err
    assert len(list(partial.parent.glob(f"{partial.name}.old-*/{RESUME}/half.txt"))) == 1
    assert demo.second.calls == [False, False]


def test_all_damage_of_a_plan_is_one_sentence_and_force_mends_it(demo, capsys):
    made = demo.run()
    dataset = demo.store.at("dataset", names(demo.config)["dataset"])
    for artifact in (dataset, made):
        (artifact.path / "file.txt").unlink()
    stages = r"force=\[dataset,samples\]"
    with pytest.raises(UserError, match=rf"dataset .* file.txt is not there; samples .*{stages}"):
        demo.run()
    assert ["dataset", "damaged"] in [line.split()[:2] for line in
                                      capsys.readouterr().err.splitlines()]  # fmt: skip
    demo.config.force = ["dataset", "samples"]
    assert demo.run().digest == made.digest


def test_inputs_are_compared_before_a_result_is_made_from_them(demo):
    made = demo.run()
    dataset = demo.store.at("dataset", names(demo.config)["dataset"])
    (dataset.path / "file.txt").write_text("tex_")
    assert demo.run() == made  # nothing is made: the size alone is looked at
    demo.config.samples.shown += 1
    with pytest.raises(UserError, match=r"dataset .* another content.*force=\[dataset\]"):
        demo.run()
    assert demo.calls == (1, 1)


def test_a_result_is_compared_before_it_is_given_out(demo):
    made = demo.run()
    (made.path / "file.txt").write_text("x" * made.manifest["sizes"]["file.txt"])
    with pytest.raises(UserError, match=r"samples .* another content.*force=\[samples\]"):
        demo.run()


def test_verify_compares_all_of_a_plan(demo):
    demo.run()
    (demo.store.at("dataset", names(demo.config)["dataset"]).path / "file.txt").write_text("tex_")
    demo.run()
    demo.config.verify = True
    with pytest.raises(UserError, match=r"dataset .* another content"):
        demo.run()


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


def test_a_remark_does_not_begin_a_half_made_result_anew(demo, monkeypatch):
    fail_half_way(demo, monkeypatch)
    demo.rewrite("second", SECOND + "\n# a comment\n")
    assert demo.run().manifest["resumed"] is True


def test_a_half_made_result_of_other_inputs_is_begun_anew(demo, monkeypatch):
    fail_half_way(demo, monkeypatch)
    name = names(demo.config)["samples"]
    (demo.store.partial("samples", name) / RESUME / "half.txt").write_text("kept")
    monkeypatch.setattr(demo.first, "TEXT", "other")
    demo.config.force = ["dataset"]
    assert (demo.run().path / "file.txt").read_text().startswith("half")
    assert demo.second.calls == [False, False]


def test_what_began_half_made_holds_its_inputs_and_code(demo, monkeypatch):
    monkeypatch.setattr(demo.second, "FAIL", True)
    with pytest.raises(RuntimeError):
        demo.run()
    partial = demo.store.partial("samples", names(demo.config)["samples"])
    begun = json.loads((partial / BEGUN).read_text())
    assert begun["inputs"]["dataset"]["fingerprint"] == names(demo.config)["dataset"]
    assert begun["code"] == code_digest.code_digest("demo.second")
    assert set(begun) == {"inputs", "code", "forced"}


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
