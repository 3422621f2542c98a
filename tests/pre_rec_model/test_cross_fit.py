import numpy as np
import pytest
import torch

from crs.data.cases import cases_of
from crs.errors import UserError
from crs.nn.sequential import encode, load_encoder
from crs.pipeline.plan import plan
from crs.pipeline.run import run
from crs.report.lineage import ancestors
from pre_rec_model.cross_fit import folds_of, rotation

WORDS = ("model=latentcrs", "dataset=tiny", "embedder=hashed", "em.folds=2", "tracker=none",
         "pretrain.epochs=2", "trainer.threads=1")  # fmt: skip


def test_each_user_is_in_one_fold_and_folds_are_of_equal_size():
    fold = folds_of(10, 3, seed=1)
    assert fold[0] == -1
    assert sorted(torch.bincount(fold[1:]).tolist()) == [3, 3, 4]
    assert folds_of(10, 3, seed=1).equal(fold) and not folds_of(10, 3, seed=2).equal(fold)


def test_the_rotation_turns_items_back_and_changes_no_score():
    torch.manual_seed(0)
    items, states = torch.randn(20, 4, dtype=torch.double), torch.randn(3, 4, dtype=torch.double)
    turned = torch.linalg.qr(torch.randn(4, 4, dtype=torch.double))[0]
    found = rotation(items @ turned, items)
    torch.testing.assert_close(items @ turned @ found, items)
    torch.testing.assert_close(states @ turned @ found @ items.T, states @ items.T)


@pytest.fixture(scope="module")
def crossed(configure, tmp_path_factory):
    """A result of `cross_fit` and its inputs."""
    places = (f"store={tmp_path_factory.mktemp('crossed') / 'store'}",)
    result = run(configure(*WORDS, *places, "stage=cross_fit"))
    return result, ancestors(result)


def test_no_state_is_by_the_encoder_that_saw_its_user(crossed):
    result, inputs = crossed
    cases = cases_of(inputs, "train")
    states = result.load("states.npy")
    assert states.shape[0] == len(cases) and np.isfinite(states).all()
    seen = encode(load_encoder(inputs["pretrain"]), cases).numpy()
    assert not (states == seen).all(axis=1).any()
    assert 0 < result.summary["fold_0_distance"] < 2


def test_training_reads_the_states_and_one_fold_keeps_every_name(configure):
    def steps(*words):
        return {s.name: s for s in plan(configure(*WORDS, *words))}

    crossed, usual = steps(), steps("em.folds=0")
    assert "cross_fit" in crossed["direct"].inputs and "cross_fit" in crossed["train"].inputs
    assert "cross_fit" not in usual
    assert usual["direct"].fingerprint != crossed["direct"].fingerprint


@pytest.mark.parametrize(("words", "says"), [
    (["em.folds=1"], "one fold leaves no users to train on"),
    (["em.items=encoder"], "em.folds=2: it takes em.items=words"),
])  # fmt: skip
def test_folds_that_mean_nothing_are_refused(configure, words, says):
    with pytest.raises(UserError, match=says):
        plan(configure(*WORDS, *words))


def test_an_encoder_from_elsewhere_has_seen_every_user(configure, tmp_path):
    (tmp_path / "encoder.pt").write_bytes(b"")
    with pytest.raises(UserError, match="has seen every user"):
        plan(configure(*WORDS, f"pretrain.checkpoint={tmp_path / 'encoder.pt'}"))
