import json
from dataclasses import replace

import pytest
import torch
from torch import nn

from crs.errors import NotFiniteError, PartialResultError, PrunedError
from crs.settings.training import Optimisation
from crs.store.artifact import checksum
from crs.training import loop
from crs.training.loop import TrainingTask, derive, fit, rate, save_weights, shuffled
from crs.training.phase_state import LAST, keep_state
from tests.contracts.tiny import context

SETTINGS = Optimisation(
    lr=0.05, weight_decay=0.01, batch_size=4, epochs=5, patience=9, max_grad_norm=1.0,
    decay_epochs=4, final_lr_factor=0.1, ema_decay=0.0, precision="32-true", compile=False, seed=7,
)  # fmt: skip


class Toy(TrainingTask):
    """A regression with dropout; it may be given validation scores (the first before any epoch),
    and a batch at which it fails. Without scores every epoch is better than the last."""

    def __init__(self, scores=None, fail_at=None, kinds=("train",)):
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 1))
        self.register_buffer("made_in", torch.tensor(-1))
        self.x = torch.randn(10, 3)
        self.scores, self.fail_at, self.kinds = scores, fail_at, list(kinds)
        self.seen, self.modes = [], []

    def cases(self):
        return len(self.x)

    def passes(self):
        return self.kinds

    def start_epoch(self, epoch):
        self.made_in.fill_(epoch)
        self.seen.append([])
        self.modes.append(self.net.training)

    def training_step(self, batch, batch_index):
        if self.fail_at == (self.current_epoch, batch_index):
            raise OSError("the power went")
        self.seen[-1].append(batch.tolist())
        loss = (self.net(self.x[batch])[:, 0] - self.x[batch].sum(1)).square().mean()
        self.record("loss", loss)
        return loss

    def validate_epoch(self):
        assert not self.net.training
        epoch = int(self.made_in)
        return {"ndcg@10": self.scores[epoch + 1] if self.scores else epoch}


def trained(folder, settings=SETTINGS, phase="toy", **kwargs):
    module = Toy(**kwargs)
    return module, fit(module, phase, settings, folder, context())


def same_weights(one, two):
    return all(map(torch.equal, one.state_dict().values(), two.state_dict().values()))


def test_two_runs_are_equal_to_the_bit(tmp_path):
    one, _ = trained(tmp_path / "1")
    torch.rand(11)
    two, _ = trained(tmp_path / "2")
    assert one.seen == two.seen
    assert same_weights(one, two)


@pytest.mark.parametrize("change", [{"seed": 8}, {"phase": "other"}])
def test_another_seed_or_phase_is_another_run(tmp_path, change):
    settings = replace(SETTINGS, **{k: v for k, v in change.items() if k == "seed"})
    one, _ = trained(tmp_path / "1")
    two, _ = trained(tmp_path / "2", settings, change.get("phase", "toy"))
    assert one.seen != two.seen and not same_weights(one, two)


def test_every_epoch_has_an_order_of_its_own(tmp_path):
    module, _ = trained(tmp_path)
    orders = [[case for batch in epoch for case in batch] for epoch in module.seen]
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert len(set(map(tuple, orders))) == SETTINGS.epochs


@pytest.mark.parametrize("average", [0.0, 0.7])
@pytest.mark.parametrize("fail_at", [(0, 1), (1, 0), (2, 1), (4, 2)])
def test_going_on_after_a_failure_equals_a_straight_run(tmp_path, fail_at, average):
    settings = replace(SETTINGS, ema_decay=average)
    straight, wanted = trained(tmp_path / "straight", settings)
    with pytest.raises(OSError, match="the power went"):
        trained(tmp_path / "cut", settings, fail_at=fail_at)
    resumed, found = trained(tmp_path / "cut", settings)
    assert resumed.seen == straight.seen[fail_at[0] :]
    assert same_weights(resumed, straight)
    assert found == wanted


def test_an_interruption_reaches_the_caller(tmp_path, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(Toy, "training_step", interrupt)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path)


