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
        first, dropout, last = self.net
        return last(dropout(F.gelu(first(x))))

    def training_step(self, batch, batch_index):
        if self.fail_at == (self.current_epoch, batch_index):
            raise OSError("the power went")
        return (self.score(self.x[batch])[:, 0] - self.x[batch].sum(1)).square().mean()


class Unused(Toy):
    """What it could compile, it does not call."""

    compiles = ("score",)

    def score(self, x):
        return x


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
    with compiled(network, "train") as check:
        with pytest.raises(UserError, match="runs nothing"):
            check()
        torch.testing.assert_close(computed(getattr(network, method)), plain)
        check()
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


def test_trainings_before_it_in_a_process_change_nothing(tmp_path, monkeypatch):
    """torch keeps a number of programs of a function, and then runs it as it is."""
    monkeypatch.setattr("crs.training.compiled.PROGRAMS", 1)

    def trained(rate):
        module = Compiling()
        module.net[1].p = rate
        settings = replace(SETTINGS, epochs=1, compile=True)
        fit(
            module, "toy", settings, tmp_path / f"{rate} {len(list(tmp_path.iterdir()))}", context()
        )
        return module

    alone = trained(0.1)
    trained(0.5)
    assert same_weights(alone, trained(0.1))


@pytest.mark.parametrize("kind", [Toy, Unused])
def test_a_training_that_compiles_nothing_is_refused(kind, tmp_path):
    told = rf"^optimisation\.compile: {kind.__name__} runs nothing that is compiled; type opt"
    with pytest.raises(UserError, match=told):
        fit(kind(), "toy", replace(SETTINGS, compile=True), tmp_path, context())


def test_a_machine_without_a_compiler_is_told(monkeypatch):
    monkeypatch.setitem(os.environ, "PATH", "")
    with (
        pytest.raises(
            UserError, match=r"no C\+\+ compiler here; install g\+\+, or type train\.compile"
        ),
        compiled(Compiling(), "train"),
    ):
        pass
