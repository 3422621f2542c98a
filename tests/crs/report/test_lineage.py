"""What a result stands on, what it took, and how it was trained."""

import shutil

from crs.report.collect import Record
from crs.report.lineage import ancestors, costs, known, raw_files, remade
from crs.store.artifact import Artifact
from crs.store.epochs import epochs_of
from tests.contracts.tiny import other


def test_every_result_comes_behind_what_it_was_made_from(finished):
    found = list(ancestors(finished))
    assert found[0] == "dataset" and {"pretrain", "intents", "embed", "train"} < set(found)
    stages = Record(finished).stages
    assert list(stages)[-1] == "evaluate"
    for place, artifact in enumerate(stages.values()):
        assert set(artifact.manifest["inputs"]) <= set(list(stages)[:place])


def test_a_shared_result_costs_once(jobs):
    artifacts = [one for job in jobs.values() for one in Record(job).stages.values()]
    found = {cost.stage: cost for cost in costs(artifacts)}
    assert {stage: cost.results for stage, cost in found.items()} == {
        "dataset": 1, "pretrain": 4, "evaluate": 4,
    }  # fmt: skip
    seconds = [job.manifest["seconds"] for job in jobs.values()]
    assert found["evaluate"].seconds == sum(seconds) and found["evaluate"].usd == 0


def test_every_phase_has_its_epochs_and_other_files_none(finished):
    found = epochs_of(Record(finished).stages["train"])
    assert {"intents", "behaviour"} <= set(found) and "model" not in found
    assert [epoch["epoch"] for epoch in found["intents"]] == [0, 1]


def test_what_is_no_longer_there_is_there_by_its_name(jobs, tmp_path):
    one = jobs["0.01", 1]
    copy = tmp_path / "store" / "evaluate" / one.fingerprint
    shutil.copytree(one.path, copy)
    record = Record(Artifact(copy))
    assert list(record.stages) == ["dataset", "pretrain", "evaluate"]
    assert [known(artifact) for artifact in record.stages.values()] == [False, False, True]
    assert record.dataset == "" and len(costs(record.stages.values())) == 1


def test_an_input_that_was_made_again_with_other_content_is_told(jobs, tmp_path):
    one = jobs["0.01", 1]
    data = Record(one).stages["dataset"]
    again = other(data, tmp_path / "dataset" / data.fingerprint, digest="other")
    assert not remade(one, "dataset", data) and remade(one, "dataset", again)


def test_the_raw_files_are_those_of_the_data_set(jobs):
    data = Record(jobs["0.01", 1]).stages["dataset"]
    assert [raw.source for raw in raw_files(data)] == ["generated"]
