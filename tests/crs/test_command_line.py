"""The command line: what is wrong is one sentence that says what to type."""

from dataclasses import fields, is_dataclass, replace
from functools import reduce
from itertools import cycle

import pytest
from hydra.core.config_store import ConfigStore
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from crs import command_line
from crs.config import OF_MODELS, Config
from crs.errors import UserError
from crs.settings.check import check
from crs.settings.keys import known_keys
from crs.stages.evaluation import PROTOCOLS

GROUPS = command_line.groups()
ALONE = ("preset", "experiment", "debug")
"""Groups whose choices set those of other groups."""
BESIDE = {group: choices for group, choices in GROUPS.items()
          if group not in (*ALONE, *OF_MODELS)}  # fmt: skip


POPULARITY = "model=popularity", "dataset=tiny"


@pytest.fixture(scope="module", autouse=True)
def _schema():
    command_line.register()


def refusal(*words: str) -> str:
    with pytest.raises(UserError) as caught:
        command_line.check(["dataset=tiny", *words] if "-m" not in words else list(words))
    return str(caught.value)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("intents.kk=3", ["intents.kk", "Did you mean intents.k?"]),
        ("strickt=true", ["strickt", "Did you mean strict?"]),
        ("epochs=3", ["epochs", "epochs?"]),
        ("intents-k=3", ["intents-k", "Did you mean intents.k?"]),
        ("+typo=1", ["typo: no such setting"]),
        ("+strickt=true", ["strickt", "Did you mean strict?"]),
        ("++intents.seeds=1", ["intents.seeds", "Did you mean intents.seed?"]),
        ("+model.typo=1", ["model.typo: no such setting"]),
        ("+model.nam=x", ["model.nam", "Did you mean model.name?"]),
        ("+dataset.generated.userz=1", ["userz", "Did you mean dataset.generated.users?"]),
        ("dataset.columns.usr=3", ["usr", "Did you mean dataset.columns.user?"]),
        (
            "-m dataset=recbole dataset.min_rating=4",
            ["min_rating=4", "dataset.columns.rating=NAME"],
        ),
        ("model=latentcr", ["model=latentcr", "Did you mean latentcrs?"]),
        ("model=null", ["model=null", "latentcrs", "sasrec"]),
        ("dataset=movielens", ["dataset=movielens", "There are", "ml1m"]),
        ("+experiment=latentcrs_tiny", ["Did you mean latentcrs_tiny_as_released?"]),
        ("-m model=latentcrs,latentcr", ["model=latentcr", "Did you mean latentcrs?"]),
        ("-m dataset=tiny model=sasrec,iclrec seed=1,x", ["seed", "'x'"]),
        ("-m dataset=tiny intents.k=6,many", ["intents.k", "'many'"]),
        ("-m dataset=tiny em.posterior=exact,exakt", ["exakt", "Did you mean exact?"]),
        ("seed=abc", ["seed", "'abc'", "Integer"]),
        ("strict=maybe", ["strict", "'maybe'"]),
        ("force=pretrain", ["force"]),
        ("pretrain.loss=bcee", ["pretrain.loss=bcee", "Did you mean bce?"]),
        ("em.posterior=exakt", ["Did you mean exact?", "amortised"]),
        ("intents.k=0", ["intents.k=0", "at least 1"]),
        ("pretrain.dim=7", ["pretrain.dim=7", "pretrain.heads"]),
        ("samples.raw=false samples.seeds=[]", ["samples", "samples=raw"]),
        ("seed=1,2", ["seed=1,2", "-m"]),
        ("intents.k=${pretrain.kk}", ["intents.k", "pretrain.kk"]),
        ("~seed", ["seed"]),
        ("seed=???", ["seed"]),
        ("seed", ["seed"]),
        ("=3", ["no such setting"]),
        ("store=???", ["store: no value", "store=VALUE"]),
        ("seed=[", ["seed=[", "KEY=VALUE"]),
        ("-m model=glob(x*)", ["model=glob(x*)"]),
    ],
)
def test_a_mistake_is_one_sentence_with_what_to_type(words, parts):
    text = refusal(*words.split(" "))
    assert "\n" not in text
    assert [part for part in parts if part not in text] == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_protocol_means_what_its_name_says(protocol, configure):
    config = configure("dataset=tiny", f"evaluation={protocol}")
    e = config.evaluation
    assert (e.protocol, e.seen, e.padding) == (protocol, *PROTOCOLS[protocol])
    for name, other in {
        "seen": "in" if e.seen == "out" else "out",
        "padding": not e.padding,
    }.items():
        config = configure("dataset=tiny", f"evaluation={protocol}")
        setattr(config.evaluation, name, other)
        with pytest.raises(UserError, match=rf"^evaluation\.protocol={protocol} means .*; type "):
            check(config)
        config.evaluation.protocol = "mine"
        check(config)


