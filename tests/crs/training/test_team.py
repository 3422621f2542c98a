"""Training on two processes: that of one, for every model, and what happens when one ends.

Nothing is drawn in a step here: a rank draws other numbers than one process for the whole batch.
"""

import json
import os
import signal
from dataclasses import replace

import pytest
import torch
from torch import nn

from crs.errors import NotFiniteError, UserError
from crs.models.c2crs.training import Recommend
from crs.models.latentcrs.recipe import EM
from crs.models.latentcrs.training import PHASES, DirectTraining, EMTraining
from crs.models.latentcrs.words_training import BehaviourTraining, Heard, IntentsTraining
from crs.models.mip_sad.training import Slots, Tune, WarmUp
from crs.nn.packed import Packed
from crs.threads import available
from crs.training import devices
from crs.training.loop import TrainingTask, fit
from pre_rec_model.iclrec import ICLRec
from tests.contracts.tiny import context
from tests.crs.models.c2crs import test_converse as conversing
from tests.crs.models.c2crs import test_training as contrasting
from tests.crs.models.c2crs.conftest import small, source, stages
from tests.crs.models.latentcrs import test_training as intents
from tests.crs.models.latentcrs import test_words as words
from tests.crs.models.mip_sad import test_training as dialogues
from tests.crs.models.mip_sad.conftest import made as network
from tests.crs.training.test_loop import SETTINGS, Toy, same_weights
from tests.pre_rec_model import test_iclrec

pytestmark = pytest.mark.skipif(available() < 2, reason="two processors are needed")

TOLERANCE = 1e-5
OPTIONS = EM(
    posterior="exact", candidates=0, w_e=1.0, w_r=1.0, w_n=0.0, dropout=0.0, text_hidden=8,
    hidden=8,
)  # fmt: skip


def on(number):
    """A run on some devices."""
    run = context()
    run.trainer = replace(run.trainer, devices=number)
    return run


@pytest.fixture(scope="module")
def two():
    """A run on two devices, whose second process serves all tests of this file."""
    run = on(2)
    yield run
    run.close()


def curves(make, run, folder, **settings):
    """Figures of each epoch of a fresh module, and the module with its last weights."""
    module = make()
    module.keep = "last"
    # The last batch has one case: one rank has none.
    size = next(size for size in range(4, 99) if module.cases() % size == 1)
    own = {"batch_size": size, "epochs": 3, "lr": 0.01, **settings}
    fit(module, "train", replace(SETTINGS, **own), folder, run)
    return json.loads((folder / "train.json").read_text()), module


def check(make, two, folder, **settings):
    """Figures of each epoch on two devices are those on one, and the weights move."""
    (one, first), (both, _) = (
        curves(make, run, folder / name, **settings) for name, run in (("1", on(1)), ("2", two))
    )
    assert [row.keys() for row in one] == [row.keys() for row in both] and len(one) == 3
    assert not same_weights(first, make())
    same_figures(one, both)


def same_figures(one, other):
    for before, after in zip(one, other, strict=True):
        assert after == pytest.approx(before, rel=TOLERANCE, abs=TOLERANCE)


