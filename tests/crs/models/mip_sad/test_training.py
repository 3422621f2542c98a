"""Steps of the warm-up and of fine-tuning: what they look at, what they move, how they resume."""

import json
import math
from dataclasses import replace

import pytest
import torch

from crs.data.attribute_dialogues import Turns, id_lists
from crs.data.cases import ASKED, Cases
from crs.models import recipes
from crs.models.mip_sad import tasks
from crs.models.mip_sad.training import Tune, WarmUp
from crs.nn.encoder import Encoder
from crs.nn.packed import Packed
from crs.testing.histories import random_sequences
from crs.training.loop import fit
from tests.contracts.tiny import config, context

SETTINGS = config("model=mip_sad")
ITEMS, ATTRIBUTES, MAX_LEN = 20, 6, 9


def data(users=12):
    """Users' items, a dialogue of two turns and one refusal about each user's third last item."""
    sequences = random_sequences(users, ITEMS, 16)
    user = sequences.users
    cut = sequences.lengths(user) - 3
    attributes = torch.stack([user % ATTRIBUTES + 1, (user + 1) % ATTRIBUTES + 1], 1)
    row = torch.arange(users).repeat_interleave(3)
    turns = Turns(
        user, cut, user, attributes, torch.ones(users, 1, dtype=torch.long), row,
        torch.tensor([1, 1, 2]).repeat(users), torch.tensor([0, 1, 1]).repeat(users),
    )  # fmt: skip
    valid = Cases(sequences, user, cut + 1, known=torch.zeros(users, ATTRIBUTES + 1),
                  dialogue={ASKED: attributes})  # fmt: skip
    return sequences, turns, valid


def owned():
    """Attributes of the items; item 7 has none."""
    torch.manual_seed(5)
    matrix = (torch.rand(ITEMS + 1, ATTRIBUTES + 1) < 0.4).float()
    matrix[0] = matrix[:, 0] = matrix[7] = 0.0
    return id_lists(matrix)


def generator(causal=True):
    torch.manual_seed(1)
    encoder = Encoder(ITEMS, 8, 1, 2, MAX_LEN, 0.5, 0.5, "post", causal, project=not causal)
    for weight in encoder.parameters():
        torch.nn.init.normal_(weight, std=0.8)
    return encoder.requires_grad_(False)


def warm_up(model, source=None, **options):
    return WarmUp(
        model, replace(SETTINGS.tasks, **options), *data(), owned(), ATTRIBUTES, source
    )  # fmt: skip


def windows(module):
    return module.batch(torch.arange(module.cases()))


def drawn(module):
    everyone = torch.arange(module.cases())
    return module.draw(module.batch(everyone), module.taken(everyone))


def items_of(rows):
    """Which items each row has, masks [B, N + 1]."""
    return torch.zeros(len(rows), ITEMS + 1, dtype=torch.bool).scatter_(1, rows, True)


def test_a_window_ends_with_the_dialogues_target(model):
    module = warm_up(model)
    turns = module.turns
    assert torch.equal(windows(module)[:, -1], module.sequences.at(turns.user, turns.cut))


@pytest.mark.parametrize("source", [None, generator])
def test_negatives_are_never_target_history_or_padding(model, source):
    """Histories of more items than a window holds: none of the older ones is a negative either."""
    module = warm_up(model, source and source(), negatives=30)
    turns, slots = module.turns, drawn(module)
    rows = Packed.of(slots.masked).row[slots.place]
    row, item = module.sequences.histories(turns.user, turns.cut + 1)
    assert (turns.cut + 1 > MAX_LEN).any()
    for r, negatives in zip(rows.tolist(), slots.candidates[:, 1:].tolist(), strict=True):
        assert not set(item[row == r].tolist()) & set(negatives)
        assert all(0 < n <= ITEMS for n in negatives)


def test_the_first_slot_of_a_batch_draws_uniformly(model):
    """It has no state before it: in a batch of one row, the last state has seen its item."""
    module = warm_up(model, generator(), mask=0.0, negatives=2_000, temperature=1e-3)
    module.start_epoch(0)
    ids = torch.tensor([[3]])
    negatives = module.draw(ids, items_of(ids)).candidates[0, 1:]
    assert set(negatives.tolist()) == set(range(1, ITEMS + 1)) - {3}