@pytest.mark.parametrize("group", ["model", "dataset", "preset"])
def test_a_protocol_is_chosen_and_no_value_of_it_is_set(group):
    """By a model's file, a preset or a data set: at most their defaults name one."""
    for choice in GROUPS[group]:
        found = OmegaConf.load(command_line.CONF / group / f"{choice}.yaml")
        assert not {"evaluation", "multi_turn"} & set(found), choice


@pytest.mark.parametrize(
    ("model", "dataset"), [("mip_sad", "ml100k"), ("c2crs", "inspired"), ("latentcrs", "ml1m")]
)
def test_a_protocol_that_was_chosen_is_nobodys_to_change(model, dataset, configure):
    """The group's own values hold, whatever a model, a data set or a preset would choose."""
    words = f"model={model}", f"dataset={dataset}"
    for evaluation, multi_turn in zip(
        GROUPS["evaluation"], cycle(GROUPS["multi_turn"]), strict=False
    ):
        chosen = f"evaluation={evaluation}", f"multi_turn={multi_turn}"
        found, own = configure(*words, *chosen), configure(*POPULARITY, *chosen)
        assert (found.evaluation, found.multi_turn) == (own.evaluation, own.multi_turn)


def test_released_candidates_of_mip_sad_are_the_first_100(configure):
    chosen = configure("model=mip_sad", "dataset=tiny", "evaluation=mip_sad_as_released")
    assert chosen.evaluation.candidates == "first"
    assert configure("model=mip_sad", "dataset=tiny").evaluation.candidates == "random"


