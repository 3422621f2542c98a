"""What several variants of a command compose to, from few compositions."""

import pytest

from crs import command_line, composition
from crs.errors import UserError

VARIANTS = [
    ["model=sasrec", "dataset=tiny", "seed=1", "pretrain.lr=1e-3"],
    ["model=sasrec", "dataset=tiny", "seed=7", "pretrain.lr=1e-3"],
    ["model=sasrec", "dataset=tiny", "seed=1", "pretrain.lr=2e-3"],
    ["model=latentcrs", "dataset=tiny", "seed=1", "pretrain.lr=2e-3"],
    ["model=sasrec", "dataset=ml100k", "seed=7", "pretrain.lr=2e-3"],
    ["model=sasrec", "dataset=tiny", "evaluation={level: 0.9, ks: [3]}"],
    ["model=sasrec", "dataset=tiny", "evaluation.ks=[5]"],
    ["model=sasrec", "dataset=tiny", "seed=7", "seed=3"],
    ["model=sasrec", "dataset=tiny", "seed=2", "seed=3"],
    ["model=sasrec", "dataset=tiny", "evaluation.ks=[5]", "evaluation={ks: [3]}"],
    ["model=sasrec", "dataset=tiny", "evaluation.ks=[4]", "evaluation={ks: [3]}"],
]


@pytest.fixture
def flags():
    command_line.register()
    with command_line.searching():
        yield command_line.flags_of([])


def test_each_variant_is_what_it_composes_to_alone(flags, monkeypatch):
    """`seed` reaches the seed of each stage; a mapping is merged into what the files say."""
    alone = [composition.composed(flags, words) for words in VARIANTS]
    asked = []
    monkeypatch.setattr(
        composition, "compose", lambda *_, overrides, **__: asked.append(overrides) or alone[
            VARIANTS.index(overrides)
        ],
    )  # fmt: skip
    found = list(composition.all_composed(flags, VARIANTS, command_line.choices(flags)))
    assert found == alone
    assert found[1].pretrain.seed == 7 and found[5].evaluation.ks == [3]
    assert found[8].seed == 3 and found[10].evaluation.ks == [3]
    assert len(asked) == 9


def test_a_value_that_cannot_be_is_told_in_every_variant(flags):
    known = command_line.choices(flags)
    for first in (["dataset=tiny", "seed=1"], ["dataset=tiny", "seed=one"]):
        with pytest.raises(UserError, match=r"seed.*one"):
            list(composition.all_composed(flags, [first, ["dataset=tiny", "seed=one"]], known))
