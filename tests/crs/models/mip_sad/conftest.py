"""A small network whose weights are large enough for attention to matter."""

import pytest
import torch

from crs.models.mip_sad.networks import MIPSAD

ITEMS, ATTRIBUTES, MAX_LEN = 20, 6, 9


def made(
    items=ITEMS, attributes=ATTRIBUTES, sees=("items", "attributes"), layers=2, seed=3, said=0
):
    torch.manual_seed(seed)
    model = MIPSAD(items, attributes, 8, layers, 2, MAX_LEN, 0.0, sees, said=said)
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    if said:
        model.said[1 : items + 1] = torch.randn(items, said)
    return model.eval()


@pytest.fixture
def network():
    return made


@pytest.fixture
def model() -> MIPSAD:
    return made()
