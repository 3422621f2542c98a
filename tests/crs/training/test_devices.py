"""What is asked of ranks; what they answer each other on two processes is in test_team.py."""

import pytest
import torch

from crs.errors import UserError
from crs.settings.training import Trainer
from crs.training import devices

ROWS = torch.arange(6.0).view(3, 2)


def test_on_one_device_everything_is_what_is_given():
    assert (devices.world(), devices.rank()) == (1, 0)
    assert devices.overall(ROWS, 3) is devices.average(ROWS) is devices.whole_batch(ROWS) is ROWS
    assert devices.gathered(ROWS, ROWS)[1] is ROWS
    assert devices.first_of_each(ROWS[:, 0], ROWS[:, 1], ROWS)[0] is ROWS
    assert devices.once(lambda: ROWS) is ROWS
    batch, counts = devices.share(torch.arange(5))
    assert counts and batch.tolist() == [0, 1, 2, 3, 4]


@pytest.fixture
def second_of_two(monkeypatch):
    monkeypatch.setattr(devices, "world", lambda: 2)
    monkeypatch.setattr(devices, "rank", lambda: 1)


@pytest.mark.usefixtures("second_of_two")
def test_a_rank_takes_every_so_many_of_a_batch_and_knows_their_places():
    batch = torch.arange(10, 15)
    own, counts = devices.share(batch)
    assert counts and torch.equal(own, batch[devices.whole_batch(torch.arange(len(own)))])


@pytest.mark.usefixtures("second_of_two")
def test_a_rank_without_a_case_takes_one_that_does_not_count():
    own, counts = devices.share(torch.tensor([7]))
    assert own.tolist() == [7] and not counts


@pytest.mark.usefixtures("second_of_two")
def test_of_rows_with_one_key_the_first_by_order_is_kept():
    key, order = torch.tensor([3, 8, 2, 3]), torch.tensor([5, 0, 1, 4])
    row = torch.arange(4)
    assert devices.first_of_each(key, order, row, key)[0].tolist() == [2, 3, 1]
    none = row[:0]
    assert devices.first_of_each(none, none, none)[0].tolist() == []


@pytest.mark.parametrize(("accelerator", "there"), [("cpu", 2), ("auto", 2), ("mps", 1)])
def test_devices_that_are_not_there_are_refused_with_how_many_there_are(
    accelerator, there, monkeypatch
):
    monkeypatch.setattr(devices, "available", lambda: 2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    devices.check(Trainer(accelerator, 1, False, there))
    told = rf"trainer\.devices=3 but this process may use {there} .*; type trainer\.devices={there}"
    with pytest.raises(UserError, match=told):
        devices.check(Trainer(accelerator, 1, False, 3))


def test_gpus_are_counted(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    devices.check(Trainer("gpu", 1, False, 2))
    with pytest.raises(UserError, match=r"may use 2 GPUs; type trainer\.devices=2"):
        devices.check(Trainer("auto", 1, False, 3))


def test_a_gpu_that_torch_does_not_see_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="torch sees no GPU here; type trainer=cpu"):
        devices.check(Trainer("gpu", 1, False))
