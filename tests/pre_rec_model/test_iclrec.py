import json
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F

from crs.data.cases import Cases
from crs.data.sequences import Sequences, leave_one_out
from crs.errors import UserError
from crs.evaluation.metrics import per_case
from crs.evaluation.ranking import ranks
from crs.nn.encoder import Encoder
from crs.nn.sequential import Sequential, States, encode, load_encoder
from crs.settings.check import check
from crs.store.artifact import RESUME
from crs.testing.histories import random_sequences, sequences
from crs.training.loop import fit
from pre_rec_model import iclrec, pretrain
from pre_rec_model.iclrec import ICLRec
from tests.contracts.tiny import artifact, config, context, dataset, made

SETTINGS = replace(
    config("model=iclrec").pretrain, dim=8, layers=1, max_len=5, k=3, epochs=4, batch_size=8,
    dropout=0.3, attention_dropout=0.3, patience=9, views=1,
)  # fmt: skip
DATA = random_sequences(users=20, items=12, longest=10)
ALL = torch.arange(20)


def make(kind=ICLRec, data=DATA, dropout=0.0, **changes):
    settings = replace(SETTINGS, **changes)
    torch.manual_seed(2)
    encoder = Encoder(
        data.n_items, settings.dim, settings.layers, settings.heads, settings.max_len,
        dropout, dropout, settings.norm,
    )  # fmt: skip
    for weight in encoder.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    return kind(encoder, settings, data)


def lists(data):
    bounds = data.offsets[1:].tolist()
    return [data.items[a:b].tolist() for a, b in pairwise(bounds)]


def test_every_real_position_predicts_its_successor_up_to_the_third_last():
    model = make(contrast="none")
    states, targets = [], []
    for items in lists(DATA):
        known, wanted = items[:-3][-5:], items[1:-2][-5:]
        states.append(model.encoder(torch.tensor([known]))[0])
        targets += wanted
    scores = torch.cat(states) @ model.encoder.item_table.weight[1:-1].T
    wanted = F.cross_entropy(scores, torch.tensor(targets) - 1)
    torch.testing.assert_close(model.training_step(ALL, 0), wanted)


def test_a_case_a_prefix_predicts_what_follows_it():
    model = make(contrast="none", cases="prefix")
    states, targets = [], []
    for items in lists(DATA):
        for cut in range(max(1, len(items) - 7), len(items) - 2):
            states.append(model.encoder.states(torch.tensor([items[max(0, cut - 5) : cut]])))
            targets.append(items[cut])
    assert model.cases() == len(targets)
    scores = torch.cat(states) @ model.encoder.item_table.weight[1:-1].T
    wanted = F.cross_entropy(scores, torch.tensor(targets) - 1)
    torch.testing.assert_close(model.training_step(torch.arange(model.cases()), 0), wanted)


def test_prefixes_have_the_last_cuts_of_each_sequence():
    user, cut = iclrec.prefixes(torch.tensor([7, 8]), torch.tensor([4, 1]), 3)
    assert (user.tolist(), cut.tolist()) == ([7, 7, 7, 8], [4, 3, 2, 1])


def test_training_never_sees_the_last_two_items():
    changed = DATA.items.clone()
    ends = DATA.offsets[2:]
    for back in (1, 2):
        changed[ends - back] = changed[ends - back] % DATA.n_items + 1
    other = make(data=replace(DATA, items=changed))
    mine = make()
    for model in (mine, other):
        torch.manual_seed(0)
        model.start_epoch(0)
        torch.manual_seed(0)
        model.loss = model.training_step(ALL, 0)
    assert torch.equal(mine.loss, other.loss)


def test_held_out_targets_do_not_train():
    """Users of 5 items: s[2] is the newest training target, and with one held out s[1] is."""
    data = sequences([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])
    losses = []
    for third in (3, 11):
        items = data.items.clone()
        items[2] = third
        model = make(data=replace(data, items=items, n_items=11), contrast="none", holdout=1)
        losses.append(model.training_step(torch.arange(model.cases()), 0))
    assert torch.equal(*losses)
    assert make(data=sequences([1, 2, 3, 4]), holdout=1).cases() == 0


@pytest.mark.parametrize(
    ("loss", "sampler"),
    [("bce", "uniform"), ("sampled_softmax", "uniform"), ("sampled_softmax", "mixed")],
)
def test_other_losses_reach_the_item_table(loss, sampler):
    model = make(contrast="none", loss=loss, sampler=sampler)
    model.training_step(ALL, 0).backward()
    grad = model.encoder.item_table.weight.grad
    assert grad[1:-1].any() and not grad[0].any() and not grad[-1].any()


