import torch

from crs.data.cases import Cases
from crs.evaluation.repeat_newest import RepeatNewest
from crs.testing import RecommenderContract
from crs.testing.histories import sequences


class TestRepeatNewest(RecommenderContract):
    def recommender(self, sequences):
        return RepeatNewest(sequences.n_items)


def test_the_newest_is_repeated_first_by_hand():
    """Taken: 2, 3, 2, 1. Newest first 1, 2 (again after 3), 3; then nothing."""
    data = sequences([2, 3, 2, 1, 5], items=5)
    model = RepeatNewest(5)
    query = model.queries(Cases(data, torch.tensor([1]), torch.tensor([4]))).to_dense()
    assert query.tolist() == [[0, 4, 3, 2, 0, 0]]
    assert query[0].argsort(descending=True)[:3].tolist() == [1, 2, 3]
    assert torch.equal(model.catalogue()[0].to_dense(), torch.eye(6))


def test_what_was_shown_and_refused_is_not_repeated():
    data = sequences([1, 2, 3, 2, 3], items=6)
    cases = Cases(data, torch.tensor([1]), torch.tensor([4]), shown=torch.tensor([[5, 6]]))
    assert RepeatNewest(6).queries(cases).to_dense().tolist() == [[0, 1, 4, 3, 0, 0, 0]]


def test_a_long_catalogue_takes_no_square_of_memory():
    data = sequences([1, 2, 3, 4], items=3_000_000)
    model = RepeatNewest(data.n_items)
    assert model.catalogue()[0]._nnz() == data.n_items + 1
    assert model.queries(Cases(data, torch.tensor([1]), torch.tensor([3])))._nnz() == 3
