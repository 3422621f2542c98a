"""The stage `controls`: the same test cases, other texts."""

import pytest

from crs.errors import UserError
from crs.stages.controls import STAGE, ControlTexts
from data_generator import controls
from tests.contracts.tiny import artifact, config, made, spoken

TEXTS = "controls.texts=[heldout,refusals]", "controls.noise=[0,0.1,0.5]"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return spoken(tmp_path_factory.mktemp("controls"))


@pytest.fixture(scope="module")
def found(inputs, tmp_path_factory):
    settings = STAGE.settings(config(*TEXTS))
    return made(controls, settings, inputs, tmp_path_factory.mktemp("made") / "controls")


@pytest.fixture(scope="module")
def parts(found):
    return dict(iter(found.load("utterances.parquet").groupby("control", sort=False)))


@pytest.fixture(scope="module")
def own(inputs):
    frame = inputs["simulate"].load("utterances.parquet")
    return frame[frame["split"] == "test"]


def test_each_control_has_the_test_cases_with_their_targets(parts, own):
    assert list(parts) == ["held-out wording", "held-out wording, a refusal",
                           "noise=0", "noise=0.1", "noise=0.5"]  # fmt: skip
    columns = ["split", "kind", "user", "cut", "target"]
    for part in parts.values():
        assert part[columns].to_numpy().tolist() == own[columns].to_numpy().tolist()
        assert not part["dropped"].any()


def test_the_own_noise_gives_the_own_texts(parts, own):
    assert parts["noise=0.1"]["text"].tolist() == own["text"].tolist()
    assert parts["noise=0.5"]["text"].tolist() != own["text"].tolist()


def test_with_more_noise_more_texts_are_false_and_none_without(parts, inputs):
    has = inputs["dataset"].load("items.parquet").set_index("item")["attributes"].map(set)

    def false(part):
        return {i for i, (target, said) in enumerate(zip(part["target"], part["attributes"],
                strict=True)) if set(said) - has[target]}  # fmt: skip

    wrong = [false(parts[f"noise={level}"]) for level in ("0", "0.1", "0.5")]
    assert not wrong[0] and wrong[1] < wrong[2]


def test_a_refusal_is_something_that_the_target_lacks(parts, inputs):
    has = inputs["dataset"].load("items.parquet").set_index("item")["attributes"].map(set)
    one, plain = parts["held-out wording, a refusal"], parts["held-out wording"]
    assert all(len(refused) == 1 and not set(refused) & has[target]
               for target, refused in zip(one["target"], one["refused"], strict=True))  # fmt: skip
    assert all(len(refused) == 0 for refused in plain["refused"])
    assert [list(x) for x in one["attributes"]] == [list(x) for x in plain["attributes"]]


def test_dropped_cases_stay_out(inputs, own, tmp_path):
    frame = inputs["simulate"].load("utterances.parquet")
    frame["dropped"] = frame.index == own.index[3]
    less = {**inputs, "simulate": artifact(tmp_path / "said", {}, utterances=frame)}
    settings = STAGE.settings(config(*TEXTS))
    found = made(controls, settings, less, tmp_path / "controls").load("utterances.parquet")
    assert set(found.groupby("control").size()) == {len(own) - 1}


def described(inputs, folder, texts):
    """The inputs with descriptions of the items."""
    tables = {
        name: inputs["dataset"].load(f"{name}.parquet")
        for name in ("items", "interactions", "attributes", "users")
    }
    tables["items"]["description"] = [texts(item) for item in tables["items"]["item"]]
    return {**inputs, "dataset": artifact(folder, inputs["dataset"].summary, **tables)}


def test_a_case_without_a_plot_has_no_text(inputs, own, tmp_path):
    told = described(inputs, tmp_path / "d", lambda item: "A man walks by the sea." * (item % 2))
    settings = STAGE.settings(config("controls.texts=[plot]"))
    found = made(controls, settings, told, tmp_path / "c").load("utterances.parquet")
    assert found["dropped"].tolist() == [target % 2 == 0 for target in own["target"]]
    assert found[~found["dropped"]]["text"].str.contains("a man walks by the sea").all()
    assert all(len(said) == 0 for said in found["attributes"])


def test_plots_of_data_without_descriptions_are_refused(inputs, tmp_path):
    settings = STAGE.settings(config("controls.texts=[plot]"))
    with pytest.raises(UserError, match=r"plot needs descriptions.*tiny \(generated\) has none"):
        made(controls, settings, inputs, tmp_path)


def test_a_sort_of_text_that_no_case_has_is_refused(inputs, tmp_path):
    told = described(inputs, tmp_path / "d", lambda item: "A man of 60 walks by the sea.")
    settings = STAGE.settings(config("controls.texts=[plot]"))
    with pytest.raises(UserError, match="no test case has a text for 'plot alone'"):
        made(controls, settings, told, tmp_path / "c")


def test_the_table_of_phrases_is_in_the_name_by_its_content(tmp_path):
    (file := tmp_path / "mine.txt").write_text("noun: film\n")

    def named(phrases, *texts):
        return STAGE.settings(config(f"dataset.phrases={phrases}", *texts)).identity()

    first = named(file, *TEXTS)
    (other := tmp_path / "other.txt").write_text("noun: film\n")
    assert named(other, *TEXTS) == first
    other.write_text("noun: flick\n")
    assert named(other, *TEXTS) != first
    noise = "controls.noise=[0.2]"
    assert named(file, noise) == named(other, noise)
    assert isinstance(STAGE.settings(config(noise)), ControlTexts)


def test_a_control_that_is_there_twice_is_refused():
    with pytest.raises(UserError, match=r"controls\.noise: each value once"):
        config("controls.noise=[0.1,0.1]")