@pytest.mark.parametrize("cases", ["sequence", "prefix"])
def test_the_shares_of_targets_are_those_of_an_epoch(cases):
    """Training targets are s[1] to s[n - 3], the last five of them."""
    model = make(contrast="none", loss="sampled_softmax", sampler="mixed", cases=cases)
    targets = [item for items in lists(DATA) for item in items[1:-2][-5:]]
    count = torch.bincount(torch.tensor(targets), minlength=DATA.n_items + 1)[1:]
    torch.testing.assert_close(model.share, count / len(targets))


def test_mixed_negatives_are_the_targets_of_the_batch_and_uniform_ones(monkeypatch):
    model, asked = make(contrast="none", loss="sampled_softmax", sampler="mixed"), []
    monkeypatch.setattr(
        iclrec, "mixed_softmax", lambda *args: asked.append(args) or args[0].sum() * 0
    )
    model.training_step(ALL, 0)
    ((states, table, target, negatives, share, in_batch),) = asked
    assert torch.equal(target, in_batch) and len(states) == len(target)
    assert len(table) == len(share) == DATA.n_items and negatives == SETTINGS.negatives


SAMPLED = {"contrast": "none", "loss": "sampled_softmax"}
ROWWISE = {**SAMPLED, "sampler": "mixed", "table": "rowwise"}


@pytest.mark.parametrize("words", [
    ("sampler=mixed", "loss=sampled_softmax"),
    ("table_precision=bfloat16", "table=rowwise"),
    ("table=rowwise", "loss=sampled_softmax"),
    ("table=rowwise", "loss=bce", "ema_decay=0.9", "ema_decay=0"),
    ("table=rowwise", "loss=bce", "weight_decay=0.9", "weight_decay=0"),
    ("table=rowwise", "loss=bce", "max_grad_norm=0.9", "max_grad_norm=0"),
    ("table=sharded", "loss=sampled_softmax"),
    ("table=sharded", "loss=bce", "weight_decay=0.9", "weight_decay=0"),
])  # fmt: skip
def test_what_does_not_go_with_a_sampler_or_a_table_says_what_to_type(words):
    *given, wanted = (f"pretrain.{word}" for word in words)
    with pytest.raises(UserError, match=f"type {wanted}$"):
        check(config("model=sasrec", *given))


@pytest.mark.parametrize("contrast", ["none", "hybrid"])
@pytest.mark.parametrize("changes", [{"loss": "bce"}, SAMPLED, {**SAMPLED, "sampler": "mixed"}])
def test_a_rowwise_table_has_the_loss_and_the_gradient_of_a_dense_one(changes, contrast):
    found = []
    for table in ("dense", "rowwise"):
        model = make(**{**changes, "contrast": contrast}, table=table)
        model.start_epoch(0)
        torch.manual_seed(3)
        loss = model.training_step(ALL, 0)
        loss.backward()
        grads = [weight.grad.to_dense() for weight in model.encoder.parameters()]
        found.append([loss.detach(), *grads])
    torch.testing.assert_close(*found)
    assert model.encoder.item_table.weight.grad.is_sparse


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_step_with_a_rowwise_table_changes_the_rows_of_its_batch_alone(precision, tmp_path):
    def before_and_after(fail_at=None):
        model = make(Failing, **ROWWISE, table_precision=precision, negatives=1, batch_size=2)
        before, model.fail_at = model.encoder.item_table.weight.detach().clone(), fail_at
        return model, before

    model, before = before_and_after((0, 1))
    with pytest.raises(OSError, match="the power went"):
        fit(model, "pretrain", model.options, tmp_path, context())
    table = model.encoder.item_table.weight
    assert str(table.dtype) == f"torch.{precision}"
    changed = (table != before).any(1)
    assert 0 < changed.sum() < len(table) and not changed[0] and not changed[-1]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_rowwise_table_goes_on_after_a_failure_to_the_bit(precision, tmp_path):
    settings = replace(SETTINGS, **ROWWISE, table_precision=precision, lr=0.02)
    tables = []
    for place, fail_at in (("straight", None), ("cut", (2, 1)), ("cut", None)):
        model = make(Failing, dropout=0.3, **ROWWISE, table_precision=precision)
        model.fail_at = fail_at
        with suppress(OSError):
            found = fit(model, "pretrain", settings, tmp_path / place, context())
            assert found["best_epoch"] >= 0
            tables.append(model.encoder.item_table.weight)
    assert torch.equal(*tables)


