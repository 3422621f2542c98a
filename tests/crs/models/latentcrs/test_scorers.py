"""LatentCRS' scorers keep the contract of every recommender."""

import pytest
import torch

from crs.data.cases import Cases
from crs.data.sequences import leave_one_out
from crs.models.latentcrs.networks import Direct, LatentCRS
from crs.models.latentcrs.scorers import DirectScorer, Linear, Mixture, NoText
from crs.nn.encoder import Encoder
from crs.nn.sequential import States
from crs.testing import RecommenderContract
from crs.testing.histories import random_sequences

D, K, T = 8, 3, 5


class Spoken(RecommenderContract):
    """Cases with a text vector each."""

    def cases(self, sequences):
        cases = super().cases(sequences)
        torch.manual_seed(2)
        return Cases(sequences, cases.row, cases.cut, torch.randn(len(cases), T), cases.known)

    def parts(self, sequences):
        torch.manual_seed(0)
        encoder = Encoder(sequences.n_items, D, 1, 2, 10, 0.0, 0.0, "post")
        encoder.eval().requires_grad_(False)
        items = encoder.item_table.weight[: sequences.n_items + 1].clone()
        model = LatentCRS(items, torch.randn(K, D), T, text_hidden=8, hidden=8, dropout=0.5)
        direct = Direct(items, T, text_hidden=8, hidden=8, dropout=0.5)
        return (
            States(encoder),
            model.eval().requires_grad_(False),
            direct.eval().requires_grad_(False),
        )


class TestNoText(Spoken):
    def recommender(self, sequences):
        states, model, _ = self.parts(sequences)
        return NoText(model, states)


class TestLinear(Spoken):
    def recommender(self, sequences):
        states, model, _ = self.parts(sequences)
        return Linear(model, states)


class TestMixture(Spoken):
    def recommender(self, sequences):
        states, model, _ = self.parts(sequences)
        return Mixture(model, states)

    def test_a_case_s_scores_are_probabilities(self, data):
        scores = self.scores(self.recommender(data), self.cases(data))
        torch.testing.assert_close(scores.sum(1), torch.ones(len(scores)))


class TestDirect(Spoken):
    def recommender(self, sequences):
        states, _, direct = self.parts(sequences)
        return DirectScorer(direct, states)


def test_a_scorer_that_reads_text_says_so_where_there_is_none():
    sequences = random_sequences(users=9, items=7, longest=8)
    silent = Cases(sequences, *leave_one_out(sequences, "test"))
    with pytest.raises(ValueError, match="needs cases with text"):
        TestLinear().recommender(sequences).queries(silent)
