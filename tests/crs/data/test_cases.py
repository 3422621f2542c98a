from dataclasses import replace

import pytest
import torch

from crs.data.attribute_dialogues import TABLE
from crs.data.cases import ALL, DIALOGUES, Cases, case_sets, cases_of, spoken_cases, turn_cases
from crs.data.sequences import leave_one_out
from crs.errors import UserError
from crs.testing.histories import sequences
from data_generator import dialogues
from tests.contracts.tiny import artifact, config, made, spoken
from text2embedding.hashed import Hashed


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


def test_a_row_is_a_user_in_the_sequences_of_a_data_set_alone(inputs):
    known = cases_of({"dataset": inputs["dataset"]}, "test")
    assert torch.equal(known.user, known.row)
    nobodys = replace(known, sequences=replace(known.sequences, of_users=False))
    with pytest.raises(UserError, match="of none of them; take a model that reads the history"):
        _ = nobodys.user
    assert torch.equal(nobodys.target, known.target)
    assert torch.equal(nobodys[:2].clusters, known.row[:2])


def test_items_that_were_refused_count_as_seen():
    data = sequences([1, 2, 3], [4, 5, 6])
    shown = torch.tensor([[7, 0], [0, 0], [8, 9]])
    cases = Cases(data, torch.tensor([1, 2, 2]), torch.tensor([2, 0, 1]), shown=shown)
    row, item = cases.seen
    assert row.tolist() == [0, 0, 0, 2, 2, 2] and item.tolist() == [1, 2, 7, 4, 8, 9]


def test_what_was_asked_for_has_the_dialogues_order_or_else_that_of_the_ids():
    known = torch.tensor([[0.0, 1, 0, 1], [0, 0, 1, 0]])
    cases = Cases(sequences([1, 2]), torch.tensor([1, 1]), torch.tensor([1, 1]), known=known)
    assert cases.asked.tolist() == [[1, 3], [2, 0]]
    said = replace(cases, dialogue={"attributes": torch.tensor([[3, 1], [2, 0]])})
    assert said.asked.tolist() == [[3, 1], [2, 0]]
    assert said[1:].asked.tolist() == [[2, 0]]


@pytest.fixture(scope="module")
def talked(inputs, tmp_path_factory):
    """The same data set with simulated attribute dialogues."""
    place = tmp_path_factory.mktemp("talked") / "d"
    return inputs | {"dialogues": made(dialogues, config().dialogues, inputs, place)}


def test_every_turn_is_a_case(talked):
    table = talked["dialogues"].load(TABLE)
    part = table[table["split"] == "test"]
    found = turn_cases(talked["dataset"], table, "test")
    assert found.user.tolist() == part["user"].tolist()
    assert found.cut.tolist() == part["cut"].tolist()
    assert found.clusters.tolist() == part["dialogue"].tolist()
    counts = (found.known > 0).sum(1)
    assert torch.equal(counts, (found.asked > 0).sum(1)) and (found.known[:, 0] == 0).all()
    assert all(torch.equal(mask, counts == int(name.removeprefix("attributes=")))
               for name, mask in found.slices.items())  # fmt: skip
    assert sum(found.slices.values()).tolist() == [1] * len(found)


def test_simulated_dialogues_are_a_set_beside_the_shared_cases(talked):
    sets = case_sets(talked, "test")
    assert list(sets) == [ALL, DIALOGUES]
    alone = case_sets({k: v for k, v in talked.items() if k != "dialogues"}, "test")
    assert list(alone) == [ALL] and torch.equal(alone[ALL].user, sets[ALL].user)


def test_two_sets_have_no_slice_of_one_name(tmp_path):
    again = spoken(tmp_path / "again", "dataset.duplicates=keep")
    talks = made(dialogues, config().dialogues, again, tmp_path / "talks" / "d")
    sets = case_sets(again | {"dialogues": talks}, "test")
    assert list(sets[ALL].slices) == ["repeats", "no_repeats"]
    assert not {*sets[ALL].slices} & {*sets[DIALOGUES].slices}


def test_a_datasets_own_dialogues_are_the_cases_of_every_model(talked, tmp_path):
    dataset = talked["dataset"]
    table = talked["dialogues"].load(TABLE)
    own = artifact(
        tmp_path / "own", dataset.summary | {"dialogues": 9}, attribute_dialogues=table,
        interactions=dataset.load("interactions.parquet"),
    )  # fmt: skip
    wanted = turn_cases(dataset, table, "valid")
    for inputs in ({"dataset": own}, {**talked, "dataset": own}):
        sets = case_sets(inputs, "valid")
        assert list(sets) == [ALL] and torch.equal(sets[ALL].asked, wanted.asked)


def test_where_users_take_items_again_no_history_is_left_out(cases):
    cases.shown = torch.tensor([[9, 0], [0, 0], [8, 0]])
    assert cases.left_out[1].tolist() == [1, 2, 4, 5, 6]
    assert cases.excluded[1].tolist() == [1, 2, 9, 4, 5, 6, 8]
    again = replace(cases, sequences=replace(cases.sequences, repeats=0.5))
    assert again.left_out[1].tolist() == []
    assert [part.tolist() for part in again.excluded] == [
        [0, 2],
        [9, 8],
    ]  # refused: out all the same
    assert again.seen[1].tolist() == cases.seen[1].tolist()


def test_repeats_are_targets_of_the_own_history():
    data = sequences([1, 2, 1], [1, 2, 3], [3, 3, 3])
    cases = Cases(data, torch.tensor([1, 2, 3]), torch.tensor([2, 2, 0]))
    assert cases.repeats.tolist() == [True, False, False]


def test_slices_of_repeats_stand_where_users_take_items_again(tmp_path):
    for name, overrides in (("never", ()), ("again", ("dataset.duplicates=keep",))):
        found = case_sets(spoken(tmp_path / name, *overrides), "test")[ALL]
        if name == "never":
            assert found.slices == {}
        else:
            assert list(found.slices) == ["repeats", "no_repeats"]
            assert torch.equal(found.slices["repeats"], found.repeats)
            assert torch.equal(found.slices["no_repeats"], ~found.repeats)