def test_an_encoder_with_a_table_in_bfloat16_is_found_as_it_was_trained(tmp_path):
    inputs = {"dataset": dataset(tmp_path)}
    settings = replace(SETTINGS, epochs=1, **ROWWISE, table_precision="bfloat16")
    found = made(pretrain, settings, inputs, tmp_path / "pretrain" / "a")
    data = Sequences.of(inputs["dataset"])
    encoder = load_encoder(found)
    assert encoder.item_table.weight.dtype == torch.float32
    states = encode(encoder, Cases(data, *leave_one_out(data, "train")))
    assert np.array_equal(states.numpy(), found.load("states.npy"))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_sharded_table_on_one_device_gives_the_files_of_a_rowwise_one(precision, tmp_path):
    inputs, found = {"dataset": dataset(tmp_path)}, []
    for table in ("rowwise", "sharded"):
        changes = {**ROWWISE, "contrast": "hybrid", "table": table, "table_precision": precision}
        settings = replace(SETTINGS, epochs=2, **changes)
        result = made(pretrain, settings, inputs, tmp_path / "pretrain" / table)
        files = "encoder.safetensors", "encoder.json", "states.npy", "pretrain.json"
        found.append((settings.identity(), [(result.path / f).read_bytes() for f in files]))
    assert found[0] == found[1]
    assert found[0][0]["table"] == "rowwise"


def contrast_of(**changes):
    model = make(**changes)
    model.start_epoch(0)
    torch.manual_seed(5)
    ids = DATA.windows(model.user, model.cut, 5)
    newest = DATA.at(model.user, model.cut)
    return model.contrastive_loss(model.pair_of_views(ids), newest, ALL)


def test_hybrid_is_the_sum_of_both_terms():
    both, instance, intent = (
        contrast_of(contrast=contrast, instance_weight=0.3, intent_weight=0.2)
        for contrast in ("hybrid", "instance", "intent")
    )
    torch.testing.assert_close(both, instance + intent)
    assert instance > 0 and intent > 0


@pytest.mark.parametrize("term", ["instance", "intent"])
def test_weights_weigh(term):
    once, thrice = (contrast_of(contrast=term, **{f"{term}_weight": w}) for w in (0.1, 0.3))
    torch.testing.assert_close(thrice, 3 * once)


@pytest.mark.parametrize("pairs", [1, 3])
def test_each_pair_of_views_adds_a_term(pairs, monkeypatch):
    model = make(views=pairs)
    monkeypatch.setattr(model, "contrastive_loss", lambda *args: torch.tensor(10.0))
    alone = make(contrast="none").training_step(ALL, 0)
    torch.testing.assert_close(model.training_step(ALL, 0), alone + 10 * pairs)


def test_sasrec_draws_no_views_and_fits_no_clusters(monkeypatch):
    model = make(contrast="none")
    monkeypatch.setattr(model, "contrastive_loss", None)
    model.start_epoch(0)
    model.training_step(ALL, 0)
    assert len(model.centres) == 0 and set(model.recorded) == {"loss_next"}


def test_clusters_are_fitted_anew_every_so_many_epochs(monkeypatch):
    model, seeds, whole = make(refit=2), [], iclrec.kmeans.fit
    monkeypatch.setattr(
        iclrec.kmeans, "fit", lambda *args, **kw: seeds.append(kw["seed"]) or whole(*args, **kw)
    )
    fitted = []
    for epoch in range(5):
        model.start_epoch(epoch)
        fitted.append(len(seeds))
    assert fitted == [1, 1, 2, 2, 3] and len(set(seeds)) == 3


def test_loaded_clusters_go_to_the_device_when_an_epoch_starts():
    model = make(refit=2)
    model.start_epoch(0)
    state = model.more_state()
    fresh = make(refit=2)
    fresh.take_state(state)
    assert fresh.centres is state["centres"] and fresh.cluster is state["cluster"]
    fresh.start_epoch(1)
    assert torch.equal(fresh.centres, model.centres)
    assert torch.equal(fresh.cluster, model.cluster)
    fresh.to("meta").start_epoch(1)
    assert fresh.centres.device.type == fresh.cluster.device.type == "meta"


def test_clusters_are_of_the_mean_states_without_dropout():
    model = make(dropout=0.5)
    model.start_epoch(0)
    assert model.encoder.training
    model.eval()
    known = [items[:-3][-5:] for items in lists(DATA)]
    means = torch.stack([model.encoder(torch.tensor([row]))[0].mean(0) for row in known])
    torch.testing.assert_close(model.user_states(), means.detach(), atol=1e-5, rtol=1e-4)
    units = F.normalize(model.user_states(), dim=1)
    assert torch.equal((units @ model.centres.T).argmax(1), model.cluster)


def test_too_few_users_for_the_clusters_name_the_setting():
    with pytest.raises(UserError, match=r"pretrain\.k=99 but only"):
        make(k=99).start_epoch(0)