def test_a_generator_that_sees_both_sides_is_asked_at_the_masked_slot(model, monkeypatch):
    """Pre-CRS' released one: it is given [MASK], and what it says there draws the negatives."""
    source = generator(causal=False)
    module = warm_up(model, source, negatives=500, temperature=1e-4)
    module.start_epoch(0)
    read = []
    monkeypatch.setattr(source, "forward", lambda ids, real=source.forward: read.append(ids) or
                        real(ids))  # fmt: skip
    everyone = torch.arange(module.cases())
    taken = module.taken(everyone)
    slots = module.draw(module.batch(everyone), taken)
    assert len(read) == 1 and torch.equal(read[0], slots.masked)
    states, packed = source(slots.masked)
    scores = states[slots.place] @ source.item_table.weight[: ITEMS + 1].T
    scores = scores.masked_fill(taken[packed.row[slots.place]], -torch.inf)
    scores[:, 0] = -torch.inf
    assert torch.equal(slots.candidates[:, 1], scores.argmax(1))


def test_the_generator_cannot_see_the_item_it_is_to_mislead_about(model):
    """A sharp generator's negatives for the newest slot do not depend on the newest item."""
    module = warm_up(model, generator(), mask=0.0, negatives=1, temperature=1e-3)
    module.start_epoch(0)
    ids = windows(module)
    other = ids.clone()
    absent = [next(i for i in range(1, ITEMS + 1) if i not in row) for row in ids.tolist()]
    torch.manual_seed(0)
    before = module.draw(ids, items_of(ids)).candidates
    other[:, -1] = torch.tensor(absent)
    torch.manual_seed(0)
    changed = module.draw(other, items_of(other)).candidates
    # A negative is never an item of the window, so a newest item may be drawn in the other one.
    free = (before[:, 1] != changed[:, 0]) & (changed[:, 1] != before[:, 0])
    assert free.any() and torch.equal(before[free, 1], changed[free, 1])


def test_the_generator_draws_without_dropout_and_never_learns(model):
    module = warm_up(model, generator())
    module.train()
    module.start_epoch(0)
    assert not module.generator.training and module.model.training
    before = [p.clone() for p in module.generator.parameters()]
    module.training_step(torch.arange(4), 0).backward()
    assert all(p.grad is None for p in module.generator.parameters())
    assert all(map(torch.equal, before, module.generator.parameters()))


def test_slots_hold_the_items_that_were_masked(model):
    module = warm_up(model, mask=0.5)
    ids = windows(module)
    slots = module.draw(ids, items_of(ids))
    was_masked = slots.masked == model.mask
    assert sorted(ids[was_masked].tolist()) == sorted(slots.candidates[:, 0].tolist())
    assert torch.equal(ids[~was_masked], slots.masked[~was_masked])


def test_states_items_and_attributes_of_a_slot_belong_together(model):
    """Losses over all slots equal those of each row by itself, weighted by its slots."""
    torch.manual_seed(0)
    module = warm_up(model, mask=0.5, mip=1.0, sad=0.0)
    slots = drawn(module)
    whole = module.loss(slots).item()
    packed = Packed.of(slots.masked)
    rows = packed.row[slots.place]
    total = 0.0
    for row in rows.unique().tolist():
        mine = (rows == row).nonzero()[:, 0]
        one = Packed.of(slots.masked[[row]])
        column = packed.index[slots.place[mine]] % slots.masked.shape[1]
        place = torch.stack([(one.index == c).nonzero()[0, 0] for c in column])
        part = replace(
            slots, masked=slots.masked[[row]], place=place, candidates=slots.candidates[mine],
            chosen=slots.chosen[mine], changed=slots.changed[mine],
        )  # fmt: skip
        total += module.loss(part).item() * len(mine)
    assert total / len(rows) == pytest.approx(whole, rel=1e-5)


def test_padding_is_never_in_the_sad_loss(model):
    """Wider lists of the same attributes, and slots without any, change nothing."""
    torch.manual_seed(0)
    module = warm_up(model, mip=0.0, sad=1.0)
    slots = drawn(module)
    base = module.loss(slots).item()
    wider = replace(
        slots,
        chosen=torch.nn.functional.pad(slots.chosen, (0, 4)),
        changed=torch.nn.functional.pad(slots.changed, (0, 4)),
    )
    assert module.loss(wider).item() == pytest.approx(base, rel=1e-5)
    bare = (slots.chosen > 0).sum(1) == 0
    kept = ~bare
    some = replace(slots, place=slots.place[kept], candidates=slots.candidates[kept],
                   chosen=slots.chosen[kept], changed=slots.changed[kept])  # fmt: skip
    assert module.loss(some).item() == pytest.approx(base, rel=1e-5)


