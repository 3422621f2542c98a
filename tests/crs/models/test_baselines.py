from dataclasses import replace

import pytest
import torch

from crs.data.attributes import attribute_matrix
from crs.data.cases import Cases
from crs.data.popularity import popularity_counts
from crs.evaluation.ranking import topk
from crs.models.attribute_filter.scorers import AttributeFilter
from crs.models.attribute_filter.scorers import scorers as attribute_filter
from crs.models.iclrec.scorers import scorers as iclrec
from crs.models.popularity.scorers import Popularity
from crs.models.popularity.scorers import scorers as popularity
from crs.models.sasrec.scorers import scorers as sasrec
from crs.nn.encoder import Encoder
from crs.nn.sequential import Sequential, States, encode, load_encoder
from crs.testing import RecommenderContract
from crs.testing.histories import sequences
from pre_rec_model import pretrain
from tests.contracts.tiny import config, dataset, made

ATTRIBUTES = 3


def encoder_of(items):
    torch.manual_seed(items)
    return Encoder(items, 8, 1, 2, 5, 0.0, 0.0, "post").eval()


class TestPopularity(RecommenderContract):
    def recommender(self, sequences):
        return Popularity(sequences)


class TestAttributeFilter(RecommenderContract):
    def recommender(self, sequences):
        generator = torch.Generator().manual_seed(1)
        matrix = torch.rand(sequences.n_items + 1, ATTRIBUTES + 1, generator=generator).round()
        matrix[0] = matrix[:, 0] = 0
        return AttributeFilter(sequences, matrix)

    def cases(self, sequences):
        cases = super().cases(sequences)
        known = torch.zeros(len(cases), ATTRIBUTES + 1)
        known[torch.arange(len(cases)), cases.target % ATTRIBUTES + 1] = 1
        return replace(cases, known=known)

    def test_without_attributes_it_says_so(self, data):
        with pytest.raises(ValueError, match="known"):
            self.recommender(data).queries(super().cases(data))

    def test_one_match_more_beats_any_popularity(self):
        data = sequences([1, 1, 1, 1, 1, 2, 1, 1], [1, 1, 1, 1, 1], items=3)
        matrix = torch.tensor([[0, 0, 0], [0, 1, 0], [0, 1, 1], [0, 0, 0]]).float()
        model = AttributeFilter(data, matrix)
        cases = replace(super().cases(data), known=torch.tensor([[0.0, 1, 1], [0, 1, 0]]))
        found, _ = topk(model.queries(cases), model.catalogue(), 3, n_items=3)
        assert found.tolist() == [[2, 1, 3], [1, 2, 3]]


class TestSequential(RecommenderContract):
    def recommender(self, sequences):
        return Sequential(States(encoder_of(sequences.n_items).requires_grad_(False)))

    def test_a_score_is_the_product_of_state_and_item(self, data):
        model, cases = self.recommender(data), self.cases(data)
        encoder = model.states.encoder
        wanted = encoder.states(cases.history(5)) @ encoder.item_table.weight.T
        torch.testing.assert_close(self.scores(model, cases), wanted)

    def test_the_order_of_a_history_matters(self, data):
        model, cases = self.recommender(data), self.cases(data)
        turned = replace(cases, sequences=replace(data, items=data.items.flip(0)))
        assert not torch.equal(model.queries(cases), model.queries(turned))


def test_fewer_rows_of_the_item_table_may_be_ranked():
    states = States(encoder_of(7).requires_grad_(False))
    whole, short = Sequential(states).catalogue()[0], Sequential(states, 8).catalogue()[0]
    assert (len(whole), len(short)) == (9, 8)
    assert torch.equal(whole[:8], short)


@pytest.fixture
def encoded(monkeypatch):
    """The cases that were encoded, as often as they were."""
    asked = []
    monkeypatch.setattr(
        "crs.nn.sequential.encode", lambda e, cases: asked.append(cases) or encode(e, cases)
    )
    return asked