def test_validation_ranks_the_second_last_item_with_the_history_out():
    model = make().eval()
    user, cut = leave_one_out(DATA, "valid")
    scorer, cases = Sequential(States(model.encoder)), Cases(DATA, user, cut)
    found = ranks(
        scorer.queries(cases), scorer.catalogue(), cases.target, cases.seen, n_items=DATA.n_items
    )
    wanted = {f"{m}@{k}": v.mean() for (m, k), v in per_case(found.numpy(), [10]).items()}
    assert model.validate_epoch() == pytest.approx(wanted)


class Failing(ICLRec):
    """Fails at a batch (epoch, number)."""

    fail_at = None

    def training_step(self, batch, batch_index):
        if (self.current_epoch, batch_index) == self.fail_at:
            raise OSError("the power went")
        return super().training_step(batch, batch_index)


def run_of(folder, fail_at=None):
    model = make(Failing, dropout=0.3, refit=2)
    model.fail_at = fail_at
    return model, fit(model, "pretrain", replace(SETTINGS, lr=0.02), folder, context())


@pytest.mark.parametrize("fail_at", [(1, 2), (2, 1), (3, 0)])
def test_going_on_after_a_failure_equals_a_straight_run(tmp_path, fail_at):
    straight, wanted = run_of(tmp_path / "straight")
    with pytest.raises(OSError, match="the power went"):
        run_of(tmp_path / "cut", fail_at=fail_at)
    resumed, found = run_of(tmp_path / "cut")
    assert found == wanted
    assert torch.equal(resumed.centres, straight.centres)
    assert torch.equal(resumed.cluster, straight.cluster)
    for name in ("pretrain.json", f"{RESUME}/pretrain/best-*.safetensors"):
        [one], [two] = ([*(tmp_path / kind).glob(name)] for kind in ("straight", "cut"))
        assert one.name == two.name
        assert one.read_bytes() == two.read_bytes()


def test_training_lowers_its_losses(tmp_path):
    run_of(tmp_path)
    log = json.loads((tmp_path / "pretrain.json").read_text())
    first, last = log[0], log[-1]
    assert last["loss_next"] < first["loss_next"]
    assert {"loss_instance", "loss_intent", "ndcg@10", "hr@10"} <= set(first)


def test_the_stage_writes_an_encoder_and_the_states_it_gives(tmp_path):
    inputs = {"dataset": dataset(tmp_path)}
    settings = replace(SETTINGS, epochs=2)
    found = made(pretrain, settings, inputs, tmp_path / "pretrain" / "a")
    again = made(pretrain, settings, inputs, tmp_path / "pretrain" / "b")
    shape = found.load("encoder.json")
    assert (shape["dim"], shape["max_len"], shape["items"]) == (8, 5, 30)
    assert np.array_equal(found.load("states.npy"), again.load("states.npy"))
    assert found.load("states.npy").shape == (len(found.load("users.npy")), 8)
    assert found.summary["epochs"] == 2


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, None),
        ({"block": "hstu"}, {"block": "hstu"}),
        ({"block": "bsarec", "cases": "prefix"}, {"block": "bsarec", "ahead": True}),
        ({"block": "bsarec"}, {"block": "bsarec", "ahead": False}),
    ],
)
def test_an_encoder_of_each_block_is_found_as_it_was_trained(tmp_path, changes, wanted):
    inputs = {"dataset": dataset(tmp_path)}
    settings = replace(SETTINGS, epochs=1, contrast="none", **changes)
    found = made(pretrain, settings, inputs, tmp_path / "pretrain" / "a")
    shape = found.load("encoder.json")
    assert ("block" in shape) == (wanted is not None) and (wanted or {}).items() <= shape.items()
    data = Sequences.of(inputs["dataset"])
    cases = Cases(data, *leave_one_out(data, "train"))
    states = encode(load_encoder(found), cases)
    assert np.array_equal(states.numpy(), found.load("states.npy"))


def test_users_too_short_to_train_on_are_said(tmp_path):
    rows = pd.DataFrame({"user": [1, 1, 1, 2, 2], "item": [1, 2, 3, 1, 2]})
    inputs = {"dataset": artifact(tmp_path / "d", {"users": 2, "items": 3}, interactions=rows)}
    with pytest.raises(UserError, match=r"4 items needed, the longest has 3"):
        made(pretrain, SETTINGS, inputs, tmp_path / "p")


def test_a_holdout_that_leaves_nobody_is_told_as_such(tmp_path):
    inputs = {"dataset": dataset(tmp_path)}
    with pytest.raises(UserError, match=r"44 items needed, .*; lower pretrain\.holdout"):
        made(pretrain, replace(SETTINGS, holdout=40), inputs, tmp_path / "pretrain" / "a")