def test_sad_labels_are_those_of_the_attributes_that_stayed(model):
    """Worked slowly: each list by itself through the tower, each output against its own state."""
    torch.manual_seed(0)
    module = warm_up(model, mip=0.0, sad=1.0, substitute=0.5)
    slots = drawn(module)
    states = model.item_tower(slots.masked)[0][slots.place]
    losses = []
    for f, was, now in zip(states, slots.chosen.tolist(), slots.changed.tolist(), strict=True):
        real = [i for i in now if i]
        if real:
            outputs, _ = model.attribute_tower(torch.tensor([real]))
            q = (model.judge(outputs) @ f).sigmoid()
            original = torch.tensor([a == b for a, b in zip(was, real, strict=False)])
            losses += torch.where(original, -q.log(), -(1 - q).log()).tolist()
    assert module.loss(slots).item() == pytest.approx(sum(losses) / len(losses), rel=1e-4)


@pytest.mark.parametrize(("options", "still"), [({"mip": 0.0}, "fusion"), ({"sad": 0.0}, "judge")])
def test_a_task_of_weight_0_moves_nothing(model, options, still):
    warm_up(model, **options).training_step(torch.arange(12), 0).backward()
    moved = {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None}
    assert still not in moved and {"item_tower", "attribute_tower"} <= moved


def tune(model, **options):
    return Tune(model, replace(SETTINGS.tuning, **options), *data())


@pytest.mark.parametrize(("opening", "turns"), [(False, 3), (True, 4)])
def test_every_turn_is_a_case_and_before_the_first_one_more(model, opening, turns, monkeypatch):
    module, seen = tune(model, opening=opening), {}
    monkeypatch.setattr(Tune, "loss", lambda self, *args: seen.update(args=args) or torch.zeros(()))
    module.training_step(torch.tensor([3, 0]), 0)
    history, target, row, lists, taken = seen["args"]
    assert taken is None
    assert len(row) == 2 * turns
    user, cut = module.turns.user[[3, 0]], module.turns.cut[[3, 0]]
    assert torch.equal(target, module.sequences.at(user, cut))
    assert torch.equal(history, module.sequences.windows(user, cut, MAX_LEN - 1))
    own = module.turns.attributes[3].tolist()
    found = sorted(tuple(x) for x in lists[row == 0].tolist())
    first = [(own[0], 0)] * 2 + [tuple(own)]
    assert found == sorted(first + [(0, 0)] * opening)


def test_fine_tuning_by_hand(model, monkeypatch):
    """u = (1, 0, …) and item 5 the one with a score, ln 19, over 20 items: the target 5 has
    -log(19 / (19 + 19)) = log 2 (eq. 7)."""
    module = tune(model, negatives=0)
    query, table = torch.zeros(1, 8), torch.zeros_like(model.table)
    query[0, 0], table[5, 0] = 1.0, math.log(19)
    monkeypatch.setattr(type(model), "queries", lambda *_: query)
    monkeypatch.setattr(type(model), "table", table)
    row = torch.tensor([0])
    loss = module.loss(torch.tensor([[1]]), torch.tensor([5]), row, torch.tensor([[1]]), None)
    assert loss.item() == pytest.approx(math.log(2), rel=1e-5)


def test_the_warm_up_is_the_weighted_sum_of_its_tasks(network):
    def value(mip, sad):
        torch.manual_seed(3)
        module = warm_up(network().eval(), mip=mip, sad=sad)
        return module.loss(drawn(module)).item()

    assert value(0.5, 2.0) == pytest.approx(0.5 * value(1.0, 0.0) + 2.0 * value(0.0, 1.0))


def test_fine_tuning_is_cross_entropy_over_the_catalogue(model):
    module = tune(model, negatives=0)
    history, target = torch.tensor([[1, 2]]), torch.tensor([5])
    row, lists = torch.tensor([0, 0]), torch.tensor([[1, 0], [1, 2]])
    scores = model.queries(history, row, lists) @ model.table[1:].T
    wanted = torch.nn.functional.cross_entropy(scores, torch.tensor([4, 4]))
    torch.testing.assert_close(module.loss(history, target, row, lists, None), wanted)


