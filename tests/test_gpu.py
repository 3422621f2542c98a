"""Every stage and k-means on a GPU, by `make test-gpu`; skipped where torch sees none."""

import faiss
import numpy as np
import pytest
import torch

from crs.command_line import CONF
from crs.config import stage_names
from crs.evaluation.results import PARQUET
from crs.pipeline.run import run as pipeline_run
from pre_rec_model import kmeans
from tests.contracts import dialogues

MODELS = sorted(file.stem for file in (CONF / "model").glob("*.yaml"))
FAISS_SEES_ONE = hasattr(faiss, "StandardGpuResources") and faiss.get_num_gpus() > 0

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU on this machine"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("gpu") / "store"


@pytest.fixture
def run(configure, store):
    """A command with `dataset=tiny debug=fast` on the GPU, to its table."""

    def run(*words: str):
        found = pipeline_run(configure(
            "dataset=tiny", "debug=fast", "tracker=none", "trainer.accelerator=gpu",
            f"pretrain.gpu={str(FAISS_SEES_ONE).lower()}", f"store={store}", *words,
        ))  # fmt: skip
        return found.load(PARQUET)

    return run


@pytest.mark.parametrize("stage", ["evaluate", "multi_turn"])
@pytest.mark.parametrize("model", MODELS)
def test_a_model_runs_to_its_table(run, model, stage):
    table = run(f"model={model}", f"stage={stage}")
    assert set(table["model"]) == {model}
    assert np.isfinite(table["value"]).all()


def test_c2crs_responds(run, tmp_path):
    dialogues.tgredial(tmp_path / "files")
    words = ["dataset=tgredial", f"dataset.path={tmp_path / 'files'}", "graph.min_count=0"]
    table = run("model=c2crs", "stage=converse", *words)
    assert {"dialogues", "responses"} == set(table["protocol"])


def test_every_stage_was_run(store):
    """Stands behind the runs above, which fill the store."""
    assert {folder.name for folder in store.iterdir()} >= set(stage_names())


@pytest.mark.skipif(not FAISS_SEES_ONE, reason="faiss sees no GPU: install the extra `gpu`")
@pytest.mark.parametrize("spherical", [True, False])
def test_kmeans_finds_the_clusters_that_the_processor_finds(spherical):
    noise = np.random.default_rng(0).normal(0, 0.1, (120, 8))
    points = (np.repeat(5 * np.eye(4, 8), 30, axis=0) + noise).astype(np.float32)
    options = {
        "seed": 3, "spherical": spherical, "restarts": 5, "iterations": 20, "key": "intents.k",
    }  # fmt: skip
    one, two = (kmeans.fit(points, 4, **options, gpu=gpu) for gpu in (False, True))
    assert one.used == two.used == 4
    assert len(set(zip(one.assignment, two.assignment, strict=True))) == 4
    assert two.objective == pytest.approx(one.objective, rel=1e-3)
