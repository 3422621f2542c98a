import pytest
import torch
from torch import nn

from crs.training.ema import Average


def numbers(*values):
    module = nn.Module()
    module.w = nn.Parameter(torch.tensor(values))
    module.fixed = nn.Parameter(torch.tensor([9.0]), requires_grad=False)
    return module


def put(module, *values):
    with torch.no_grad():
        module.w.copy_(torch.tensor(values))


def test_a_hand_worked_average():
    """(4, 0), then (0, 4) and (8, 8) at decay 3/4: (3, 1), then (4.25, 2.75)."""
    module = numbers(4.0, 0.0)
    average = Average(module, 0.75)
    for step in ((0.0, 4.0), (8.0, 8.0)):
        put(module, *step)
        average.update()
    with average.shown():
        assert module.w.tolist() == [4.25, 2.75]
        assert module.fixed.item() == 9.0
    assert module.w.tolist() == [8.0, 8.0]


def test_the_weights_come_back_after_an_error():
    module = numbers(1.0)
    average = Average(module, 0.5)
    put(module, 3.0)
    with pytest.raises(OSError), average.shown():
        assert module.w.item() == 1.0
        raise OSError
    assert module.w.item() == 3.0


def test_what_was_kept_is_taken_up():
    module, other = numbers(2.0), numbers(6.0)
    average = Average(module, 0.5)
    average.take(Average(other, 0.5).kept)
    average.update()
    with average.shown():
        assert module.w.item() == 4.0


def test_decay_0_keeps_nothing():
    module = numbers(2.0)
    average = Average(module, 0.0)
    put(module, 5.0)
    average.update()
    with average.shown():
        assert module.w.item() == 5.0
    assert average.kept == []
