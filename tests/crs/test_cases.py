from dataclasses import replace

import pytest
import torch

from crs.cases import Cases, cases_of, spoken_cases
from crs.data.sequences import leave_one_out
from tests.contracts.tiny import artifact, sequences, spoken
from text2embedding.encoders import Hashed


@pytest.fixture
def cases():
    data = sequences([1, 2, 3], [4, 5, 6, 7])
    return Cases(
        data, torch.tensor([1, 2, 2]), torch.tensor([2, 3, 0]), torch.eye(3), torch.eye(3) * 2
    )


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return spoken(tmp_path_factory.mktemp("spoken"))


def test_targets_and_histories_lie_on_both_sides_of_the_cut(cases):
    assert cases.target.tolist() == [3, 7, 4]
    assert cases.history(2).tolist() == [[1, 2], [5, 6], [0, 0]]
    row, item = cases.seen
    assert row.tolist() == [0, 0, 1, 1, 1] and item.tolist() == [1, 2, 4, 5, 6]


def test_a_part_keeps_what_belongs_together(cases):
    part = cases[torch.tensor([2, 0])]
    assert part.target.tolist() == [4, 3]
    assert torch.equal(part.text, torch.eye(3)[[2, 0]])
    assert torch.equal(part.known, 2 * torch.eye(3)[[2, 0]])


def test_cases_without_text_are_cut_too(cases):
    bare = replace(cases, text=None, known=None)[:2]
    assert len(bare) == 2 and bare.text is None and bare.known is None


@pytest.mark.parametrize("size", [1, 2, 3, 9])
def test_chunks_are_all_cases_in_order(cases, size):
    parts = list(cases.chunks(size))
    assert all(len(part) <= size for part in parts)
    assert torch.cat([part.target for part in parts]).tolist() == cases.target.tolist()


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_each_text_is_with_the_case_it_was_said_in(inputs, split):
    frame = inputs["simulate"].load("utterances.parquet")
    frame = frame[frame["split"] == split]
    found = spoken_cases(inputs, split)
    assert found.user.tolist() == frame["user"].tolist()
    assert found.target.tolist() == frame["target"].tolist()
    wanted = torch.from_numpy(Hashed(32).encode(frame["text"].tolist()))
    torch.testing.assert_close(found.text, wanted, atol=1e-3, rtol=0)
    known = [row.nonzero()[:, 0].tolist() for row in found.known]
    assert known == [sorted(map(int, cell)) for cell in frame["attributes"]]


def test_what_is_known_has_a_column_an_attribute(inputs):
    attributes = inputs["dataset"].summary["attributes"]
    assert spoken_cases(inputs, "test").known.shape[1] == attributes + 1


def test_dropped_texts_are_no_cases(inputs, tmp_path):
    frame = inputs["simulate"].load("utterances.parquet")
    frame["dropped"] = frame.index % 2 == 0
    less = {**inputs, "simulate": artifact(tmp_path / "s", {}, utterances=frame)}
    whole, found = spoken_cases(inputs, "test"), spoken_cases(less, "test")
    kept = torch.tensor((~frame["dropped"])[frame["split"] == "test"].to_numpy())
    assert torch.equal(found.user, whole.user[kept])
    assert torch.equal(found.text, whole.text[kept])


def test_without_vectors_there_is_no_text(inputs):
    bare = {name: found for name, found in inputs.items() if name != "embed"}
    assert spoken_cases(bare, "test").text is None


@pytest.mark.parametrize("split", ["valid", "test"])
def test_the_same_cases_with_and_without_texts(inputs, split):
    silent = cases_of({"dataset": inputs["dataset"]}, split)
    said = cases_of(inputs, split)
    assert torch.equal(silent.user, said.user) and torch.equal(silent.cut, said.cut)
    assert torch.equal(silent.user, leave_one_out(silent.sequences, split)[0])
    assert silent.text is None


def test_a_part_of_the_cases_takes_every_field_along():
    data = sequences([1, 2], [3, 4])
    cases = Cases(
        data, torch.tensor([1, 2]), torch.tensor([1, 1]),
        refused=torch.eye(2), shown=torch.tensor([[3], [4]]),
        dialogue={"entities": torch.tensor([[5], [6]])},
        slices={"marked": torch.tensor([True, False])}, cluster=torch.tensor([8, 9]),
    )  # fmt: skip
    part = cases[torch.tensor([1])]
    assert part.refused.tolist() == [[0.0, 1.0]] and part.shown.tolist() == [[4]]
    assert part.dialogue["entities"].tolist() == [[6]] and part.slices["marked"].tolist() == [False]
    assert part.clusters.tolist() == [9] and part.sequences is data
    assert cases[:1].target.tolist() == [2]
