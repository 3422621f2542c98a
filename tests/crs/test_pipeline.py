"""The plan, and how it is carried out: names, found, made, resumed, forced, refused."""

import copy
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from crs import closure, command_line, pipeline
from crs.config import Config
from crs.errors import HalfMadeError, UserError
from crs.pipeline import STAGES, Stage, plan
from crs.store import BEGUN, RESUME, Artifact, Store
from tests.contracts.tiny import pipeline_stages

TINY = "dataset=tiny", "tracker=none"


def asking(configure: Callable[..., Config], model: str, stage: str) -> Config:
    """What a stage is asked of a model with; responses are learned from dialogues alone."""
    dataset = "inspired" if stage == "converse" else "tiny"
    config = configure(f"model={model}", f"dataset={dataset}")
    config.stage.name = stage
    return config


def names(config: Config) -> dict[str, str]:
    """The fingerprint of each stage of a plan."""
    return {step.name: step.fingerprint for step in plan(config)}


def differing(one: Config, two: Config) -> set[str]:
    """The stages whose results have other names under two configurations."""
    before, after = names(one), names(two)
    assert set(before) == set(after)
    return {stage for stage in before if before[stage] != after[stage]}


@pytest.mark.parametrize(
    "override",
    [
        "trainer=cpu",
        "trainer.threads=1",
        "trainer.progress=false",
        "tracker=none",
        "tracker.project=other",
        "tracker.entity=someone",
        "tracker.group=some",
        "store=elsewhere",
        "force=[pretrain]",
        "strict=true",
        "verify=true",
        "dry_run=true",
    ],
)
def test_how_to_run_is_in_no_name(override, configure):
    assert differing(configure("dataset=tiny"), configure("dataset=tiny", override)) == set()


def test_every_setting_of_how_to_run_was_tried(configure):
    config = configure("dataset=tiny")
    assert set(vars(config.trainer)) == {"accelerator", "threads",
                                         "progress"}  # fmt: skip
    assert set(vars(config.tracker)) == {"kind", "project", "entity", "group"}


def test_the_seed_trains_anew_on_the_same_texts_and_cases(configure):
    changed = differing(configure("dataset=tiny"), configure("dataset=tiny", "seed=2"))
    assert changed == {"pretrain", "intents", "train", "direct", "evaluate"}


@pytest.mark.parametrize("key", ["pretrain.seed", "intents.seed", "train.seed"])
def test_a_stages_seed_can_be_set_alone(key, configure):
    config = configure("dataset=tiny", f"{key}=5")
    stage, _, name = key.partition(".")
    assert getattr(getattr(config, stage), name) == 5
    assert config.seed == 1


def test_a_sweep_of_k_leaves_the_encoder_alone(configure):
    changed = differing(configure("dataset=tiny"), configure("dataset=tiny", "intents.k=9"))
    assert changed == {"intents", "train", "evaluate"}


@pytest.mark.parametrize(
    ("override", "changed"),
    [
        ("train.lr=0.5", {"train", "direct", "evaluate"}),
        ("em.dropout=0.9", {"train", "direct", "evaluate"}),
        ("em.hidden=9", {"train", "direct", "evaluate"}),
        ("em.text_hidden=9", {"train", "direct", "evaluate"}),
        ("em.w_n=0.9", {"train", "evaluate"}),
        ("em.w_e=0.9", {"train", "evaluate"}),
        ("intents.restarts=9", {"intents", "train", "evaluate"}),
    ],
)
def test_the_network_without_intents_has_settings_of_its_own(override, changed, configure):
    assert differing(configure("dataset=tiny"), configure("dataset=tiny", override)) == changed


def test_the_network_without_intents_does_not_wait_for_them(configure):
    assert "intents" not in names(configure("dataset=tiny", "stage=direct"))


def test_every_own_stage_of_a_model_has_settings(configure):
    for model, stage in pipeline.MODEL_SETTINGS:
        assert names(asking(configure, model, stage))[stage]


def test_the_protocol_is_in_the_name_of_the_evaluation_alone(configure):
    other = configure("dataset=tiny", "evaluation=latentcrs_as_released")
    assert differing(configure("dataset=tiny"), other) == {"evaluate"}


