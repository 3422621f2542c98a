"""What holds for every recommender: inherit it, and say how to build one on any data.

    class TestMine(RecommenderContract):
        def recommender(self, sequences):
            return Mine(sequences)

        def cases(self, sequences):  # only if it looks at more than histories
            return replace(super().cases(sequences), text=...)

Both must give the same whenever they are asked with the same data.
"""

from abc import ABC, abstractmethod
from dataclasses import replace

import pytest
import torch

from crs.data.cases import Cases
from crs.data.sequences import Sequences, leave_one_out
from crs.errors import UserError
from crs.evaluation.ranking import ranks, topk
from crs.recommender import Recommender
from crs.testing.histories import random_sequences, sequences


class RecommenderContract(ABC):
    """Queries and a catalogue, whatever they are made of."""

    @abstractmethod
    def recommender(self, sequences: Sequences) -> Recommender:
        """The recommender on this data, the same whenever it is asked for."""

    def cases(self, sequences: Sequences) -> Cases:
        """The test cases, with what the recommender looks at."""
        return Cases(sequences, *leave_one_out(sequences, "test"))

    @pytest.fixture
    def data(self) -> Sequences:
        return random_sequences(users=9, items=7, longest=8)

    def scores(self, model: Recommender, cases: Cases) -> torch.Tensor:
        items, bias = model.catalogue()
        queries = model.queries(cases).to_dense()  # scorers by rules have sparse ones
        return queries @ items.to_dense().T + (0 if bias is None else bias)

    def test_a_query_a_case_and_a_row_an_item(self, data: Sequences) -> None:
        model, cases = self.recommender(data), self.cases(data)
        queries, (items, bias) = model.queries(cases), model.catalogue()
        assert queries.shape == (len(cases), items.shape[1])
        assert len(items) >= data.n_items + 1
        assert bias is None or bias.shape == (len(items),)

    def test_it_says_what_it_sees(self, data: Sequences) -> None:
        assert self.recommender(data).sees

    def test_every_score_is_finite(self, data: Sequences) -> None:
        assert self.scores(self.recommender(data), self.cases(data)).isfinite().all()

    def test_neither_padding_nor_history_is_recommended(self, data: Sequences) -> None:
        model, cases = self.recommender(data), self.cases(data)
        found, scores = topk(
            model.queries(cases), model.catalogue(), data.n_items, cases.seen, n_items=data.n_items
        )
        for case in range(len(cases)):
            real = found[case][scores[case] > -torch.inf].tolist()
            row, item = cases.seen
            assert set(real) == set(range(1, data.n_items + 1)) - set(item[row == case].tolist())

    def test_targets_have_ranks_among_the_items(self, data: Sequences) -> None:
        model, cases = self.recommender(data), self.cases(data)
        found = ranks(
            model.queries(cases), model.catalogue(), cases.target, cases.seen, n_items=data.n_items
        )
        assert ((found >= 1) & (found <= data.n_items)).all()

    def test_the_same_cases_get_the_same_scores(self, data: Sequences) -> None:
        cases = self.cases(data)
        one, two = self.recommender(data), self.recommender(data)
        torch.rand(3)
        assert torch.equal(self.scores(one, cases), self.scores(one, cases))
        assert torch.equal(self.scores(one, cases), self.scores(two, cases))

    def test_a_case_is_scored_alone_as_in_company(self, data: Sequences) -> None:
        model, cases = self.recommender(data), self.cases(data)
        alone = torch.cat([self.scores(model, part) for part in cases.chunks(1)])
        torch.testing.assert_close(alone, self.scores(model, cases), atol=1e-5, rtol=1e-5)

    def test_queries_leave_the_catalogue_as_it_is(self, data: Sequences) -> None:
        model = self.recommender(data)
        before = [None if part is None else part.to_dense().clone() for part in model.catalogue()]
        model.queries(self.cases(data))
        ranks(model.queries(self.cases(data)), model.catalogue(), self.cases(data).target)
        for was, now in zip(before, model.catalogue(), strict=True):
            same = was is now is None
            assert same or (
                was is not None and now is not None and torch.equal(was, now.to_dense())
            )

    def test_nothing_asks_for_gradients(self, data: Sequences) -> None:
        model = self.recommender(data)
        assert not model.queries(self.cases(data)).requires_grad
        assert not model.catalogue()[0].requires_grad

    def test_an_empty_history_is_a_case(self, data: Sequences) -> None:
        model, cases = self.recommender(data), self.cases(data)
        cases.cut = torch.zeros_like(cases.cut)
        assert self.scores(model, cases).isfinite().all()

    def test_no_case_is_no_query(self, data: Sequences) -> None:
        model = self.recommender(data)
        queries = model.queries(self.cases(data)[:0])
        assert queries.shape == (0, model.catalogue()[0].shape[1])

    def test_what_comes_after_the_cut_changes_no_query(self, data: Sequences) -> None:
        model, cases = self.recommender(data), self.cases(data)
        future = data.items.clone()
        future[data.offsets[cases.row] + cases.cut] = 1
        other = self.cases(data)
        other.sequences = replace(data, items=future)
        one, two = model.queries(cases), model.queries(other)
        assert torch.equal(one.to_dense(), two.to_dense())

    def test_a_history_that_is_no_users_is_scored_by_itself_or_refused(
        self, data: Sequences
    ) -> None:
        """Wherever it lies: a row is nobody's number, as in the chat."""
        model, cases = self.recommender(data), self.cases(data)
        elsewhere = torch.cat([torch.zeros(1, dtype=torch.long), data.offsets])
        nobodys = replace(data, offsets=elsewhere, of_users=False)
        other = replace(cases, sequences=nobodys, row=cases.row + 1)
        try:
            found = model.queries(other).to_dense()
        except UserError:
            return
        assert torch.equal(found, model.queries(cases).to_dense())

    def test_one_item(self) -> None:
        data = sequences([1, 1, 1, 1], [1, 1, 1, 1, 1])
        model, cases = self.recommender(data), self.cases(data)
        found = ranks(model.queries(cases), model.catalogue(), cases.target, n_items=1)
        assert found.tolist() == [1.0, 1.0]

    def test_one_user(self) -> None:
        data = sequences([1, 2, 3, 4], items=5)
        assert self.scores(self.recommender(data), self.cases(data)).isfinite().all()