class Unequal(Toy):
    """A mean over positions, of which cases have different numbers; ranks compare their weights."""

    def __init__(self, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.net[1].p = dropout
        self.count = torch.arange(len(self.x)) % 4 + 1

    def start_epoch(self, epoch):
        super().start_epoch(epoch)
        flat = torch.cat([weight.detach().flatten() for weight in self.parameters()])[None]
        every = devices.gathered(flat)[0]
        assert all(torch.equal(row, flat[0]) for row in every)
        assert len(every) == devices.world()

    def training_step(self, batch, batch_index):
        self.seen[-1].append(batch.tolist())
        x = self.x[batch].repeat_interleave(self.count[batch], 0)
        loss = (self.net(x)[:, 0] - x.sum(1)).square().mean()
        loss = self.overall(loss, len(x))
        self.record("loss", loss)
        return loss


class Compared(TrainingTask):
    """Each case against all others of its batch."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.net, self.x = nn.Linear(3, 4), torch.randn(13, 3)

    def cases(self):
        return len(self.x)

    def training_step(self, batch, batch_index):
        z, number = self.gathered(self.net(self.x[batch]), batch)
        loss = ((z @ z.T).logsumexp(1) * (number + 1)).mean()
        self.record("loss", loss)
        return loss

    def validate_epoch(self):
        return {"ndcg@10": self.gathered(self.net.weight)[0].sum().item()}


@pytest.mark.parametrize("make", [Unequal, Compared])
@pytest.mark.parametrize("settings", [{}, {"ema_decay": 0.7}])
def test_the_loss_curve_is_that_of_one_process(make, settings, two, tmp_path):
    check(make, two, tmp_path, **settings)


def test_the_weights_of_ranks_are_equal_to_the_bit_with_dropout(two, tmp_path):
    """`Unequal` compares them at the start of each epoch."""
    rows, _ = curves(lambda: Unequal(dropout=0.5), two, tmp_path)
    assert len(rows) == 3


def test_a_rank_has_a_share_of_the_batches_of_one_process(two, tmp_path):
    (_, whole), (_, shared) = (
        curves(Unequal, run, tmp_path / str(place)) for place, run in enumerate((on(1), two))
    )
    assert [[batch[::2] for batch in epoch] for epoch in whole.seen] == shared.seen


def test_early_stopping_ends_every_rank(two, tmp_path):
    module = Toy(scores=[0.0, 0.1, 0.3, 0.2, 0.1, 0.1, 0.2, 0.1])
    found = fit(module, "toy", replace(SETTINGS, patience=1, epochs=7), tmp_path, two)
    assert found == {"best": 0.3, "best_epoch": 1, "epochs": 4}


class OddViews(ICLRec):
    """The second view blanks every third item."""

    def pair_of_views(self, ids):
        return torch.cat([ids, torch.where(ids % 3 == 0, 0, ids)])


@pytest.mark.parametrize("contrast", ["none", "instance", "hybrid"])
def test_sasrec_and_iclrec(contrast, two, tmp_path):
    def make():
        return test_iclrec.make(OddViews, contrast=contrast)

    check(make, two, tmp_path)


class FixedNegatives(ICLRec):
    """Each device has the same negatives, whatever its seed."""

    def sampled_loss(self, states, target):
        with torch.random.fork_rng():
            torch.manual_seed(self.current_epoch)
            return super().sampled_loss(states, target)


SAMPLED = {"loss": "sampled_softmax", "sampler": "mixed", "contrast": "none", "negatives": 5}
BY_ROWS = {"max_grad_norm": 0.0, "weight_decay": 0.0}


@pytest.mark.parametrize("table", ["dense", "rowwise"])
def test_mixed_negatives_and_a_table_by_rows(table, two, tmp_path):
    check(
        lambda: test_iclrec.make(FixedNegatives, table=table, **SAMPLED), two, tmp_path, **BY_ROWS
    )


class Sharded(FixedNegatives):
    """Each rank has its share of the rows, and of their state, in every step."""

    def optimiser(self):
        self.made = super().optimiser()
        return self.made

    def pair_of_views(self, ids):
        return OddViews.pair_of_views(self, ids)

    def training_step(self, batch, batch_index):
        weight, rows = self.encoder.item_table.weight, self.encoder.items + 2
        most = -(-rows // devices.world())
        own = most if devices.rank() == 0 else rows - most
        for part in (weight, *(self.made.state[weight][key] for key in ("variance", "count"))):
            assert len(part) == own
        return super().training_step(batch, batch_index)


def sharded(kind=Sharded, **changes):
    return test_iclrec.make(kind, table="sharded", **{**SAMPLED, **changes})


@pytest.mark.parametrize("changes", [{}, {"sampler": "uniform", "contrast": "hybrid"}])
def test_a_table_whose_rows_are_dealt_out(changes, two, tmp_path):
    check(lambda: sharded(**changes), two, tmp_path, **BY_ROWS)


def test_a_table_that_is_dealt_out_is_rounded_by_the_same_noise(two, tmp_path):
    """Gradients are added in another order, which changes a few of the numbers."""
    tables = []
    for name, run in (("1", on(1)), ("2", two)):
        _, module = curves(
            lambda: sharded(table_precision="bfloat16"), run, tmp_path / name, **BY_ROWS
        )
        tables.append(module.encoder.item_table.weight)
    assert torch.eq(*tables).float().mean() > 0.9


def test_a_table_that_one_device_trained_is_dealt_out(two, tmp_path):
    straight, _ = curves(sharded, on(1), tmp_path / "straight", **BY_ROWS)
    curves(sharded, on(1), tmp_path / "cut", **BY_ROWS, epochs=2)
    two.notes.clear()
    resumed, _ = curves(sharded, two, tmp_path / "cut", **BY_ROWS)
    assert two.notes == ["train: resumes after 2 epochs"]
    same_figures(straight, resumed)


@pytest.mark.parametrize("phase", [*PHASES, "direct"])
def test_latentcrs(phase, two, tmp_path):
    def make():
        cases, model = intents.prepared(), intents.model()
        if phase == "direct":
            return DirectTraining(intents.Direct(model.items, intents.T, 8, 8, 0.0), cases, cases)
        return EMTraining(model, OPTIONS, phase, cases, cases)

    check(make, two, tmp_path)


@pytest.mark.parametrize("kind", [IntentsTraining, BehaviourTraining])
def test_latentcrs_over_items_with_words(kind, two, tmp_path):
    def make():
        mixture = words.model_of(words.K)
        cases = Heard(
            (words.drawn(13, words.D), words.drawn(13, words.T), words.drawn(13, words.A)),
            torch.arange(13) % words.N + 1,
            (torch.empty(0, dtype=torch.long), torch.empty(0, dtype=torch.long)),
        )
        model = words.LatentCRSOverWords(mixture)
        for part in model.modules():
            if isinstance(part, nn.Dropout):
                part.p = 0.0
        if kind is IntentsTraining:
            return IntentsTraining(mixture.requires_grad_(True), cases, cases)
        return BehaviourTraining(model, 0.5, cases, cases)

    check(make, two, tmp_path)


class FixedDraws(WarmUp):
    """What is masked, and what is drawn for it, follows from the item alone."""

    def draw(self, ids, taken):
        packed, mask = Packed.of(ids), ids % 3 == 1
        mask[:, -1] = True
        place = mask.flatten()[packed.index].nonzero().squeeze(1)
        item = ids.flatten()[packed.index[place]]
        chosen = self.owned[item][:, :2]
        changed = torch.where(chosen == 2, 3, chosen)
        others = [(item + step) % self.model.items + 1 for step in (0, 1, 4)]
        candidates = torch.stack([item, *others], 1)
        return Slots(ids.masked_fill(mask, self.model.mask), place, candidates, chosen, changed)


def test_the_warm_up_of_mip_sad(two, tmp_path):
    def make():
        data = dialogues.data(users=13)
        options, owned = dialogues.SETTINGS.tasks, dialogues.owned()
        return FixedDraws(network(), options, *data, owned, dialogues.ATTRIBUTES, None)

    check(make, two, tmp_path)


def test_the_fine_tuning_of_mip_sad(two, tmp_path):
    def make():
        tuning = replace(dialogues.SETTINGS.tuning, negatives=0)
        return Tune(network(), tuning, *dialogues.data(users=13))

    check(make, two, tmp_path)


@pytest.fixture(scope="module")
def talks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("redial")
    return stages(folder, source(folder, "redial"), "redial")


@pytest.mark.parametrize("gate", ["mask", "multiplicative"])
def test_the_pre_training_of_c2crs(gate, talks, two, tmp_path):
    def make():
        return contrasting.make(talks, f"c2crs.gate={gate}")

    check(make, two, tmp_path)


def test_the_recommender_of_c2crs(talks, two, tmp_path):
    def make():
        options = small("c2crs.dropout=0", "c2crs.entity_dropout=0", "c2crs.query_dropout=0").c2crs
        torch.manual_seed(0)
        model, contexts, _ = contrasting.build(options, talks, "all")
        train, valid = (contrasting.cases_of(talks, split) for split in ("train", "valid"))
        return Recommend(model, contexts, train, valid, options, False)

    check(make, two, tmp_path)


def test_the_decoder_of_c2crs(talks, two, tmp_path):
    def make():
        return conversing.module_of(talks, tmp_path, "converse.dropout=false")

    check(make, two, tmp_path)


class Ended(Unequal):
    """Its second process ends at a step, as if the system had ended it."""

    at = (2, 1)

    def training_step(self, batch, batch_index):
        if devices.rank() == 1 and self.at == (self.current_epoch, batch_index):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().training_step(batch, batch_index)


class Failing(Unequal):
    """Its second process fails at the first step of a run that goes on."""

    def training_step(self, batch, batch_index):
        if devices.rank() == 1:
            raise ValueError("no such case")
        return super().training_step(batch, batch_index)


def test_a_process_that_is_ended_ends_the_others_in_a_sentence_and_is_gone_on_from(two, tmp_path):
    straight = Unequal()
    fit(straight, "toy", SETTINGS, tmp_path / "straight", on(1))
    told = (
        r"trainer.devices=2: the process of device 2 was ended by SIGKILL, .*; the same command "
        "resumes after the last whole epoch"
    )
    with pytest.raises(UserError, match=told):
        fit(Ended(), "toy", SETTINGS, tmp_path / "cut", two)
    assert two.team is None and devices.world() == 1
    with pytest.raises(RuntimeError, match=r"device 2 failed:(.|\n)*ValueError: no such case"):
        fit(Failing(), "toy", SETTINGS, tmp_path / "cut", two)
    # On one device now: nothing that is kept knows how many there were.
    alone = on(1)
    resumed = Unequal()
    fit(resumed, "toy", SETTINGS, tmp_path / "cut", alone)
    assert alone.notes == ["toy: resumes after 2 epochs"]
    for name, value in straight.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, atol=TOLERANCE, rtol=0)


class Diverging(Unequal):
    """The loss of the second process is not a number."""

    def training_step(self, batch, batch_index):
        loss = super().training_step(batch, batch_index)
        return loss * (float("nan") if devices.rank() == 1 else 1.0)


def test_a_loss_of_any_rank_that_is_not_finite_stops_training(two, tmp_path):
    with pytest.raises(NotFiniteError, match="phase toy, epoch 1: the loss is not finite"):
        fit(Diverging(), "toy", SETTINGS, tmp_path, two)


class EndedSharded(Sharded):
    """Its second process, and the rows that it has, end at a step."""

    def training_step(self, batch, batch_index):
        if devices.rank() == 1 and (self.current_epoch, batch_index) == (2, 1):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().training_step(batch, batch_index)


def test_rows_that_ended_with_their_process_are_gone_on_from_on_one_device(two, tmp_path):
    straight, _ = curves(sharded, on(1), tmp_path / "straight", **BY_ROWS)
    with pytest.raises(UserError, match="process of device 2 was ended by SIGKILL"):
        curves(lambda: sharded(EndedSharded), two, tmp_path / "cut", **BY_ROWS)
    alone = on(1)
    resumed, _ = curves(sharded, alone, tmp_path / "cut", **BY_ROWS)
    assert alone.notes == ["train: resumes after 2 epochs"]
    same_figures(straight, resumed)
