"""The loop of the dialogues: resumed to the same bits, damage, questions."""

import shutil

import pandas as pd
import pytest

from crs.dialogue import turn as dialogue_turn
from crs.errors import PartialResultError, UserError
from multi_turn import loop
from tests.multi_turn.stage import FILES, play


@pytest.mark.parametrize("user", ["rules", "agenda"])
def test_a_run_that_stopped_in_turn_3_goes_on_to_the_same_bits(
    user, inputs, result, agenda, tmp_path
):
    """Turn 3 breaks off in the middle, when the user has spoken and nothing is shown yet."""
    result = agenda if user == "agenda" else result
    real, turns = loop.Loop.show, []

    def breaks(self, line, part, number):
        turns.append(len(self.talks[0].turns))
        if max(len(talk.turns) for talk in self.talks) == 3:
            raise KeyboardInterrupt
        return real(self, line, part, number)

    folder = tmp_path / "multi_turn"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(loop.Loop, "show", breaks)
        play(inputs, folder, user=user)
    files = (folder / "resume").iterdir()
    kept = sorted(file.name for file in files if file.suffix != ".sha256")
    assert kept == ["turn_1.npy", "turn_1.parquet", "turn_2.npy", "turn_2.parquet"]
    made = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop.Loop, "show", lambda *words: made.append(1) or real(*words))
        again = play(inputs, folder, user=user)
    assert len(made) == 2 * 6  # two turns of six lines, not four
    for name in FILES:
        assert (again.path / name).read_bytes() == (result.path / name).read_bytes(), name


def test_users_who_say_nothing_are_one_sentence(inputs, tmp_path):
    with pytest.MonkeyPatch.context() as patch, pytest.raises(UserError, match="said a first word"):
        patch.setattr(loop.Loop, "step", lambda self, number: None)
        play(inputs, tmp_path / "multi_turn")


@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.parametrize("kind", ["npy", "parquet"])
@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_damage_to_a_turn_that_was_kept_is_told(turn, kind, damage, inputs, result, tmp_path):
    folder = tmp_path / "multi_turn"
    shutil.copytree(result.path, folder)
    file = folder / "resume" / f"turn_{turn}.{kind}"
    content = file.read_bytes()
    match damage:
        case "flip":
            file.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
        case "cut":
            file.write_bytes(content[:-9])
        case "gone":
            file.unlink()
    with pytest.raises(PartialResultError, match=file.name):
        play(inputs, folder)


@pytest.fixture(scope="module")
def asking(inputs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("asking")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dialogue_turn, "MANY", 2)  # the catalogue is small
        return {
            kind: play(inputs, folder / kind, questions=kind).load("dialogues.parquet")
            for kind in ("beside", "instead")
        }


@pytest.mark.parametrize("kind", ["beside", "instead"])
def test_a_system_that_asks_asks_nothing_twice(asking, kind):
    assert (asking[kind]["question"] != 0).sum() > 3
    for _, mine in asking[kind].groupby(["scorer", "case"]):
        questions = [one for one in mine["question"] if one]
        assert len(set(questions)) == len(questions)


def test_questions_beside_a_list_leave_the_first_list_as_it_is(asking, log):
    first, plain = (one[one["turn"] == 1].reset_index() for one in (asking["beside"], log))
    pd.testing.assert_series_equal(first["shown"], plain["shown"])


def test_a_question_instead_of_a_list_shows_nothing_while_many_items_are_left(asking):
    asked = asking["instead"]["question"] != 0
    assert asked.any() and (~asked).any()
    assert (asking["instead"].loc[asked, "shown"].str.len() == 0).all()
    assert (asking["instead"].loc[~asked, "shown"].str.len() == 3).all()


def test_the_user_answers_what_was_asked(asking, inputs):
    names = ["", *inputs["dataset"].load("attributes.parquet")["name"].str.lower()]
    frame = asking["beside"].sort_values(["scorer", "case", "turn"])
    before = frame.groupby(["scorer", "case"])["question"].shift(fill_value=0)
    for question, said in zip(before, frame["said"], strict=True):
        if question > 0:
            assert names[question] in said.lower()
    assert "Do you want" in frame["reply"].str.cat()


def test_a_run_that_asks_and_is_stopped_asks_the_same_when_it_resumes(
    inputs, tmp_path, monkeypatch, asking
):
    def stops(self, frame):
        end(self, frame)
        if frame["turn"].iloc[0] == 2:
            raise KeyboardInterrupt

    end = loop.Loop.end_turn
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(loop.Loop, "end_turn", stops)
        play(inputs, tmp_path, questions="beside")
    again = play(inputs, tmp_path, questions="beside").load("dialogues.parquet")
    pd.testing.assert_frame_equal(again, asking["beside"])
