"""What is in a result's name, and what is not."""

import copy
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from crs.errors import UserError
from crs.models.mip_sad.recipe import MIPSADWarmupSettings
from crs.pipeline.registry import stages_of
from crs.settings.base import Settings
from crs.settings.fields import marks_of
from crs.settings.files import prompt_file, sha256_of
from crs.stages.dataset import Counts, Dataset, Source
from crs.stages.embed import Embedder
from crs.stages.multi_turn import MultiTurnSettings
from crs.stages.simulate import AGENDA, Simulate, Simulator
from crs.store.artifact import fingerprint
from tests.contracts.tiny import pipeline_stages

CASES = [
    (model, stage, "em.folds=2" if stage == "cross_fit" else "")
    for model, stage in pipeline_stages()
] + [
    ("latentcrs", "simulate", "simulator=llm"),
    ("latentcrs", "simulate", "simulator=agenda"),
    ("latentcrs", "simulate", f"simulator=processed simulator.path={__file__}"),
    ("latentcrs", "samples", f"simulator=processed simulator.path={__file__}"),
    ("latentcrs", "embed", "embedder=hashed"),
    ("latentcrs", "embed", "embedder=llama_eol"),
    ("latentcrs", "multi_turn", "simulator=llm llm=openai multi_turn.understanding=llm"),
]
"""A model, a stage it has, and the choice that makes other settings of it act."""


def idle(node: Any, path: tuple[str, ...]) -> bool:
    """Whether a setting does not act where it stands, and so is in no name."""
    key, *rest = path
    if isinstance(node, Dataset) and not node.conversations:
        return key == "roles"
    if isinstance(node, Simulator):
        spoken = ("noise", "seed") if node.kind == "llm" else ("prompt", "reveal_title")
        agenda = ("noise",) if node.kind == "agenda" else AGENDA
        return key in (*spoken, *agenda) or (key == "path" and node.kind != "processed")
    if isinstance(node, Embedder):
        own = ("model", "revision", "pip", "prompts")
        return key in (
            own if node.kind in ("minilm", "hashed") else ("path", "hub", "dim", "sha256")
        )
    if isinstance(node, Simulate) and key == "llm" and node.simulator.kind != "llm":
        return True
    if isinstance(node, MIPSADWarmupSettings):
        return path == ("towers", "reads")
    if isinstance(node, MultiTurnSettings) and key == "multi_turn":
        rules = node.simulate.simulator.kind == "rules"
        return {"prompt": node.reader is None, "user_prompt": rules}.get(rest[0], False)
    return bool(rest) and idle(getattr(node, key), tuple(rest))


def name(settings: Settings) -> str:
    return fingerprint("stage", 1, settings.identity(), {})


def leaves(node: Any, *path: str, how: bool = False) -> Iterator[tuple[str, ...]]:
    """The path of each setting that is not a group of others; of those that say how a result is
    got if `how`, else of the others."""
    for f in fields(node):
        value = getattr(node, f.name)
        if marks_of(f).unfingerprinted != how and not (how and is_dataclass(value)):
            continue
        if is_dataclass(value):
            yield from leaves(value, *path, f.name, how=how)
        else:
            yield (*path, f.name)


def changed(settings: Settings, path: tuple[str, ...], file: Path) -> Settings:
    """The same settings with another value at `path`; where a file is named, `file`."""
    settings = node = copy.deepcopy(settings)
    for part in path[:-1]:
        node = getattr(node, part)
    value = getattr(node, path[-1])
    about = next(f for f in fields(node) if f.name == path[-1])
    if marks_of(about).path or about.name in ("prompt", "user_prompt", "synonyms", "phrases"):
        other: Any = str(file)
    elif about.name == "mirror":
        other = Source("crs.data.readers.movielens:freebase_100k", pip="wheel==1.0")
    elif isinstance(value, bool):
        other = not value
    elif isinstance(value, (int, float)):
        other = value + 1
    elif isinstance(value, list):
        other = [*value, *value[:1]] if value else ["more"]
    else:
        other = f"{value} and more"
    setattr(node, path[-1], other)
    return settings


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    return path


def settings_of(configure, model: str, stage: str, choice: str) -> Settings:
    config = configure(f"model={model}", "dataset=tiny", "samples.valid=9", *choice.split())
    return stages_of(config)[stage].settings(config)


@pytest.mark.parametrize(("model", "stage", "choice"), CASES)
def test_each_setting_of_a_stage_is_in_its_results_name(model, stage, choice, configure, file):
    settings = settings_of(configure, model, stage, choice)
    paths = [*leaves(settings)]
    assert paths
    unseen = {p for p in paths if name(changed(settings, p, file)) == name(settings)}
    assert unseen == {path for path in paths if idle(settings, path)}