def test_who_watches_hears_of_an_epoch_once_it_is_kept_and_may_end_the_training(tmp_path):
    heard = []

    def watch(phase, epoch, score):
        heard.append((phase, epoch, score))
        assert (tmp_path / "resume" / phase / LAST).is_file()
        if epoch == 2:
            raise PrunedError

    module, watched = Toy(), replace(context(), watch=watch)
    with pytest.raises(PrunedError):
        fit(module, "toy", SETTINGS, tmp_path, watched)
    assert heard == [("toy", 0, 0), ("toy", 1, 1), ("toy", 2, 2)]
    straight, _ = trained(tmp_path / "straight")
    resumed, _ = trained(tmp_path)
    assert same_weights(resumed, straight)


def test_a_finished_phase_is_loaded(tmp_path):
    module, wanted = trained(tmp_path)
    again, found = trained(tmp_path)
    assert again.seen == [] and found == wanted
    assert same_weights(module, again)


def test_what_was_there_is_noted(tmp_path):
    with pytest.raises(OSError, match="the power went"):
        trained(tmp_path, fail_at=(3, 0))
    run = context()
    fit(Toy(), "toy", SETTINGS, tmp_path, run)
    assert run.notes == ["toy: resumes after 3 epochs"]


@pytest.mark.parametrize(("patience", "epochs"), [(0, 3), (1, 4), (2, 5), (9, 7)])
def test_patience_is_how_many_epochs_may_pass_without_a_better_score(tmp_path, patience, epochs):
    settings = replace(SETTINGS, patience=patience, epochs=7)
    module, found = trained(tmp_path, settings, scores=[0.0, 0.1, 0.3, 0.2, 0.3, 0.1, 0.2, 0.1])
    assert found == {"best": 0.3, "best_epoch": 1, "epochs": epochs}
    assert len(module.seen) == epochs


def test_a_better_score_starts_the_count_anew(tmp_path):
    scores = [0.0, 0.1, 0.0, 0.2, 0.1, 0.3, 0.0, 0.0, 0.0]
    _, found = trained(tmp_path, replace(SETTINGS, patience=1, epochs=8), scores=scores)
    assert found == {"best": 0.3, "best_epoch": 4, "epochs": 7}


def test_the_best_weights_are_left_in_the_module(tmp_path):
    module, _ = trained(tmp_path, scores=[0.0, 0.1, 0.2, 0.9, 0.3, 0.9])
    assert module.made_in.item() == 2
    assert not module.training


def test_training_that_only_harms_is_undone(tmp_path):
    module, found = trained(tmp_path, scores=[0.9, 0.1, 0.2, 0.3, 0.3, 0.3])
    assert (found["best"], found["best_epoch"]) == (0.9, -1)
    assert same_weights(module, Toy())


def test_the_learning_rate_falls_linearly_and_then_stays():
    rates = [rate(SETTINGS, epoch) for epoch in range(6)]
    assert rates == pytest.approx([0.05 * f for f in (1, 0.775, 0.55, 0.325, 0.1, 0.1)])


def test_an_epoch_trains_at_its_own_learning_rate(tmp_path):
    settings = replace(SETTINGS, epochs=2, decay_epochs=1, final_lr_factor=0.0, weight_decay=0.0)
    module, _ = trained(tmp_path, settings)
    first, _ = trained(tmp_path / "one", replace(settings, epochs=1))
    assert same_weights(module.net, first.net)  # the second epoch's is 0
    assert not same_weights(first.net, Toy().net)


def test_without_decay_the_learning_rate_is_constant():
    settings = replace(SETTINGS, decay_epochs=0)
    assert [rate(settings, epoch) for epoch in (0, 5, 500)] == [0.05] * 3


def two_phases(folder, module):
    for phase in ("first", "second"):
        fit(module, phase, SETTINGS, folder, context())
    return module


def test_the_second_phase_of_a_module_is_resumed_too(tmp_path):
    straight = two_phases(tmp_path / "straight", Toy())
    failing = Toy()
    fit(failing, "first", SETTINGS, tmp_path / "cut", context())
    failing.fail_at = (2, 0)
    with pytest.raises(OSError, match="the power went"):
        fit(failing, "second", SETTINGS, tmp_path / "cut", context())
    resumed = two_phases(tmp_path / "cut", Toy())
    assert all(straight.modes) and all(resumed.modes)
    assert same_weights(straight, resumed)


