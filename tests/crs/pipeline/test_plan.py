"""The plan: which stages there are, and the names of their results."""

from dataclasses import replace

import pytest

from crs import command_line
from crs.config import Config
from crs.errors import UserError
from crs.models import recipes
from crs.pipeline.plan import ancestors, plan
from crs.pipeline.registry import datasets_with
from crs.stages import declared_stages
from crs.stages.evaluation import what_scorers_read
from tests.contracts.tiny import pipeline_stages

TINY = "dataset=tiny", "tracker=none"


def names(config: Config) -> dict[str, str]:
    """The fingerprint of each stage of a plan."""
    return {step.name: step.fingerprint for step in plan(config)}


def data_for(stage: str) -> list[str]:
    """Responses are learned from dialogues alone; other texts and folds are made where asked."""
    asked = ["controls=words"] * ("controls" in stage) + ["em.folds=2"] * (stage == "cross_fit")
    return ["dataset=inspired" if stage == "converse" else "dataset=tiny", *asked]


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
        "tracker.system_metrics=false",
        "tracker.upload=all",
        "trainer.devices=2",
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
    assert set(vars(config.trainer)) == {"accelerator", "devices", "nodes", "threads",
                                         "progress"}  # fmt: skip
    assert set(vars(config.tracker)) == {
        "kind", "project", "entity", "group", "system_metrics", "upload",
    }  # fmt: skip


def test_the_seed_trains_anew_on_the_same_texts_and_cases(configure):
    changed = differing(configure("dataset=tiny"), configure("dataset=tiny", "seed=2"))
    assert changed == {"pretrain", "intents", "fusion", "train", "direct", "evaluate"}


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
        ("train.lr=0.5", {"direct", "intents", "train", "evaluate"}),
        ("em.dropout=0.9", {"direct", "intents", "train", "evaluate"}),
        ("em.hidden=9", {"direct", "intents", "train", "evaluate"}),
        ("em.text_hidden=9", {"direct", "intents", "train", "evaluate"}),
        ("em.w_e=0.9", {"train", "evaluate"}),
        ("intents.restarts=9", {"intents", "train", "evaluate"}),
    ],
)
def test_the_network_without_intents_has_settings_of_its_own(override, changed, configure):
    assert differing(configure("dataset=tiny"), configure("dataset=tiny", override)) == changed


def test_the_network_without_intents_does_not_wait_for_them(configure):
    assert "intents" not in names(configure("dataset=tiny", "stage=direct"))


def test_every_own_stage_of_a_model_has_settings(configure):
    own = [(model.name, stage.name) for model in recipes().values() for stage in model.stages]
    for model, stage in own:
        assert names(configure(f"model={model}", *data_for(stage), f"stage={stage}"))[stage]


def test_the_protocol_is_in_the_name_of_the_evaluation_alone(configure):
    other = configure("dataset=tiny", "evaluation=latentcrs_as_released")
    assert differing(configure("dataset=tiny"), other) == {"evaluate"}


def test_a_change_of_the_data_renames_everything(configure):
    before, after = configure("dataset=tiny"), configure("dataset=tiny", "dataset.min_user=6")
    assert differing(before, after) == set(names(before))


def test_the_version_of_a_stage_is_in_its_name_and_in_those_behind_it(configure, monkeypatch):
    config = configure("dataset=tiny")
    before = names(config)
    newer = replace(declared_stages()["intents"], version=declared_stages()["intents"].version + 1)
    monkeypatch.setitem(declared_stages(), "intents", newer)
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
    steps = plan(configure(f"model={model}", *data_for(stage), f"stage={stage}"))
    assert [step.name for step in steps][-1] == stage
    assert len({step.name for step in steps}) == len(steps)


def test_a_plan_holds_nothing_that_is_not_needed(configure):
    assert list(names(configure("model=popularity", "dataset=tiny"))) == ["dataset", "evaluate"]
    assert list(names(configure("model=iclrec", "dataset=tiny", "stage=intents"))) == [
        "dataset",
        "pretrain",
        "intents",
    ]


@pytest.mark.parametrize("stage", ["train", "direct", "warmup", "alone"])
def test_a_stage_that_a_model_lacks_is_refused(stage, configure):
    with pytest.raises(UserError, match=f"stage={stage}: model=popularity has no such stage; type"):
        plan(configure("model=popularity", "dataset=tiny", f"stage={stage}"))