def test_every_protocol_that_can_be_chosen_has_its_meaning(configure):
    for choice in GROUPS["evaluation"]:
        assert configure("dataset=tiny", f"evaluation={choice}").evaluation.protocol in (PROTOCOLS)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("model.requires=[colours]", ["model.requires: the recipe of a model says this now"]),
        ("stage.name=trane", ["stage.name=trane", "Did you mean train?"]),
        ("model.name=iclrek", ["model.name=iclrek", "Did you mean iclrec?"]),
        ("model.views=all", ["model.views is called c2crs.views now", "type c2crs.views=VALUE"]),
        ("model=sasrec em.dropout=.3", ["em.dropout: model=sasrec does not read it", "latentcrs"]),
        ("-m model=sasrec,latentcrs em.dropout=.1,5", ["em.dropout=5.0", "from 0 to 0.99"]),
        ("-m model=sasrec,latentcrs em.dropout=5", ["em.dropout=5.0", "from 0 to 0.99"]),
        (
            "-m model=sasrec train.lr=.1,.2",
            ["train.lr acts on nothing that model=sasrec makes", "it reads pretrain.lr"],
        ),
        ("-m model=sasrec pretrain.lr=interval(.1,1)", ["type -m hydra/sweeper=optuna"]),
        ("search=sasrec", ["a search runs many jobs; type -m"]),
        ("launcher=joblib", ["a launcher runs many jobs; type -m"]),
        ("-m launcher=joblib,slurm", ["all jobs of a sweep have one launcher"]),
        ("-m launcher=jobblib", ["launcher=jobblib", "Did you mean joblib?"]),
        ("-m launcher=slurm hydra.launcher.n_jobs=2", ["hydra.launcher.n_jobs: no such"]),
        ("-m search=sasre", ["search=sasre", "Did you mean sasrec?"]),
        ("-m search=sasrec pretrain.dropout=interval(0,1)", ["pretrain.dropout=1.0", "to 0.99"]),
        ("-m search=sasrec train.lr=interval(.1,1)", ["nothing that a trial of model=sasrec"]),
        ("-m search=sasrec evaluation.level=.9,.95", ["evaluation.level acts on nothing"]),
        ("-m search=sasrec hydra.sweeper.sampler=tpa", ["sampler=tpa", "Did you mean tpe?"]),
        ("-m search=sasrec hydra.sweeper.n_trials=0", ["n_trials=0: must be at least 1"]),
        (
            "-m search=sasrec hydra.sweeper.n_trial=9",
            ["n_trial: no such", "hydra.sweeper.n_trials"],
        ),
        ("hydra.sweeper.n_trials=9", ["a search alone reads it; type -m and search=MODEL"]),
        ("hydra.run.dirr=here", ["hydra.run.dirr: no such setting. Did you mean hydra.run.dir?"]),
        ("experiment=there/is/none.yaml", ["there is no such file"]),
        ("model=sasrec em=default", ["em: no other model than model=latentcrs reads it"]),
        ("model.needs.train=[x]", ["model.needs.train: the recipe of a model says this now"]),
        ("llm=local llm.precision=half", ["llm.precision=half", "float32, bfloat16"]),
        ("llm=local llm.precision=null", ["llm.precision: llm=local needs it"]),
        ("train.clip=1", ["train.clip is called train.max_grad_norm now"]),
        ("+c2crs.forget=.1", ["c2crs.forget is called c2crs.entity_dropout now"]),
        ("pretrain.views=-1", ["pretrain.views=-1: must be at least 1"]),
        ("intents.iterations=0", ["intents.iterations=0: must be at least 1"]),
        ("pretrain.instance_weight=nan", ["pretrain.instance_weight=nan: a finite number"]),
        ("train.precision=16-mixed", ["train.precision=16-mixed", "bf16-mixed"]),
        ("pretrain.precision=64-true", ["pretrain.precision=64-true", "32-true"]),
        ("em.posterior=amortised", ["em.candidates=0", "at least 2"]),
        ("em.posterior=amortised em.candidates=1", ["em.candidates=1", "at least 2"]),
        ("em.candidates=11", ["em.candidates=11", "em.candidates=0 or em.posterior=amortised"]),
        ("evaluation.seen=in", ["evaluation.protocol=full", "A_NAME_OF_YOUR_OWN"]),
        ("em.dropout=1", ["em.dropout=1.0", "from 0 to 0.99"]),
        ("train.epochs=0", ["train.epochs=0", "at least 1"]),
        ("pretrain.temperature=nan", ["pretrain.temperature=nan", "a finite number"]),
        ("train.lr=inf", ["train.lr=inf", "a finite number"]),
        ("dataset.require=[titel]", ["dataset.require", "no 'titel'", "Did you mean title?"]),
        ("multi_turn.rerankers=[soft]", ["no 'soft'", "none, hard, as_released"]),
        (
            "model=c2crs c2crs.without=[contxt]",
            ["c2crs.without: there is no 'contxt'", "mean context?"],
        ),
        ("graph.facts=[genre]", ["graph.facts: there is no 'genre'", "attributes, year, decade"]),
        ("model=c2crs dataset=inspired c2crs.word_dim=9", ["c2crs.word_dim=9", "c2crs.heads=2"]),
        ("dataset=inspired dataset.bad_lines=drop", ["dataset=inspired has dialogues", "leave"]),
        ("dataset=redial dataset.min_user=99", ["dataset.min_user", "leave dataset.min_user out"]),
        ("samples.valid=0", ["samples.valid=0", "at least 1"]),
        ("evaluation.level=95", ["evaluation.level=95.0", "from 0.5 to 0.999"]),
        ("model=mip_sad towers.dim=10 towers.heads=4", ["towers.dim=10", "towers.heads=4"]),
        ("model=mip_sad tasks.mip=0 tasks.sad=0", ["experiment=mip_sad_ablation_no_pretraining"]),
        ("model=mip_sad tasks.generator=gan", ["tasks.generator=gan", "sasrec, flattened, none"]),
        ("model=mip_sad tuning.loss_on=sigmoid", ["tuning.negatives=0", "type tuning.negatives=1"]),
        ("dataset=lastfm dataset.source=hetrec", ["dataset.source=hetrec", "precrs, scpr"]),
        ("dataset.source=precrs", ["dataset.source=precrs", "no such source"]),
        ("checkpoint=x.pkl", ["checkpoint: model=latentcrs", "pretrain.checkpoint=PATH"]),
        ("evaluation.candidates=best", ["none, random, first"]),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(words, parts):
    text = refusal(*words.split(" "))
    assert "\n" not in text
    assert [part for part in parts if part not in text] == []


@pytest.mark.parametrize(
    "words",
    [
        "em.items=encoder em.posterior=amortised em.candidates=2",
        "evaluation.seen=in evaluation.protocol=mine",
        "train.precision=bf16-mixed",
        "em.dropout=0 evaluation.level=0.9 trainer.threads=0",
    ],
)
def test_a_value_that_makes_sense_passes(words):
    command_line.check(["dataset=tiny", *words.split()])


@pytest.mark.parametrize(
    "words",
    [
        "seed=2",
        "++seed=2",
        "dataset.generated.users=60",
        "dataset.generated.seed=1 dataset.noun=film",
        "model=sasrec stage=pretrain trainer=cpu",
        "force=[pretrain,train]",
        "hydra.run.dir=somewhere",
        "--cfg job",
        "--info defaults",
        "--help",
    ],
)
def test_what_is_right_passes(words):
    command_line.check(["dataset=tiny", *words.split()])