def test_each_pass_goes_over_all_cases_in_an_order_of_its_own(tmp_path):
    module, _ = trained(tmp_path, replace(SETTINGS, epochs=1), kinds=("e", "m"))
    assert list(map(len, module.seen[0])) == [4, 4, 2, 4, 4, 2]
    cases = [case for batch in module.seen[0] for case in batch]
    assert sorted(cases[:10]) == sorted(cases[10:]) == list(range(10))
    assert cases[:10] != cases[10:]


def test_a_module_knows_how_many_batches_a_pass_has(tmp_path):
    module, _ = trained(tmp_path, replace(SETTINGS, epochs=1))
    assert module.batches() == len(list(shuffled(10, 4, 1))) == 3


def test_the_figures_of_each_epoch_are_part_of_the_result(tmp_path):
    trained(tmp_path, phase="a phase")
    log = json.loads((tmp_path / "a phase.json").read_text())
    assert [epoch["epoch"] for epoch in log] == [0, 1, 2, 3, 4]
    assert all(epoch["loss"] > 0 for epoch in log)
    assert [epoch["ndcg@10"] for epoch in log] == [0, 1, 2, 3, 4]
    assert list(tmp_path.rglob("*.jsonl")) == []


@pytest.mark.parametrize("fail_at", [(0, 1), (3, 2)])
def test_the_figures_of_epochs_before_a_failure_are_kept(tmp_path, fail_at):
    trained(tmp_path / "straight")
    with pytest.raises(OSError, match="the power went"):
        trained(tmp_path / "cut", fail_at=fail_at)
    assert not (tmp_path / "cut" / "toy.json").exists()
    for _ in range(2):  # resumed, then loaded
        trained(tmp_path / "cut")
        one, two = (tmp_path / kind / "toy.json" for kind in ("straight", "cut"))
        assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(
    ("precision", "dtype"), [("32-true", torch.float32), ("bf16-mixed", torch.bfloat16)]
)
def test_steps_are_computed_in_the_precision_that_was_asked_for(tmp_path, precision, dtype):
    class Looking(Toy):
        def training_step(self, batch, batch_index):
            seen.append(self.net(self.x[batch]).dtype)
            return super().training_step(batch, batch_index)

    seen = []
    fit(Looking(), "toy", replace(SETTINGS, epochs=1, precision=precision), tmp_path, context())
    assert set(seen) == {dtype}


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_loss_that_is_not_finite_stops_training_with_what_to_lower(number, keep, tmp_path):
    class Exploding(Toy):
        def training_step(self, batch, batch_index):
            loss = super().training_step(batch, batch_index)
            return loss * number if self.current_epoch == 1 and batch_index == 1 else loss

    module = Exploding()
    module.keep = keep
    told = r"phase toy, epoch 2: the loss is not finite; lower optimisation\.lr \(0\.05\)"
    for _ in range(2):  # the same command meets the same end, and keeps the epoch before it
        with pytest.raises(NotFiniteError, match=told):
            fit(module, "toy", SETTINGS, tmp_path, context())
    with pytest.raises(NotFiniteError, match=r"lower tasks\.generator_lr"):
        fit(module, "toy", SETTINGS, tmp_path, context(), lower="tasks.generator_lr")


def test_weights_that_are_not_finite_stop_training(tmp_path):
    """A finite loss may have a gradient that is too large for the weights."""

    class Steep(Toy):
        def training_step(self, batch, batch_index):
            loss = super().training_step(batch, batch_index)
            if batch_index == 2:  # the last of the epoch: no loss sees it
                torch.nn.init.constant_(self.net[2].bias, torch.inf)
            return loss

    with pytest.raises(NotFiniteError, match="phase toy, epoch 1: a weight is not finite"):
        fit(Steep(), "toy", SETTINGS, tmp_path, context())


@pytest.mark.parametrize("name", ["ndcg@10", "perplexity"])
def test_a_validation_that_is_not_finite_stops_training(tmp_path, monkeypatch, name):
    scores = {"ndcg@10": 1.0, name: float("nan")}
    monkeypatch.setattr(Toy, "validate_epoch", lambda module: scores)
    with pytest.raises(NotFiniteError, match=f"epoch 1: the validation's {name} is not finite"):
        fit(Toy(), "toy", SETTINGS, tmp_path, context())


def test_weights_that_are_not_finite_are_never_saved(tmp_path):
    module = Toy()
    torch.nn.init.constant_(module.net[0].bias, torch.nan)
    with pytest.raises(NotFiniteError, match=r"the weights net\.0\.bias are not finite"):
        save_weights(module, tmp_path / "model.safetensors")
    assert not (tmp_path / "model.safetensors").exists()


