"""Data sets of dialogues from their files to both tables, by the command's own configuration."""

import re
from io import StringIO

import pytest
from hydra import compose, initialize_config_dir

from crs.cli import chat
from crs.command_line import CONF, register, to_config
from crs.errors import UserError
from crs.evaluation.results import COLUMNS, PARQUET
from crs.pipeline import run as command
from crs.pipeline.plan import plan
from crs.serving import load
from tests.contracts import dialogues

FAST = (
    "tracker=none", "debug=fast", "trainer=cpu", "trainer.threads=1", "c2crs.dim=8",
    "c2crs.word_dim=8", "c2crs.hidden=8", "c2crs.layers=1", "contexts.length=24",
    "graph.min_count=0",
)  # fmt: skip


def configure(*overrides: str):
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return to_config(compose("train", overrides=[*FAST, *overrides]))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("conversations")


def run(root, kind, *overrides):
    folder = root / kind
    if not folder.exists():
        getattr(dialogues, kind)(folder)
    found = command.run(configure(
        f"dataset={kind}", f"dataset.path={folder}", f"store={root / 'store'}", *overrides
    ))  # fmt: skip
    assert found is not None
    return found


@pytest.mark.parametrize("kind", ["tgredial", "inspired"])
def test_dialogues_end_with_both_tables(root, kind):
    found = run(root, kind, "model=c2crs", "stage=converse", "c2crs.fill_items=true")
    long = found.load(PARQUET)
    assert list(long.columns) == COLUMNS
    assert {"all", "no_repeats"} == set(long["slice"])
    assert {"dialogues", "responses"} == set(long["protocol"])
    assert long["dataset"].str.contains(r" local [0-9a-f]{8}, 7 of ").all()
    assert set(long[long["protocol"] == "dialogues"]["scorer"]) == {
        "popularity", "repeat context", "no pre-training", "c2crs",
    }  # fmt: skip


def test_a_run_shows_all_results_that_were_found(root, capsys, monkeypatch):
    words = ("model=c2crs", "stage=converse", "c2crs.fill_items=true")
    run(root, "inspired", *words)
    monkeypatch.setenv("WANDB_MODE", "offline")
    run(root, "inspired", *words, "tracker=wandb")
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if line.startswith("tracker ") and "offline:" not in line] == []
    assert told[-1].startswith("tracker   offline: ")


def test_the_decoder_is_the_voice_of_a_chat(root, monkeypatch, capsys):
    run(root, "inspired", "model=c2crs", "stage=converse", "c2crs.fill_items=true")  # found
    words = (*FAST, "dataset=inspired", f"dataset.path={root / 'inspired'}", "model=c2crs",
             f"store={root / 'store'}", "c2crs.fill_items=true", "--voice")  # fmt: skip
    monkeypatch.setattr("sys.stdin", StringIO("a comedy\nlike Gamma\n/quit\n"))
    chat.main([*words, "stage=converse"])
    told = capsys.readouterr().err.partition("voice ")[2]
    counts = [int(number) for number in re.findall(r"\d+", told)]
    assert counts[0] == sum(counts[1:]) == 2
    with pytest.raises(UserError, match=r"type llm=.* or stage=converse without llm="):
        chat.main([*words])


def test_a_result_with_a_decoder_ranks_as_the_one_it_was_made_from(root):
    found = run(root, "inspired", "model=c2crs", "stage=converse", "c2crs.fill_items=true")
    plain = load(found.manifest["inputs"]["evaluate"]["fingerprint"], root / "store")
    whole = load(found.fingerprint, root / "store")
    assert plain.speech is None and whole.speech is not None and whole.scorer == plain.scorer
    asked = ["Gamma"], "a comedy"
    assert whole.recommend(*asked).equals(plain.recommend(*asked))


def test_entities_with_words_end_with_both_tables(root):
    words = ("c2crs.words=true", "embedder=hashed", "embedder.dim=16")
    found = run(root, "inspired", "model=c2crs", "stage=converse", *words)
    assert {"dialogues", "responses"} == set(found.load(PARQUET)["protocol"])