def test_fine_tuning_against_negatives_takes_neither_history_nor_target(model, monkeypatch):
    module, seen = tune(model, negatives=30), []
    inner = tasks.candidate_loss
    monkeypatch.setattr(tasks, "candidate_loss", lambda *a: seen.append(a[2]) or inner(*a))
    longest = module.turns.cut.argmax()[None]
    module.training_step(longest, 0)
    user, cut = module.turns.user[longest], module.turns.cut[longest]
    before = module.sequences.windows(user, cut, 99)[0].tolist()
    target = module.sequences.at(user, cut).item()
    assert len(before) >= MAX_LEN
    for own, *negatives in seen[0].tolist():
        assert own == target and not set(negatives) & {0, target, *before}


def optimisation(**changes):
    return replace(SETTINGS.warmup, epochs=3, patience=9, batch_size=5, lr=1e-2, **changes)


def test_a_fixed_schedule_keeps_the_last_weights(network, tmp_path):
    module = warm_up(network(), schedule="fixed")
    scores = iter([0.9, 0.5, 0.4, 0.1])
    module.validate_epoch = lambda: {"ndcg@10": next(scores)}
    found = fit(module, "random", optimisation(), tmp_path, context())
    assert (found["best_epoch"], found["epochs"]) == (2, 3)


@pytest.mark.parametrize("kind", ["warm-up", "fine-tuning"])
def test_going_on_after_a_failure_equals_a_straight_run(network, tmp_path, kind, monkeypatch):
    def make():
        return warm_up(network(), generator()) if kind == "warm-up" else tune(network())

    straight = make()
    fit(straight, "p", optimisation(), tmp_path / "straight", context())
    cut, step = make(), type(straight).training_step

    def failing(self, batch, index):
        if self is cut and self.current_epoch == 1 and index == 1:
            raise OSError("the power went")
        return step(self, batch, index)

    monkeypatch.setattr(type(straight), "training_step", failing)
    with pytest.raises(OSError, match="the power went"):
        fit(cut, "p", optimisation(), tmp_path / "cut", context())
    resumed = make()
    fit(resumed, "p", optimisation(), tmp_path / "cut", context())
    assert all(map(torch.equal, straight.state_dict().values(), resumed.state_dict().values()))


def test_training_learns_what_follows(network, tmp_path):
    """Fine-tuning on a few dialogues fits them: the loss falls far."""
    module = tune(network())
    fit(module, "p", replace(optimisation(), epochs=30, patience=99, lr=2e-2), tmp_path, context())
    log = json.loads((tmp_path / "p.json").read_text())
    assert log[-1]["loss"] < 0.6 * log[0]["loss"]


def test_a_masked_item_is_not_in_the_words_of_its_slot(network):
    """What a slot is told of its window changes with the other items, not with its own."""
    module = warm_up(network(said=5), sad=0.0)
    one = torch.tensor([0])
    slots = module.draw(module.batch(one), module.taken(one))
    before = module.loss(slots)
    hidden = slots.candidates[:, 0].unique()
    shown = slots.masked[(slots.masked > 0) & (slots.masked <= ITEMS)].unique()
    only_hidden = hidden[~torch.isin(hidden, shown)]
    module.model.said[only_hidden] += 1.0
    assert len(only_hidden) and torch.equal(module.loss(slots), before)
    module.model.said[shown] += 1.0
    assert not torch.equal(module.loss(slots), before)


def test_words_are_read_by_the_warm_up_and_the_training_and_by_no_tower_alone():
    stages = {stage.name: stage for stage in recipes()["mip_sad"].stages}
    plain, told = config("model=mip_sad"), config("model=mip_sad", "towers.words=true")
    for name in ("warmup", "train"):
        assert set(stages[name].reads(told)) - set(stages[name].reads(plain)) == {"embed_items"}
        assert stages[name].settings(told).identity()["towers"]["words"] is True
        assert "words" not in stages[name].settings(plain).identity()["towers"]
    alone = stages["alone"]
    assert alone.settings(told).identity() == alone.settings(plain).identity()
    assert alone.reads(told) == alone.reads(plain)