@pytest.mark.parametrize("words", ["model=sasrec,iclrec seed=1,2", "model=glob(*) seed=range(1,3)"])
def test_a_right_sweep_passes(words):
    command_line.check(["-m", "dataset=tiny", *words.split()])


@pytest.mark.parametrize(("place", "text", "told"), [
    ("experiment", "# @package _global_\ntrain: {average: 0.5}", "called train.ema_decay now"),
    ("experiment", "# @package _global_\nmodel: {needs: {}}", "model.needs: the recipe of a model"),
    ("model", "# @package _global_\nmodel: {name: latentcrs}", r"defaults: \[latentcrs, _self_\]"),
])  # fmt: skip
def test_an_older_file_of_a_users_own_is_told_what_to_write(tmp_path, place, text, told):
    (tmp_path / place).mkdir()
    (tmp_path / place / "mine.yaml").write_text(text)
    with pytest.raises(UserError, match=told):
        command_line.check([f"--config-dir={tmp_path}", f"{place}=mine", "dataset=tiny"])


def test_every_published_count_can_be_set():
    command_line.check(["dataset=ml1m", "dataset.expect.users=3"])


@pytest.mark.parametrize("nth", range(max(map(len, BESIDE.values()))))
def test_every_choice_composes_and_names_itself(nth, configure):
    """The n-th choices of all groups together; a shorter group begins again."""
    chosen = {group: choices[nth % len(choices)] for group, choices in BESIDE.items()}
    config = configure(*(f"{group}={choice}" for group, choice in chosen.items()))
    for group in ("model", "dataset", "stage"):
        assert getattr(config, group).name == chosen[group]


@pytest.mark.parametrize(
    ("group", "choice"), [(group, choice) for group in ALONE[1:] for choice in GROUPS[group]]
)
def test_every_experiment_composes(group, choice, configure):
    configure(f"{group}={choice}")


@pytest.mark.parametrize("preset", GROUPS["preset"])
def test_every_preset_belongs_to_a_model_and_a_dataset(preset, configure):
    pairs = [(model, dataset) for model in GROUPS["model"] for dataset in GROUPS["dataset"]]
    [(model, dataset)] = [pair for pair in pairs if "_".join(pair) == preset]
    assert configure(f"model={model}", f"dataset={dataset}").model.name == model


def test_every_key_of_a_composed_configuration_is_known(configure):
    def keys(node, prefix=""):
        for f in fields(node):
            yield prefix + f.name
            if is_dataclass(value := getattr(node, f.name)):
                yield from keys(value, f"{prefix}{f.name}.")

    assert set(keys(configure("dataset=tiny"))) <= set(known_keys(Config))


@given(st.text("ab.=+~[]{},:'\"$@/ 1null", max_size=12))
@settings(max_examples=25)
def test_whatever_is_typed_passes_or_is_refused_in_a_line(word):
    try:
        command_line.check(["dataset=tiny", "--", word])
    except UserError as mistake:
        assert "\n" not in str(mistake)


def test_a_value_that_cannot_be_read_says_how_it_is_quoted():
    assert refusal("force=[用户]").endswith("in quotes: \"force='VALUE'\"")


def test_an_unset_variable_is_told():
    says = "dataset.path is empty; type dataset.path=VALUE or dataset.path=null"
    assert refusal("dataset.path=") == says


@pytest.mark.parametrize("key", ["store", "dataset.columns.item", "llm.ledger", "model.name"])
def test_no_text_may_be_empty(key, configure):
    config = configure("dataset=tiny")
    *groups, name = key.split(".")
    setattr(reduce(getattr, groups, config), name, "")
    with pytest.raises(UserError, match=f"^{key} is empty; type {key}=VALUE"):
        check(config)


def test_a_number_that_fits_into_no_table_is_refused(configure):
    says = "1234567890: must be at most 9223372036854775807"
    assert says in refusal("seed=12345678901234567890")
    config = configure("dataset=tiny")
    config.samples.seeds = [1, 12345678901234567890]
    with pytest.raises(UserError, match=says):
        check(config)


def test_the_largest_seed_passes(configure):
    config = configure("dataset=tiny")
    config.seed = 9223372036854775807
    check(config)


def test_a_home_folder_of_nobody_is_told(configure):
    assert refusal("store=~nobody_of_that_name/a").endswith("type the whole path")
    mine = configure("dataset=tiny").dataset
    with pytest.raises(UserError, match="no such home folder"):
        replace(mine, path="~nobody_of_that_name/a").identity()