def test_who_talks_is_in_the_name_of_the_dialogues(configure):
    def talking(*words):
        config = configure("model=popularity", "dataset=tiny", *words)
        stage = stages_of(config)["multi_turn"]
        settings = stage.settings(config)
        return name(settings), settings.other_user, stage.calls_llm(config)

    rules, agenda = talking(), talking("multi_turn.user=agenda")
    assert talking("multi_turn.user=rules") == rules == (rules[0], False, False)
    assert agenda[0] != rules[0] and agenda[1:] == (True, False)
    assert talking("simulator=agenda") == (agenda[0], False, False)  # other training texts
    assert talking("simulator=llm", "llm=openai", "multi_turn.user=rules")[1:] == (True, False)
    assert talking("multi_turn.user=llm", "llm=openai")[1:] == (True, True)
    patient = talking("multi_turn.user=agenda", "simulator.patience=9")
    assert patient[0] not in (agenda[0], rules[0])


def test_how_a_model_is_asked_is_in_no_name(configure, file):
    settings = settings_of(configure, "latentcrs", "simulate", "simulator=llm llm=openai")
    how = [path for path in leaves(settings, how=True) if path[:2] != ("llm", "prices")]
    assert {("llm", "ledger"), ("llm", "budget_usd"), ("llm", "workers")} < set(how)
    assert [p for p in how if name(changed(settings, p, file)) != name(settings)] == []


def test_a_prompt_counts_by_its_text(configure, file):
    settings = settings_of(configure, "latentcrs", "simulate", "simulator=llm")
    own = prompt_file("first_turn_v1", "simulator.prompt")
    copy_of = copy.deepcopy(settings)
    copy_of.simulator.prompt = str(own)
    assert name(copy_of) == name(settings)
    with pytest.raises(UserError, match=r"prompt=nothing: no such prompt.*first_turn_v1"):
        prompt_file("nothing", "simulator.prompt")


def test_a_local_model_counts_by_its_files(configure, tmp_path):
    def with_model(folder: Path) -> str:
        settings = configure("dataset=tiny", "simulator=llm", "llm=local").llm
        settings.model = str(folder)
        return name(settings)

    for folder, weights in (("one", b"w"), ("twin", b"w"), ("other", b"v")):
        (tmp_path / folder / "deep").mkdir(parents=True)
        (tmp_path / folder / "deep" / "model.safetensors").write_bytes(weights)
    one, twin, other = (with_model(tmp_path / f) for f in ("one", "twin", "other"))
    assert one == twin != other


@pytest.mark.parametrize(("model", "stage", "choice"), CASES)
def test_a_name_is_the_same_each_time(model, stage, choice, configure):
    settings = settings_of(configure, model, stage, choice)
    assert name(settings) == name(copy.deepcopy(settings))


def test_a_path_counts_by_what_the_file_holds(configure, file, tmp_path):
    def with_checkpoint(path: Path) -> str:
        settings = configure("dataset=tiny").pretrain
        settings.checkpoint = str(path)
        return name(settings)

    twin, other = tmp_path / "twin", tmp_path / "other"
    twin.write_bytes(file.read_bytes())
    other.write_bytes(b"other content")
    assert with_checkpoint(file) == with_checkpoint(twin) != with_checkpoint(other)


def test_a_path_to_nothing_names_the_setting_and_the_path(configure, tmp_path):
    settings = configure("dataset=tiny").pretrain
    settings.checkpoint = str(tmp_path / "nothing")
    with pytest.raises(UserError, match=r"pretrain\.checkpoint: .*nothing"):
        settings.identity()


@pytest.fixture
def public(configure, file) -> Dataset:
    """A downloaded dataset whose public archive has the content of `file`."""
    dataset = configure("dataset=ml1m").dataset
    dataset.sha256 = sha256_of(file, "file")
    return dataset


def test_a_local_copy_of_the_public_archive_names_the_same_result(public, file):
    local = copy.deepcopy(public)
    local.archive = str(file)
    assert name(local) == name(public)


def test_another_local_archive_names_another_result(public, tmp_path):
    local, other = copy.deepcopy(public), tmp_path / "other"
    other.write_bytes(b"other content")
    local.archive = str(other)
    assert name(local) != name(public)


def test_the_public_hash_does_not_matter_where_a_local_archive_is_given(public, file):
    local = copy.deepcopy(public)
    local.archive, local.sha256 = str(file), None
    assert name(local) == name(public)


def test_another_public_hash_names_another_result(public):
    other = copy.deepcopy(public)
    other.sha256 = "0" * 64
    assert name(other) != name(public)


def test_mirrors_and_published_counts_are_in_no_name(public):
    other = copy.deepcopy(public)
    other.sources = [Source("crs.data.readers.movielens:read_1m", url="https://example.org/mirror")]
    other.expect = Counts(1, 2, 3)
    assert name(other) == name(public)


@pytest.mark.parametrize("key", ["path", "items"])
def test_a_users_own_table_counts_by_content(key, configure, file, tmp_path):
    def with_table(path: Path) -> str:
        dataset = configure("dataset=custom", f"dataset.path={file}").dataset
        setattr(dataset, key, str(path))
        return name(dataset)

    twin, other = tmp_path / "twin", tmp_path / "other"
    twin.write_bytes(file.read_bytes())
    other.write_bytes(b"other content")
    assert with_table(file) == with_table(twin) != with_table(other)