def test_a_change_of_the_data_renames_everything(configure):
    before, after = configure("dataset=tiny"), configure("dataset=tiny", "dataset.min_user=6")
    assert differing(before, after) == set(names(before))


def test_the_version_of_a_stage_is_in_its_name_and_in_those_behind_it(configure, monkeypatch):
    config = configure("dataset=tiny")
    before = names(config)
    newer = Stage(**vars(STAGES["intents"]) | {"version": STAGES["intents"].version + 1})
    monkeypatch.setitem(pipeline.STAGES, "intents", newer)
    after = names(config)
    changed = {stage for stage in before if before[stage] != after[stage]}
    assert changed == {"intents", "train", "evaluate"}


@pytest.mark.parametrize("model", command_line.groups()["model"])
def test_inputs_are_planned_before_what_needs_them(model, configure):
    done: set[str] = set()
    for step in plan(configure(f"model={model}", "dataset=tiny")):
        assert set(step.inputs) <= done
        done.add(step.name)
    assert step.name == "evaluate"


@pytest.mark.parametrize(("model", "stage"), pipeline_stages())
def test_a_plan_ends_with_what_is_asked_for(model, stage, configure):
    steps = plan(asking(configure, model, stage))
    assert [step.name for step in steps][-1] == stage
    assert len({step.name for step in steps}) == len(steps)


def test_a_plan_holds_nothing_that_is_not_needed(configure):
    assert list(names(configure("model=popularity", "dataset=tiny"))) == ["dataset", "evaluate"]
    assert list(names(configure("dataset=tiny", "stage=intents"))) == [
        "dataset",
        "pretrain",
        "intents",
    ]


@pytest.mark.parametrize("stage", ["train", "direct", "warmup", "alone"])
def test_a_stage_that_a_model_lacks_is_refused(stage, configure):
    with pytest.raises(UserError, match=f"stage={stage}: model=popularity has no such stage; type"):
        plan(asking(configure, "popularity", stage))


def test_responses_are_asked_of_dialogues_alone(configure):
    """Before anything is trained, not in the last of the stages."""
    with pytest.raises(UserError, match=r"dataset=ml100k has requests and no responses.*redial"):
        plan(configure("model=c2crs", "dataset=ml100k", "stage=converse"))


def test_an_unknown_stage_to_force_is_refused_with_those_there_are(configure, tmp_path):
    config = configure(*TINY, "force=[typo]", f"store={tmp_path / 'store'}")
    with pytest.raises(UserError, match="force: no stage 'typo'; stages are dataset, "):
        pipeline.run(config)
    assert not (tmp_path / "store").exists()


def test_a_dry_run_prints_the_plan_and_makes_nothing(configure, tmp_path, capsys):
    config = configure(*TINY, "dry_run=true", f"store={tmp_path / 'store'}")
    assert pipeline.run(config) is None
    assert not (tmp_path / "store").exists()
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split()[:3] for line in err.splitlines()[1:-1]] == [
        [name, "to", "make"] for name in names(config)
    ]


def test_the_reader_of_a_dataset_is_part_of_its_code(configure):
    config = configure("dataset=ml1m", "stage=dataset")
    assert "crs.data.readers.movielens" in pipeline.code_modules(plan(config)[0], config)


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
        found = pipeline.run(self.config, command)
        assert found is not None
        return found

    def rewrite(self, module: str, text: str) -> None:
        (self.folder / f"{module}.py").write_text(text)
        closure.code_of.cache_clear()

    @property
    def calls(self) -> tuple[int, int]:
        return len(self.first.calls), len(self.second.calls)


