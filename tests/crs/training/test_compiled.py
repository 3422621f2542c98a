import os
from dataclasses import replace
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from crs.errors import UserError
from crs.models.c2crs.blocks import FeedForward
from crs.models.latentcrs.networks import Fusion
from crs.models.latentcrs.words import OverWords
from crs.nn.transformer import Layer
from crs.training.compiled import compiled
from crs.training.loop import fit
from tests.contracts.tiny import context
from tests.crs.training.test_loop import SETTINGS, Toy, same_weights


class Compiling(Toy):
    """Dropout between its two layers, compiled."""

    compiles = ("score",)

    def score(self, x):
        return self.net[2](F.dropout(F.gelu(self.net[0](x)), 0.5, self.training))

    def training_step(self, batch, batch_index):
        if self.fail_at == (self.current_epoch, batch_index):
            raise OSError("the power went")
        return (self.score(self.x[batch])[:, 0] - self.x[batch].sum(1)).square().mean()


def networks():
    """What each class of ours compiles, and arguments of `n` rows."""
    torch.manual_seed(1)
    items = torch.randn(9, 4), torch.randn(9, 6), torch.randn(9, 3)
    words = OverWords(items, (1.0, 1.0, 1.0), 8, 8, 0.0)
    nn.init.normal_(words.out.weight)
    rows = torch.randn(7, 4), torch.randn(7, 6), torch.randn(7, 3)
    return {
        "encoder": (Layer(4, 1, 0.0, 0.0, "post"), "position_wise", rows[:1]),
        "encoder, pre": (Layer(4, 1, 0.0, 0.0, "pre"), "position_wise", rows[:1]),
        "C2-CRS": (FeedForward(4, 8, 0.0), "forward", rows[:1]),
        "LatentCRS over vectors": (Fusion(4, 6, 8, 8, 0.0), "forward", rows[:2]),
        "LatentCRS over words": (words, "residual", rows),
    }


@pytest.mark.parametrize("name", networks())
def test_what_is_compiled_computes_the_same(name, monkeypatch):
    # Traced, forward and backward, and not made a program of: that takes seconds for each.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    network, method, rows = networks()[name]
    method_of = getattr(network, method)

    def computed(own):
        network.zero_grad()
        out = own(*rows)
        out.square().sum().backward()
        return [out.detach(), *(p.grad for p in network.parameters() if p.grad is not None)]

    plain = computed(method_of)
    with compiled(network, "train"):
        assert getattr(network, method) != method_of
        torch.testing.assert_close(computed(getattr(network, method)), plain)
    assert getattr(network, method) == method_of


def test_a_resumed_training_that_is_compiled_is_a_straight_one(tmp_path):
    settings = replace(SETTINGS, compile=True)
    straight, failing, resumed = Compiling(), Compiling(fail_at=(3, 2)), Compiling()
    fit(straight, "toy", settings, tmp_path / "straight", context())
    with pytest.raises(OSError, match="the power went"):
        fit(failing, "toy", settings, tmp_path / "cut", context())
    torch.compiler.reset()  # another process knows no compiled program
    fit(resumed, "toy", settings, tmp_path / "cut", context())
    assert same_weights(straight, resumed)
    assert "score" not in vars(straight)


def test_a_network_that_has_nothing_to_compile_is_refused(tmp_path):
    told = r"^optimisation\.compile: no part of Toy compiles; type optimisation\.compile=false$"
    with pytest.raises(UserError, match=told):
        fit(Toy(), "toy", replace(SETTINGS, compile=True), tmp_path, context())


def test_a_machine_without_a_compiler_is_told(monkeypatch):
    monkeypatch.setitem(os.environ, "PATH", "")
    with (
        pytest.raises(
            UserError, match=r"no C\+\+ compiler here; install g\+\+, or type train\.compile"
        ),
        compiled(Compiling(), "train"),
    ):
        pass