@pytest.fixture
def own(tmp_path):
    """A configuration folder of one's own."""
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "mine.yaml").write_text(
        "defaults: [tiny, _self_]\nname: mine\nnoun: song\n"
    )
    return tmp_path


@pytest.mark.parametrize("place", ["--config-dir={}", "hydra.searchpath=[file://{}]"])
def test_a_folder_of_ones_own_adds_choices(own, place):
    words = command_line.check(["-m", place.format(own), "dataset=mine", "model=popularity"])
    assert command_line.configured(words).dataset.noun == "song"
    with pytest.raises(UserError, match=r"dataset=mien: no such choice\. Did you mean mine\?"):
        command_line.check([place.format(own), "dataset=mien"])


@pytest.mark.parametrize(("words", "says"), [
    ("--config-dir=/nowhere/at/all", "--config-dir=/nowhere/at/all: there is no such folder"),
    ("--config-path=nowhere", "nowhere: there is no such folder"),
    ("--config-name=trein", "trein"),
    ("hydra.searchpath=[file:///nowhere/at/all]", "there is no file:///nowhere/at/all"),
    ("hydra.searchpath=5", "hydra.searchpath must be a list"),
    ("--nothing", "unrecognized arguments: --nothing"),
    ("--cfg=all -m", "only one of --run"),
    ("hydra/launcher=jobblib", "no such choice"),
])  # fmt: skip
def test_flags_and_search_paths_that_lead_nowhere_are_one_sentence(words, says):
    with pytest.raises(UserError) as caught:
        command_line.check(words.split())
    assert says in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("word", "key", "value"), [
    ("force=train", "force", "train"), ("evaluation.ks=10", "evaluation.ks", "10"),
    ("multi_turn.scorers=x", "multi_turn.scorers", "x"),
])  # fmt: skip
def test_a_list_without_brackets_is_told_with_them(word, key, value):
    with pytest.raises(UserError) as caught:
        command_line.check([word])
    assert str(caught.value) == f"{key}={value}: a list is expected; type {key}=[{value}]"


def test_a_choice_that_an_extra_brings_names_it(monkeypatch):
    monkeypatch.setattr(command_line, "choices", lambda flags: {"hydra/launcher": ["basic"]})
    says = r"^hydra/launcher=joblib needs more: pip install 'crs-suite\[launch\]'$"
    with pytest.raises(UserError, match=says):
        command_line.check(["-m", "hydra/launcher=joblib"])


def test_a_launcher_of_ours_whose_plugin_is_not_installed_names_the_extra(monkeypatch):
    monkeypatch.delitem(ConfigStore.instance().repo["hydra"]["launcher"], "submitit_slurm.yaml")
    says = r"^hydra/launcher=submitit_slurm needs more: pip install 'crs-suite\[launch\]'$"
    with pytest.raises(UserError, match=says):
        command_line.check(["-m", "launcher=slurm", "seed=1,2"])


def test_words_of_a_shell_that_completes_are_its_own():
    assert command_line.check(["-sc", "query=bash"]) == ["-sc", "query=bash"]


def test_a_path_in_a_command_line_is_quoted_for_hydra():
    words = ["dataset=custom", "dataset.path=/tmp/é (1).csv"]
    assert command_line.check(words) == ["dataset=custom", "dataset.path='/tmp/é (1).csv'"]


def test_flags_may_stand_anywhere():
    words = ["dataset=tiny", "-m", "model=sasrec,popularity", "--hydra-help", "seed=1"]
    first = ["-m", "--hydra-help", "dataset=tiny", "model=sasrec,popularity", "seed=1"]
    assert command_line.check(words) == first


def test_a_setting_that_no_stage_reads_is_told(capsys):
    command_line.check(["dataset=tiny", "model=sasrec", "train.lr=0.1", "pretrain.lr=0.1"])
    assert capsys.readouterr().err.splitlines() == [
        "note      train.lr acts on nothing that model=sasrec makes; it reads pretrain.lr"
    ]


def test_an_experiment_may_be_a_file_anywhere(tmp_path):
    file = tmp_path / "my own.yaml"
    file.write_text(
        "# @package _global_\ndefaults:\n- override /model: sasrec\n- _self_\nseed: 7\n"
    )
    words = command_line.check([f"experiment={file}", "dataset=tiny"])
    config = command_line.configured(words)
    assert (config.model.name, config.dataset.name, config.seed) == ("sasrec", "tiny", 7)
    file.write_text("seed: 7\n")
    assert "begins with the line # @package _global_" in refusal(f"experiment={file}")