@pytest.fixture
def demo(configure: Callable[..., Config], tmp_path, monkeypatch) -> Iterator[Demo]:
    cached = closure.source_of, closure.imports_of, closure.code_of
    folder = tmp_path / "demo"
    folder.mkdir()
    for name, text in {"__init__": "", "first": FIRST, "second": SECOND}.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(closure, "PACKAGES", (*closure.PACKAGES, "demo"))
    stages = {
        "dataset": Stage("demo.first", 1, lambda x: x.dataset, lambda x: [], "first"),
        "samples": Stage("demo.second", 1, lambda x: x.samples, lambda x: ["dataset"], "second"),
    }
    monkeypatch.setattr(pipeline, "STAGES", stages)
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
    assert manifest["code"] == closure.code_digest("demo.second")
    assert manifest["resumed"] is False
    assert {"code", "git", "threads", "seconds", "peak_memory_mb", "cost_usd"} <= set(manifest)


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
    """A run whose second stage breaks off and leaves a half-made result."""
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
    assert lines(capsys)[-2:] == [["samples", "anew"], ["samples", "made"]]
    assert made.manifest["code"] == closure.code_digest("demo.second")


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
            raise HalfMadeError("resume/half.txt is damaged")
        return real(settings, inputs, folder, context)

    real = demo.second.run
    monkeypatch.setattr(demo.second, "run", damaged)
    capsys.readouterr()
    assert demo.run().manifest["resumed"] is False
    assert "resume/half.txt is damaged: what was half made is set aside" in capsys.readouterr().err
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
        pipeline.run(other)
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
    assert begun["code"] == closure.code_digest("demo.second")
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
    monkeypatch.setitem(pipeline.STAGES, "simulate", pipeline.STAGES["samples"])
    demo.config.model.requires = ["attributes"]
    demo.config.stage.name = "simulate"
    with pytest.raises(UserError, match=r"needs item attributes and dataset=tiny has none.*ml1m"):
        demo.run()
    assert demo.calls == (1, 0)


def test_a_plan_in_which_no_one_speaks_needs_no_view(demo, monkeypatch):
    monkeypatch.setattr(demo.first, "SUMMARY", {"attributes": 0})
    demo.config.model.requires = ["attributes"]
    demo.run()
    assert demo.calls == (1, 1)


def test_datasets_that_are_said_to_have_a_view_exist():
    known = command_line.groups()["dataset"]
    assert {words.split()[0] for had in pipeline.WITH.values() for words in had} <= set(known)


def test_dialogues_of_the_dataset_need_no_simulated_texts(configure):
    """On released dialogues the turns are the cases; a model that reads words has none there."""
    own = "dataset=lastfm", "dataset.source=precrs"
    scpr = "dataset=lastfm", "dataset.source=scpr"
    for model in ("mip_sad", "attribute_filter"):
        for overrides, texts in ((own, set()), (scpr, {"samples", "simulate"})):
            config = configure(f"model={model}", *overrides)
            needs = pipeline.needs_of_evaluation(config)
            assert set(needs) & {"samples", "simulate"} == texts
    for model in ("latentcrs", "c2crs"):
        with pytest.raises(UserError, match=r"reads what was said.*dataset\.source=scpr"):
            plan(configure(f"model={model}", *own))


def test_a_checkpoint_stands_for_training_and_what_training_needs(configure, tmp_path):
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"weights")
    steps = {s.name: s for s in plan(configure("model=mip_sad", *TINY, f"checkpoint={file}"))}
    assert not {"warmup", "alone"} & set(steps) and set(steps["train"].inputs) == {"dataset"}
    trained = names(configure("model=mip_sad", *TINY))
    assert steps["train"].fingerprint != trained["train"]


def test_each_tower_alone_is_shared_by_the_whole_ablation(configure):
    parts = "whole no_pretraining no_mip no_sad random_negatives".split()
    plans = [names(configure(*TINY, f"experiment=mip_sad_ablation_{part}")) for part in parts]
    assert len({found["alone"] for found in plans}) == 1
    assert len({found["train"] for found in plans}) == len(parts)
    assert "warmup" not in plans[1] and "pretrain" in plans[1]


def test_the_generator_is_the_artifact_of_sasrec(configure):
    for dataset in ("tiny", "ml100k", "ml1m"):
        one, two = (names(configure(f"model={m}", f"dataset={dataset}")) for m in
                    ("mip_sad", "sasrec"))  # fmt: skip
        assert one["pretrain"] == two["pretrain"]


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
