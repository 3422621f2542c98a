"""Words that set Hydra's own configuration: one sentence says what is wrong and what to type."""

import pytest

from crs import command_line
from crs.errors import UserError

SEARCH = ("-m", "search=sasrec", "dataset=tiny")
SWEEP = ("-m", "model=sasrec", "dataset=tiny", "seed=1,2")


def refused(*words: str) -> str:
    command_line.register()
    with pytest.raises(UserError) as told:
        command_line.check(list(words))
    sentence = str(told.value)
    assert "\n" not in sentence
    return sentence.removeprefix("hydra.sweeper.")


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("hydra.sweeper.n_trails=6", "n_trails: no such setting. Did you mean hydra.sweeper.n_tri"),
        ("+hydra.sweeper.foo=1", "foo: no such setting. There are n_trials, sampler, pruner, seed"),
        ("++hydra.sweeper.pruners=none", "pruners: no such setting. Did you mean hydra.sweeper.pr"),
        ("hydra.sweeper.n_trials.x=3", "n_trials.x: no such setting"),
        ("hydra.sweeper.n_trials=six", "n_trials=six: a whole number expected; type hydra.sweeper"),
        ("hydra.sweeper.n_trials=1.5", "n_trials=1.5: a whole number expected"),
        ("hydra.sweeper.n_trials=true", "n_trials=true: a whole number expected"),
        ("hydra.sweeper.workers=two", "workers=two: a whole number expected; type hydra.sweeper.w"),
        ("hydra.sweeper.pruner=null", "pruner=null: a name expected; type hydra.sweeper.pruner=me"),
        ("hydra.sweeper.n_trials=5,6", "n_trials=5,6: several values, and a search has one n_tri"),
        ("hydra.sweeper.n_trials=interval(1,3)", "n_trials=interval(1,3): several values"),
        ("~hydra.sweeper.seed", "~hydra.sweeper.seed: a setting of a search cannot be taken away"),
        ("hydra.sweeper.study=x", "study=x: a search sets it itself; leave it out"),
        ("+hydra.sweeper.params.pretrain.k=1,2", "params.pretrain.k=1,2: a parameter is typed by "
         "its own key; type pretrain.k=VALUES"),
        ("hydra.sweeper=optuna", "hydra.sweeper=optuna: a group; type hydra/sweeper=NAME"),
        ("hydra.sweper.n_trials=5", "hydra.sweper: no such setting. Did you mean hydra.sweeper?"),
    ],
)  # fmt: skip
def test_a_wrong_setting_of_a_search_is_one_sentence(word, sentence):
    told = refused(*SEARCH, word).removeprefix("+hydra.sweeper.")
    assert told.startswith(sentence)


def test_a_setting_of_a_search_is_refused_where_nothing_searches():
    assert refused(*SWEEP, "hydra.sweeper.n_trials=5").startswith("n_trials: a search alone reads")
    assert refused("model=sasrec", "hydra.sweeper.n_trials=5").startswith("n_trials: a search alon")
    told = refused(*SWEEP, "hydra.sweeper.max_batchsize=5")
    assert told == "max_batchsize: no such setting. Did you mean hydra.sweeper.max_batch_size?"


@pytest.mark.parametrize(
    "words",
    [
        (*SEARCH, "hydra.sweeper.n_trials=5", "hydra.sweeper.objective=hr@10"),
        (*SEARCH, "hydra.sweeper.workers=null", "hydra.sweeper={n_trials: 3}"),
        (*SEARCH, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
        (*SWEEP, "hydra.sweep.dir=x", "+hydra.job.env_set.A=1", "hydra.verbose=true"),
    ],
)
def test_what_hydra_takes_is_taken(words):
    command_line.register()
    command_line.check(list(words))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("n_trails: 3", "hydra.sweeper.n_trails: no such setting. Did you mean hydra.sweeper.n_t"),
        ("n_trials: x", "hydra.sweeper.n_trials: Value 'x' of type 'str' could not be converted"),
    ],
)
def test_a_wrong_setting_in_a_file_names_the_file_and_the_key(tmp_path, line, sentence):
    file = tmp_path / "mine.yaml"
    head = "# @package _global_\ndefaults:\n- override /hydra/sweeper: optuna\n"
    file.write_text(f"{head}hydra:\n  sweeper:\n    {line}\n")
    told = refused("-m", f"experiment={file}", "pretrain.lr=1e-2,2e-2")
    assert told.startswith("In '") and f"mine': {sentence}" in told
