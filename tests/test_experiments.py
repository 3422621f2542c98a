"""Every committed experiment and every model runs to its table on the generated data."""

from pathlib import Path

import pandas as pd
import pytest
from hydra import compose, initialize_config_dir

from crs.command_line import CONF, register, to_config
from crs.errors import UserError
from crs.evaluation.results import COLUMNS, PARQUET
from crs.models import recipes
from crs.pipeline import run as command
from crs.serving import load
from crs.stages import declared_stages
from crs.store.artifact import Artifact

EXPERIMENTS = sorted(file.stem for file in (CONF / "experiment").glob("*.yaml"))
SMALL = ["c2crs.dim=16", "c2crs.bases=2", "c2crs.word_dim=16", "c2crs.hidden=32"]
SMALL += ["contexts.length=32", "c2crs.coarse_epochs=2", "c2crs.fine_epochs=2"]
OURS = {
    "attribute_filter", "c2crs", "iclrec", "latentcrs", "mip_sad", "popularity", "sasrec",
    "text_match",
}  # fmt: skip
MODELS = sorted(file.stem for file in (CONF / "model").glob("*.yaml"))


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("store")


def run(store: Path, *overrides: str) -> Artifact:
    register()
    fixed = ["dataset=tiny", "embedder=hashed", "tracker=none", "debug=fast", "trainer=cpu"]
    fixed += ["intents.k=24"]  # an experiment may ask for more intents than there are users
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = to_config(
            compose("train", overrides=[*fixed, "trainer.threads=1", f"store={store}", *overrides])
        )
    artifact = command.run(config)
    assert artifact is not None
    return artifact


def table(store: Path, *overrides: str) -> pd.DataFrame:
    return run(store, *overrides).load(PARQUET)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_experiment_ends_with_a_table(store, name):
    # The sizes of tiny, as debug=fast has its epochs; released ones run in test_conversations.py.
    small = SMALL if name.startswith("c2crs") else []
    frame = table(store, f"experiment={name}", *small)
    assert list(frame.columns) == COLUMNS
    assert frame[frame["metric"] != "novelty"]["value"].between(0, 1).all()  # that is in bits


def test_the_released_objective_has_no_mixture(store):
    released = set(table(store, "experiment=latentcrs_tiny_as_released")["scorer"])
    ours = set(table(store, "experiment=latentcrs_encoder")["scorer"])
    assert ours - released == {"latentcrs mixture"}
    assert released <= ours and "latentcrs linear" in released


def test_mip_sad_over_items_with_words_ends_with_a_table(store):
    assert "mip sad" in set(table(store, "model=mip_sad", "towers.words=true")["scorer"])


@pytest.mark.parametrize("name", MODELS)
def test_model_ends_with_a_table(store, name):
    frame = table(store, f"model={name}")
    assert set(frame["model"]) == {name}
    bounded = frame[frame["metric"] != "coverage"]  # of all lists together: no interval
    assert (bounded["low"] <= bounded["value"] + 1e-12).all()
    assert (bounded["value"] <= bounded["high"] + 1e-12).all()


@pytest.mark.parametrize("name", MODELS)
def test_model_talks_to_the_simulated_user(store, name):
    frame = table(store, f"model={name}", "stage=multi_turn")
    assert list(frame.columns) == COLUMNS
    success = frame[frame["metric"] == "success"]
    assert set(success["slice"]) == {"all", *(f"turn={turn}" for turn in range(1, 6))}
    assert success["value"].between(0, 1).all()
    assert {"popularity", "popularity + requirements"} <= set(frame["scorer"])


def test_the_same_model_hears_its_test_cases_in_other_words(store):
    plain = table(store, "model=latentcrs")
    frame = table(store, "model=latentcrs", "controls=words")
    same = [c for c in COLUMNS if c != "fingerprint"]
    kept = frame[frame["slice"].isin(set(plain["slice"]))].reset_index(drop=True)
    assert kept[same].equals(plain[same])
    assert {"held-out wording", "held-out wording, a refusal", "noise=0.5"} <= set(frame["slice"])


def test_entities_have_words(store):
    frame = table(store, "model=c2crs", "c2crs.words=true")
    assert set(frame["model"]) == {"c2crs"}


def test_the_released_preset_talks_in_the_released_loop(store):
    frame = table(store, "experiment=latentcrs_tiny_as_released", "stage=multi_turn")
    assert set(frame["protocol"]) == {"multi_turn_as_released"}
    assert "latentcrs linear + re-ranking" in set(frame["scorer"])


@pytest.mark.parametrize("name", MODELS)
def test_model_is_loaded_and_recommends(store, name):
    found = run(store, f"model={name}")
    system = load(found.fingerprint, store)
    assert system.scorer in recipes()[name].own_scorers
    for text in ("", "a comedy from the 1990s"):
        try:
            items = system.recommend(["i0002", "i0007"], text)["item"]
        except UserError as refused:  # a model of docs/add_a_model.md may know its users alone
            assert name not in OURS and "looks up the users of its data set" in str(refused)
            return
        assert items.nunique() == 5 and not {3, 8} & set(items)


def test_all_models_are_asked_about_the_same_cases(store):
    asked = set()
    for name in MODELS:
        frame = run(store, f"model={name}").load("ranks.parquet")
        frame = frame.query("split == 'test' and slice == 'all' and protocol == 'full'")
        first = frame[frame["scorer"] == frame["scorer"].iloc[0]]
        asked.add(tuple(map(tuple, first[["user", "cut", "target"]].to_numpy())))
    assert len(asked) == 1


def test_each_result_has_the_files_that_its_page_names(store):
    """Stands behind the runs above, which fill the store."""
    stages = [
        *declared_stages().values(),
        *(stage for m in recipes().values() for stage in m.stages),
    ]
    results = [Artifact(file.parent) for file in store.glob("*/*/manifest.json")]
    assert {result.path.parent.name for result in results} >= set(declared_stages())
    for result in results:
        files = set(result.manifest["files"])
        named = [set(s.writes) for s in stages if s.name == result.path.parent.name]
        assert any(writes <= files for writes in named), result.path