@pytest.mark.parametrize("name", [LAST, "best-*.safetensors"])
@pytest.mark.parametrize("damage", ["flip", "cut", "gone", "gone with its sha256"])
def test_damage_to_what_a_phase_goes_on_from_is_told(name, damage, tmp_path):
    fit(Toy(), "toy", replace(SETTINGS, epochs=2), tmp_path, context())
    [file] = (tmp_path / "resume" / "toy").glob(name)
    content = file.read_bytes()
    if damage == "flip":
        file.write_bytes(content[:200] + bytes([content[200] ^ 1]) + content[201:])
    elif damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    else:
        file.unlink()
    if damage == "gone with its sha256":
        checksum(file).unlink()
        if name == LAST:  # nothing says that there was an epoch: training starts over
            assert fit(Toy(), "toy", replace(SETTINGS, epochs=2), tmp_path, context())
            return
    with pytest.raises(PartialResultError, match=file.name):
        fit(Toy(), "toy", SETTINGS, tmp_path, context())


@pytest.mark.parametrize("again", [0.1, 0.3])
def test_weights_that_a_kill_left_without_a_state_do_not_count(tmp_path, monkeypatch, again):
    """Epoch 2 was the best one; made again, on other devices say, it may have another score."""
    settings = replace(SETTINGS, epochs=2)

    def killed(state, place):
        if state["stopper"]["epoch"] == 1:
            raise KeyboardInterrupt
        keep_state(state, place)

    monkeypatch.setattr(loop, "keep_state", killed)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, settings, scores=[0, 0.2, 0.3])
    monkeypatch.undo()
    module, found = trained(tmp_path, settings, scores=[0, 0.2, again])
    best = int(again > 0.2)
    assert found["best_epoch"] == int(module.made_in) == best
    [kept] = (tmp_path / "resume" / "toy").glob("best-*.safetensors")
    assert kept.name == f"best-{best + 1}.safetensors"


def test_averaged_weights_are_validated_and_kept(tmp_path, monkeypatch):
    shown, live, step = [], [], Toy.training_step

    def seen(module, *args):
        live.append(module.net[0].weight.detach().clone())
        return step(module, *args)

    def validate(module):
        shown.append(module.net[0].weight.detach().clone())
        return {"ndcg@10": len(shown)}

    monkeypatch.setattr(Toy, "training_step", seen)
    monkeypatch.setattr(Toy, "validate_epoch", validate)
    module, _ = trained(tmp_path, replace(SETTINGS, ema_decay=0.5, epochs=2))
    mean = live[0]
    for weight in live[1:4]:  # three steps are an epoch; the fourth starts where the third ended
        mean = (mean + weight) / 2
    assert torch.allclose(shown[1], mean, atol=1e-7)
    assert not torch.equal(shown[1], live[3])
    assert torch.equal(module.net[0].weight, shown[2])


def test_frozen_parameters_stay(tmp_path):
    module = Toy()
    module.net[0].requires_grad_(False)
    before = module.net[0].weight.clone()
    fit(module, "toy", SETTINGS, tmp_path, context())
    assert torch.equal(module.net[0].weight, before)


def test_seeds_are_derived_from_all_their_parts():
    seeds = {derive(1, "a", 2), derive(1, "a", 3), derive(1, "b", 2), derive(2, "a", 2)}
    assert len(seeds) == 4 and all(0 <= seed < 2**63 for seed in seeds)


class Repeating(Toy):
    """Reads rows of a table by an index that repeats, as a graph's entities are."""

    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(2_000, 64))
        self.rows = torch.randint(0, 50, (10, 2_000))

    def training_step(self, batch, batch_index):
        return (self.table[self.rows[batch]].sum(1) - 1).square().mean()


def test_threads_race_for_no_order_of_additions(tmp_path):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        tables = []
        for name in ("one", "two", "three"):
            module = Repeating()
            fit(module, "toy", replace(SETTINGS, epochs=1), tmp_path / name, context())
            tables.append(module.table.detach())
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(tables[0], table) for table in tables[1:])
    assert not torch.are_deterministic_algorithms_enabled()  # what comes after is left alone