def test_responses_are_asked_of_dialogues_alone(configure):
    """Before anything is trained, not in the last of the stages."""
    with pytest.raises(UserError, match=r"dataset=ml100k has requests and no responses.*redial"):
        plan(configure("model=c2crs", "dataset=ml100k", "stage=converse"))


def test_datasets_that_are_said_to_have_a_view_exist():
    known = command_line.groups()["dataset"]
    assert {
        words.split()[0] for view in ("attributes", "responses") for words in datasets_with(view)
    } <= set(known)


def test_dialogues_of_the_dataset_need_no_simulated_texts(configure):
    """On released dialogues the turns are the cases; a model that reads words has none there."""
    own = "dataset=lastfm", "dataset.source=precrs"
    scpr = "dataset=lastfm", "dataset.source=scpr"
    for model in ("mip_sad", "attribute_filter"):
        for overrides, texts in ((own, set()), (scpr, {"samples", "simulate"})):
            config = configure(f"model={model}", *overrides)
            needs = what_scorers_read(config)
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


def test_the_ancestors_of_a_step_are_all_that_is_planned_before_it(configure):
    *before, step = plan(configure("model=sasrec", "dataset=tiny"))
    assert set(ancestors(step)) == {one.name for one in before}


def test_the_models_to_type_for_dialogues_are_those_whose_recipes_fit(configure, monkeypatch):
    monkeypatch.setitem(recipes(), "another", replace(recipes()["popularity"], name="another"))
    told = "type model=c2crs or model=popularity or model=another"
    with pytest.raises(UserError, match=f"model=sasrec .* dataset=inspired has dialogues; {told}$"):
        plan(configure("model=sasrec", "dataset=inspired"))
    with pytest.raises(UserError, match=r"stage=multi_turn .* dialogues; type stage=evaluate$"):
        plan(configure("model=popularity", "dataset=inspired", "stage=multi_turn"))
    for model in ("c2crs", "popularity"):
        assert plan(configure(f"model={model}", "dataset=inspired"))


def test_the_models_to_type_for_released_turns_read_attribute_dialogues(configure):
    released = "dataset=lastfm", "dataset.source=precrs"
    with pytest.raises(UserError, match=r"model=latentcrs .*=scpr, or model=mip_sad$"):
        plan(configure("model=latentcrs", *released))
    assert plan(configure("model=mip_sad", *released))


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["model=sasrec", "dataset=ml100k"], "model=sasrec on dataset=ml100k hears none"),
        (["model=c2crs", "dataset=redial"], "model=c2crs on dataset=redial hears none"),
        (["model=c2crs", "dataset=ml100k"], "model=c2crs reads contexts"),
        (["model=latentcrs", "dataset=ml100k", "simulator=llm"], "this is simulator=llm"),
        (["model=latentcrs", "dataset=cds"], r"dataset=cds has no table.*dataset\.phrases=FILE"),
    ],
)
def test_other_texts_are_refused_where_there_are_none(configure, overrides, sentence):
    with pytest.raises(UserError, match=sentence):
        plan(configure(*overrides, "controls=words"))


@pytest.mark.parametrize("stage", ["controls", "embed_controls"])
def test_the_stages_of_other_texts_are_refused_where_none_can_be_made(stage, configure):
    with pytest.raises(UserError, match=f"stage={stage} makes other texts.*type controls=words$"):
        plan(configure(*TINY, f"stage={stage}"))
    with pytest.raises(UserError, match="dataset=cds has no table of held-out phrases"):
        plan(configure("dataset=cds", "controls=words", f"stage={stage}"))


def test_other_texts_are_read_by_evaluate_alone_and_train_nothing_again(configure):
    plain = {s.name: s for s in plan(configure("model=latentcrs", *TINY))}
    more = {s.name: s for s in plan(configure("model=latentcrs", *TINY, "controls=words"))}
    assert set(more) - set(plain) == {"controls", "embed_controls"}
    changed = {name for name in plain if plain[name].fingerprint != more[name].fingerprint}
    assert changed == {"evaluate"}
    silent = {s.name for s in plan(configure("model=attribute_filter", *TINY, "controls=words"))}
    assert "controls" in silent and "embed_controls" not in silent
