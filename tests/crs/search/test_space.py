"""The space of a search: what is drawn for each key, and what is refused."""

import optuna
import pytest
from hydra import initialize_config_dir

from crs import command_line
from crs.errors import UserError
from crs.overrides import parse
from crs.search.space import Space, check_space, merged, parameter


@pytest.fixture(autouse=True)
def _hydra():
    command_line.register()
    with initialize_config_dir(str(command_line.CONF), version_base="1.3"):
        yield


def of(word: str):
    return parameter(parse(word))


class Ends:
    """A trial that draws the first or the last value of everything."""

    def __init__(self, last: bool) -> None:
        self.last = last

    def suggest_categorical(self, key, values):
        return values[-1 if self.last else 0]

    def suggest_int(self, key, low, high, step=1, log=False):
        assert all(isinstance(one, int) for one in (low, high, step))
        return high if self.last else low

    def suggest_float(self, key, low, high, step=None, log=False):
        assert all(isinstance(one, float) for one in (low, high))
        return high if self.last else low


@pytest.mark.parametrize(
    ("word", "first", "last"),
    [
        ("pretrain.lr=interval(1e-3,1)", "pretrain.lr=0.001", "pretrain.lr=1.0"),
        ("pretrain.k=interval(2,64)", "pretrain.k=2", "pretrain.k=64"),
        ("pretrain.k=tag(log,interval(2,64))", "pretrain.k=2", "pretrain.k=64"),
        ("pretrain.dropout=choice(.1,.3)", "pretrain.dropout=0.1", "pretrain.dropout=0.3"),
        ("pretrain.layers=1,2", "pretrain.layers=1", "pretrain.layers=2"),
        ("pretrain.k=range(2,8,2)", "pretrain.k=2", "pretrain.k=6"),
        ("pretrain.norm=pre,post", "pretrain.norm=pre", "pretrain.norm=post"),
        ("pretrain.gpu=true,false", "pretrain.gpu=True", "pretrain.gpu=False"),
        ("samples.seeds=[1,2],[3]", "samples.seeds=[1,2]", "samples.seeds=[3]"),
        ("samples.valid=null,5", "samples.valid=null", "samples.valid=5"),
        ("samples.valid=interval(3,5)", "samples.valid=3", "samples.valid=5"),
    ],
)
def test_the_ends_of_a_parameter_are_words_of_the_command_line(word, first, last):
    one = of(word)
    assert [one.word(one.draw(Ends(end))) for end in (False, True)] == [first, last]


def test_a_tag_says_that_the_logarithm_is_drawn():
    assert of("pretrain.lr=tag(log,interval(1e-3,1))").log
    assert not of("pretrain.lr=interval(1e-3,1)").log


def test_the_values_of_a_grid():
    assert of("pretrain.k=range(2,8,2)").grid() == [2, 4, 6]
    assert of("pretrain.k=choice(7,3)").grid() == [7, 3]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("range(0.3,1.0,0.1)", [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
        ("range(0.15,0.6,0.15)", [0.15, 0.3, 0.45]),
        ("range(1e-4,5e-4,1e-4)", [1e-4, 2e-4, 3e-4, 4e-4]),
        ("shuffle(range(0.1,0.6,0.1))", [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("range(10,1,-3)", [4, 7, 10]),
    ],
)
def test_a_range_has_the_values_that_people_write(text, values):
    """Its ends and step are such that Optuna draws each of them, too."""
    one = of(f"pretrain.dropout={text}")
    assert one.grid() == values
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    drawn = {one.draw(study.ask()) for _ in range(200)}
    assert sorted(drawn) == values
    assert {one.word(value + 1e-12) for value in values} == {
        f"pretrain.dropout={value!r}" for value in values
    }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("pretrain.lr=interval(1,1e-3)", "the first end must be below the second"),
        ("pretrain.lr=tag(log,interval(0,1))", "a logarithm needs ends above 0"),
        ("pretrain.lr=tag(logg,interval(1,2))", "logg: the only tag is log"),
        ("pretrain.lr=tag(Log,log,choice(1,2))", "Log: the only tag is log"),
        ("pretrain.k=tag(log,range(2,8,2))", r"type pretrain\.k=tag\(log,interval\(A,B\)\)"),
        ("pretrain.k=tag(log,choice(2,8))", "the tag log is for an interval"),
        ("pretrain.k=interval(2,3.5)", "whole numbers expected"),
        ("pretrain.norm=interval(2,3)", "type pretrain.norm=choice"),
        ("model=sasrec,iclrec pretrain.lr=1,2", "a search is of one model"),
        ("seed=interval(1,3) pretrain.lr=1,2", "type seed=1,2,3"),
        ("trainer.threads=1,2 pretrain.lr=1,2", "trainer.threads: it changes no result"),
        ("+tracker=none,wandb pretrain.lr=1,2", "it changes no result"),
        ("model=sasrec seed=1,2", "there is nothing to search"),
    ],
)
def test_what_cannot_be_searched_is_refused(words, told):
    with pytest.raises(UserError, match=told):
        Space.of(words.split())


def test_a_grid_of_an_interval_is_refused():
    check_space(["pretrain.lr=interval(1,2)"], "tpe")
    with pytest.raises(UserError, match="values that can be counted"):
        check_space(["pretrain.lr=interval(1,2)"], "grid")


def test_words_of_the_command_line_win_and_seeds_are_repetitions():
    space = Space.of(merged(
        {"pretrain.lr": "interval(1e-3, 1e-2)", "pretrain.k": "choice(2, 4)"},
        ["pretrain.lr=0.005", "seed=1,2"],
    ))  # fmt: skip
    assert list(space.parameters) == ["pretrain.k"]
    assert (space.fixed, space.seeds) == (["pretrain.lr=0.005"], [1, 2])
    assert space.first() == ["pretrain.k=2"]
