"""The stage on generated data, with scorers that the test can follow."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crs.errors import UserError
from crs.evaluation import evaluate
from crs.evaluation.results import COLUMNS
from crs.stages.evaluation import Evaluate
from data_generator.agenda import AgendaUser
from data_generator.agenda_acts import Act
from multi_turn.dialogues import drawn_cases
from tests.contracts.tiny import config, context, spoken
from tests.multi_turn.stage import OPTIONS, Echo, play, value


def test_the_table_is_long_and_whole(long):
    assert list(long.columns) == COLUMNS
    assert not long.isna().any().any()
    assert not long.duplicated(["scorer", "slice", "metric", "k"]).any()
    assert set(long["scorer"]) == {
        name + way for name in ("popularity", "attribute filter", "toy text")
        for way in ("", " + requirements")
    }  # fmt: skip
    assert set(long["split"]) == {"test"} and set(long["protocol"]) == {"multi_turn"}
    assert ((long["low"] <= long["value"] + 1e-9) & (long["value"] <= long["high"] + 1e-9)).all()


def test_success_and_turns_are_those_of_the_dialogues(long, log):
    for scorer, mine in log.groupby("scorer"):
        won = mine[mine["success"]].set_index("case")["turn"]
        for turn in range(1, 5):
            assert value(long, scorer, f"turn={turn}", "success") == (won <= turn).sum() / 20
        turns = won.reindex(range(20)).fillna(4)
        assert value(long, scorer, "all", "avg_turns") == pytest.approx(turns.mean())
        assert value(long, scorer, "all", "success") == len(won) / 20
        if len(won):
            assert value(long, scorer, "successes", "avg_turns") == pytest.approx(won.mean())


def test_figures_of_a_turn_are_over_the_open_dialogues(long, log):
    for (scorer, turn), mine in log.groupby(["scorer", "turn"]):
        part = f"turn={turn}"
        before, after = mine["before"], mine["after"]
        assert value(long, scorer, part, "hr", 10) == pytest.approx((after <= 10).mean())
        assert value(long, scorer, f"{part} before re-ranking", "hr", 10) == pytest.approx(
            (before <= 10).mean()
        )
        won, lost = (after <= 3) & (before > 3), (after > 3) & (before <= 3)
        assert value(long, scorer, part, "won") == pytest.approx(won.mean())
        assert value(long, scorer, part, "lost") == pytest.approx(lost.mean())
        rows = long[(long["scorer"] == scorer) & (long["slice"] == part) & (long["metric"] == "hr")]
        assert set(rows["cases"]) == {len(mine)}


def test_a_dialogue_ends_with_its_success_or_with_the_last_turn(log):
    for (_, _), mine in log.groupby(["scorer", "case"]):
        assert mine["turn"].tolist() == list(range(1, len(mine) + 1))
        assert not mine["success"].iloc[:-1].any()
        assert mine["success"].iloc[-1] or len(mine) == 4
        for target, shown, success in mine[["target", "shown", "success"]].itertuples(index=False):
            assert success == (target in list(shown))


def test_nothing_is_shown_twice_and_nothing_of_the_history(log, inputs):
    cases, _ = drawn_cases(inputs, OPTIONS)
    row, item = cases.seen
    for (_, case), mine in log.groupby(["scorer", "case"]):
        shown = np.concatenate(mine["shown"].tolist())
        assert len(set(shown)) == len(shown)
        assert not set(shown) & set(item[row == case].tolist())


def test_requirements_are_kept_unless_too_few_items_have_them(log):
    mine = log[log["scorer"] == "popularity + requirements"]
    plain = log[log["scorer"] == "popularity"]
    assert set(mine["broken"] == 0) == {True, False} and (plain["broken"] == 0).all()
    assert mine["success"].sum() > plain["success"].sum()


def test_the_first_turn_is_the_one_turn_evaluation(inputs, log, tmp_path):
    protocol = replace(config().evaluation, resamples=20, permutations=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Echo, "read", None)
        patch.setattr(Echo, "queries", lambda self, cases: cases.text)
        evaluate.run(Evaluate("toy", 3, protocol, ["toy text"]), inputs, tmp_path, context())
    ranks = pd.read_parquet(tmp_path / "ranks.parquet")
    ranks = ranks[(ranks["split"] == "test") & (ranks["slice"] == "all")]
    for scorer in ("popularity", "toy text"):
        first = log[(log["scorer"] == scorer) & (log["turn"] == 1)]
        both = first.merge(ranks[ranks["scorer"] == scorer], on=["user", "cut"])
        assert len(both) == 20
        assert both["before"].tolist() == both["rank"].tolist() == both["after"].tolist()


def test_users_say_first_what_they_said_in_training_and_evaluation(inputs, log):
    frame = inputs["simulate"].load("utterances.parquet")
    frame = frame.set_index(["split", "user", "cut"])["text"]
    first = log[log["turn"] == 1]
    assert all(
        said == frame["test", user, cut]
        for said, user, cut in first[["said", "user", "cut"]].itertuples(index=False)
    )


def test_texts_stray_no_further_than_they_are_measured(long):
    rows = long[long["metric"] == "nearest_text"]
    assert set(rows["scorer"]) == {"toy text", "toy text + requirements"}
    assert rows["value"].between(-1, 1).all()


def test_replies_name_what_was_understood(log, inputs):
    names = ["", *inputs["dataset"].load("attributes.parquet")["name"].str.lower()]
    for asked, reply in log[["requirements", "reply"]].head(50).itertuples(index=False):
        for one in json.loads(asked):
            if one["attribute"]:
                assert names[one["attribute"]] in reply
        assert "\n1. " in reply


def test_the_models_own_line_is_tested_against_those_of_its_way(result, log):
    tests = result.load("tests.parquet")
    assert set(zip(tests["scorer"], tests["against"], strict=True)) == {
        ("toy text" + way, other + way) for way in ("", " + requirements")
        for other in ("popularity", "attribute filter")
    }  # fmt: skip
    for row in tests.itertuples():
        own, other = (log[log["scorer"] == name] for name in (row.scorer, row.against))
        if row.metric == "success":
            difference = own["success"].sum() / 20 - other["success"].sum() / 20
        else:
            ends = [one.groupby("case")["turn"].max().sum() / 20 for one in (own, other)]
            difference = ends[0] - ends[1]
        assert row.difference == pytest.approx(difference)
        assert 0 < row.p <= row.p_holm <= 1


def test_the_report_can_be_read(result):
    text = (result.path / "results.md").read_text()
    assert "| popularity + requirements" in text and "turn 4" in text
    assert "Generated data" in text
    read = (result.path / "dialogues.md").read_text()
    assert "**User:**" in read and "toy text + requirements" in read
    assert (result.path / "success.png").stat().st_size > 10_000


def test_another_user_than_that_of_the_training_texts_says_the_first_words_too(inputs, agenda, log):
    first = agenda.load("dialogues.parquet").query("turn == 1")
    frame = inputs["simulate"].load("utterances.parquet")
    frame = frame.set_index(["split", "user", "cut"])["text"]
    assert first[["user", "cut"]].equals(
        log.query("turn == 1")[["user", "cut"]].set_index(first.index)
    )
    assert not any(
        said == frame["test", user, cut]
        for said, user, cut in first[["said", "user", "cut"]].itertuples(index=False)
    )
    assert first["embedded"].sum() == 2 * 20 and (first["nearest"].dropna() < 0.999).all()
    text = (agenda.path / "results.md").read_text()
    assert "simulated user `agenda`" in text and "the training texts are another user's" in text
    said = len(agenda.load("dialogues.parquet"))
    assert f"Of {said} utterances " in text and agenda.summary["answers"] == said


def test_who_leaves_says_nothing_more_and_has_failed(agenda):
    log, long = agenda.load("dialogues.parquet"), agenda.load("results.parquet")
    ends = log.groupby(["scorer", "case"]).agg(turn=("turn", "max"), success=("success", "max"))
    left = ~ends["success"] & (ends["turn"] < OPTIONS.turns)
    assert left.any() and (ends["turn"][left] >= 3).all()
    told = f"In {left.sum()} of {len(ends)} dialogues the user left before the last turn."
    assert told in (agenda.path / "results.md").read_text()
    for scorer, mine in ends.groupby("scorer"):
        assert value(long, scorer, "all", "success") == mine["success"].mean()
        turns = mine["turn"].where(mine["success"], OPTIONS.turns)
        assert value(long, scorer, "all", "avg_turns") == pytest.approx(turns.mean())


def test_when_all_users_have_left_the_dialogues_are_over(inputs, tmp_path, monkeypatch):
    monkeypatch.setattr(AgendaUser, "acts", lambda self, talk, draw=0: (
        [] if talk.turns else [Act("disclose")]))  # fmt: skip
    found = play(inputs, tmp_path / "left", user="agenda")
    assert set(found.load("dialogues.parquet")["turn"]) == {1}
    assert "turn 4" in (found.path / "results.md").read_text()


def test_scorers_can_be_chosen(inputs, tmp_path):
    found = play(inputs, tmp_path / "one", scorers=["popularity"], rerankers=["none"], turns=1)
    assert set(found.load("results.parquet")["scorer"]) == {"popularity"}
    with pytest.raises(UserError, match=r"multi_turn\.scorers.*'mine'.*popularity"):
        play(inputs, tmp_path / "two", scorers=["mine"])


def test_the_released_way_re_ranks_the_best_by_score(inputs, tmp_path):
    found = play(
        inputs, tmp_path / "released", rerankers=["as_released"], top=10, seen="in", turns=2
    )
    log = found.load("dialogues.parquet")
    names = ("popularity", "attribute filter", "toy text")
    assert set(log["scorer"]) == {name + " + re-ranking" for name in names}
    mine = log[log["scorer"] == "toy text + re-ranking"]  # counts would tie at the tenth place
    outside = mine[mine["before"] > 10]
    assert len(outside) and (outside["before"] == outside["after"]).all()
    assert not outside["success"].any()


@pytest.mark.parametrize("mode", ["newest", "joined"])
def test_other_texts_lead_elsewhere(inputs, log, tmp_path, mode):
    found = play(inputs, tmp_path / mode, text=mode, scorers=["toy text"], rerankers=["none"])
    other = found.load("dialogues.parquet")
    mine = log[log["scorer"] == "toy text"].reset_index(drop=True)

    def shown(frame, turn):
        return [list(s) for s in frame[frame["turn"] == turn].sort_values("case")["shown"]]

    assert shown(other, 1) == shown(mine, 1)
    assert shown(other, 2) != shown(mine, 2)


@pytest.fixture
def repeating(tmp_path):
    """Texts of data in which users take items again."""
    return spoken(tmp_path, "dataset.duplicates=keep")


def test_where_users_take_items_again_every_target_is_asked_for(repeating):
    cases, _ = drawn_cases(repeating, replace(OPTIONS, cases=1000))
    everyone, _ = drawn_cases(repeating, replace(OPTIONS, cases=1000, seen="in"))
    assert cases.repeats.any() and len(cases) == len(everyone)


def test_a_target_that_was_seen_is_not_asked_for(repeating, monkeypatch):
    monkeypatch.setattr("crs.data.sequences.REPEATING", 1.0)
    inputs = repeating
    cases, said = drawn_cases(inputs, replace(OPTIONS, cases=1000))
    row, item = cases.seen
    assert not (item == cases.target[row]).any()
    everyone, _ = drawn_cases(inputs, replace(OPTIONS, cases=1000, seen="in"))
    assert len(said) == len(cases) < len(everyone)
    assert said["user"].tolist() == cases.user.tolist()


def test_cases_are_drawn_by_their_own_seed(inputs):
    drawn = (drawn_cases(inputs, replace(OPTIONS, seed=seed))[0] for seed in (1, 2))
    one, two = (cases.user.tolist() for cases in drawn)
    assert one != two and len(one) == len(set(one)) == 20 and one == sorted(one)


def test_dialogues_that_all_succeed_early_leave_a_table(inputs, tmp_path):
    """Thirty items, five new ones a turn: after six turns nobody is left to speak."""
    talks = play(
        inputs, tmp_path / "long", turns=9, shown=5, scorers=["popularity"], rerankers=["none"]
    )
    log, long = talks.load("dialogues.parquet"), talks.load("results.parquet")
    assert log["turn"].max() <= 6
    for turn in range(int(log["turn"].max()), 10):
        assert value(long, "popularity", f"turn={turn}", "success", 5) == 1.0
    assert "turn 9" in (talks.path / "results.md").read_text()
    play(inputs, tmp_path / "long", turns=9, shown=5, scorers=["popularity"], rerankers=["none"])