def test_chinese_text_is_untouched_to_the_last_file(root):
    found = run(root, "tgredial", "model=c2crs", "stage=converse", "contexts.lower=false",
                "contexts.min_count=1")  # fmt: skip
    frame = found.load("responses.parquet")
    assert "好看 。 ﾊﾝｶｸ Ａ" in set(frame["truth"])
    assert any("想看 一部 电影 。" in text for text in frame["context"])
    assert "好看 。 ﾊﾝｶｸ Ａ" in (found.path / "sample.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("experiment", ["c2crs_tgredial_as_released", "c2crs_redial_as_released"])
def test_the_released_settings_run_to_both_tables(root, experiment):
    kind = experiment.split("_")[1]
    found = run(root, kind, f"experiment={experiment}", "stage=converse")
    roles = found.load(PARQUET)
    one = roles[(roles["protocol"] == "responses") & (roles["metric"] == "length")]
    # Two test dialogues, every turn but the first, of both roles.
    assert one["cases"].iloc[0] == (10 if kind == "tgredial" else 6)


def test_popularity_counts_what_training_dialogues_mention(root):
    found = run(root, "inspired", "model=popularity")
    ranks = found.load("ranks.parquet")
    one = ranks[(ranks["split"] == "test")].set_index("target")["rank"]
    # Alpha is mentioned twice in each training dialogue, Beta Two twice, Gamma once.
    assert set(one.loc[1]) == set(one.loc[2]) == {1.5}


def test_weights_that_are_given_are_scored_without_training(root):
    trained = run(root, "inspired", "model=c2crs", "stage=train")
    file = trained.path / "model.safetensors"
    found = run(root, "inspired", "model=c2crs", f"checkpoint={file}")
    own = run(root, "inspired", "model=c2crs")
    frames = [x.load("ranks.parquet") for x in (found, own)]
    one, two = (
        f[(f["scorer"] == "c2crs") & (f["split"] == "test")]["rank"].tolist() for f in frames
    )
    assert one == two
    assert set(frames[0]["scorer"]) == {"popularity", "repeat context", "c2crs"}


def stages(*overrides):
    return [step.name for step in plan(configure(*overrides))]


def test_people_need_no_simulated_user(root):
    folder = dialogues.inspired(root / "plan")
    on = ("model=c2crs", "dataset=inspired", f"dataset.path={folder}")
    assert stages(*on) == ["dataset", "graph", "contexts", "warmup", "train", "direct", "evaluate"]
    assert stages(*on, "stage=converse")[-1] == "converse"
    assert {"samples", "simulate"} < set(stages("model=c2crs", "dataset=tiny"))


@pytest.mark.parametrize("model", ["sasrec", "iclrec", "latentcrs", "attribute_filter", "mip_sad"])
def test_models_of_histories_refuse_dialogues(root, model):
    folder = dialogues.inspired(root / "plan")
    with pytest.raises(UserError, match=rf"model={model} .* has dialogues; type model=c2crs"):
        stages(f"model={model}", "dataset=inspired", f"dataset.path={folder}")


def test_a_data_set_of_dialogues_must_be_given():
    with pytest.raises(UserError, match=r"dataset=inspired reads .*type dataset\.path="):
        command.run(configure("model=popularity", "dataset=inspired", "store=/nonexistent-store"))


def test_the_protocol_of_dialogues_follows_the_data(root):
    assert configure("model=c2crs", "dataset=inspired").evaluation.protocol == "dialogues"
    assert configure("model=c2crs", "dataset=tiny").evaluation.protocol == "full"
    chosen = configure("model=c2crs", "dataset=inspired", "evaluation=full").evaluation
    assert (chosen.protocol, chosen.seen) == ("full", "out")
    released = configure("experiment=c2crs_redial_as_released")
    assert released.evaluation.protocol == "dialogues" and released.dataset.roles == "both"


def test_models_share_the_simulated_user():
    one, two = (
        {s.name: s.fingerprint for s in plan(configure("dataset=tiny", f"model={m}"))}
        for m in ("c2crs", "latentcrs")
    )
    assert one["simulate"] == two["simulate"] and one["samples"] == two["samples"]
