"""A killed command continues its run; all other runs have ids of their own."""

from crs.tracking.ids import RunId


def test_a_command_that_did_not_succeed_continues_its_run(tmp_path):
    first = RunId(tmp_path, "pretrain-abc", ["pretrain", "abc"])
    assert not first.continued and first.value.startswith("pretrain-abc-")
    first.close(succeeded=False)
    second = RunId(tmp_path, "pretrain-abc", ["pretrain", "abc"])
    assert second.continued and second.value == first.value
    second.close(succeeded=True)
    third = RunId(tmp_path, "pretrain-abc", ["pretrain", "abc"])
    assert not third.continued and third.value != first.value


def test_other_commands_and_stores_have_other_ids(tmp_path):
    ids = [RunId(tmp_path / store, "a", [what]) for store, what in ("ax", "ay", "bx")]
    assert len({one.value for one in ids}) == 3


def test_a_command_that_runs_twice_at_once_is_two_runs(tmp_path):
    first, second = (RunId(tmp_path, "a", ["x"]) for _ in range(2))
    assert first.value != second.value
    second.close(succeeded=True)
    first.close(succeeded=False)
    assert RunId(tmp_path, "a", ["x"]).value == first.value


def test_a_file_that_is_damaged_is_no_id(tmp_path):
    RunId(tmp_path, "a", ["x"]).close(succeeded=False)
    next((tmp_path / "runs").glob("*.json")).write_text("{")
    assert not RunId(tmp_path, "a", ["x"]).continued