def test_scorers_share_the_states_of_the_same_histories(encoded):
    data = sequences([1, 2, 3, 4, 5], [3, 4], [5, 1, 2], items=5)
    cases, states = Cases(data, data.users, data.lengths(data.users)), States(encoder_of(5))
    one, two = Sequential(states), Sequential(states)
    spoken = replace(cases, text=torch.rand(3, 2), known=torch.rand(3, 2))
    wanted = encode(states.encoder, cases)
    for found in (one.queries(cases), two.queries(cases), one.queries(spoken)):
        assert torch.equal(found, wanted)
    assert len(encoded) == 1


def test_other_histories_are_encoded_anew(encoded):
    data = sequences([1, 2, 3, 4, 5], [3, 4, 1], [5, 1, 2], items=5)
    cases, states = Cases(data, data.users, data.lengths(data.users)), States(encoder_of(5))
    others = [
        cases,
        replace(cases, cut=cases.cut - 1),
        replace(cases, row=cases.row.flip(0), cut=cases.cut.flip(0)),
        replace(cases, sequences=replace(data, items=data.items.flip(0))),
        cases[:2],
        cases,
    ]
    for one in others:
        assert torch.equal(states(one), encode(states.encoder, one))
    assert len(encoded) == len(others)


def test_popularity_counts_the_training_part():
    data = sequences([1, 1, 2, 3, 3], [2, 1, 1], [1, 2], [3], items=4)
    assert popularity_counts(data).tolist() == [0, 2, 2, 0, 0]


def test_popularity_ranks_by_count():
    data = sequences([1, 2, 2, 9, 9], [2, 3, 3, 3, 9, 9], items=9)
    model = Popularity(data)
    cases = Cases(data, torch.tensor([1]), torch.tensor([0]))
    found, _ = topk(model.queries(cases), model.catalogue(), 3, n_items=9)
    assert found.tolist() == [[2, 3, 1]] or found.tolist() == [[3, 2, 1]]


def test_encoding_in_chunks_changes_nothing(monkeypatch):
    data = sequences([1, 2, 3, 4, 5], [3, 4], [5, 1, 2], items=5)
    cases, encoder = Cases(data, data.users, data.lengths(data.users)), encoder_of(5)
    whole = encode(encoder, cases)
    monkeypatch.setattr("crs.nn.sequential.CHUNK", 1)
    torch.testing.assert_close(encode(encoder, cases), whole)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """The generated data set and an encoder that was trained for one epoch."""
    root = tmp_path_factory.mktemp("models")
    inputs = {"dataset": dataset(root)}
    settings = config("model=sasrec", "pretrain.epochs=1").pretrain
    inputs["pretrain"] = made(pretrain, settings, inputs, root / "pretrain" / "tiny")
    return inputs


def test_the_matrix_holds_the_attributes_of_the_items(inputs):
    lists = inputs["dataset"].load("items.parquet")["attributes"]
    matrix = attribute_matrix(inputs["dataset"])
    assert matrix.shape == (len(lists) + 1, inputs["dataset"].summary["attributes"] + 1)
    assert not matrix[0].any() and not matrix[:, 0].any()
    found = [row.nonzero()[:, 0].tolist() for row in matrix[1:]]
    assert found == [sorted(map(int, cell)) for cell in lists]


def test_models_and_their_scorers(inputs):
    assert list(popularity(inputs)) == ["popularity"]
    assert list(attribute_filter(inputs)) == ["popularity", "attribute filter"]
    assert list(sasrec(inputs)) == ["popularity", "sasrec"]
    assert list(iclrec(inputs)) == ["popularity", "iclrec"]


def test_a_loaded_encoder_gives_the_states_that_were_written(inputs):
    from crs.data.sequences import Sequences, leave_one_out

    data = Sequences.of(inputs["dataset"])
    user, cut = leave_one_out(data, "train")
    states = encode(load_encoder(inputs["pretrain"]), Cases(data, user, cut))
    assert torch.equal(states, torch.from_numpy(inputs["pretrain"].load("states.npy").copy()))
    assert inputs["pretrain"].load("users.npy").tolist() == user.tolist()
