"""MIP-SAD's scorers keep the contract of every recommender."""

from dataclasses import replace

import pytest
import torch

from crs.data.attribute_dialogues import id_lists
from crs.data.cases import ASKED, Cases
from crs.data.sequences import leave_one_out
from crs.models.mip_sad.networks import MIPSAD
from crs.models.mip_sad.scorers import Fused
from crs.testing import RecommenderContract
from crs.testing.histories import sequences

ATTRIBUTES = 5


class Accepted(RecommenderContract):
    """Cases with some accepted attributes each; the first has none."""

    sees: tuple[str, ...] = ("items", "attributes")
    said = 0

    def recommender(self, sequences):
        torch.manual_seed(0)
        model = MIPSAD(sequences.n_items, ATTRIBUTES, 8, 2, 2, 6, 0.5, self.sees, said=self.said)
        if self.said:
            torch.nn.init.normal_(model.told)
            model.said[1:-1] = torch.randn(sequences.n_items, self.said)
        return Fused(model.eval().requires_grad_(False))

    def cases(self, sequences):
        cases = super().cases(sequences)
        torch.manual_seed(2)
        known = (torch.rand(len(cases), ATTRIBUTES + 1) < 0.4).float()
        known[:, 0] = known[0] = 0.0
        return replace(cases, known=known)


class TestBoth(Accepted):
    def test_the_order_of_a_dialogue_counts_where_there_is_one(self, data):
        model, cases = self.recommender(data), self.cases(data)
        cases.known[:] = torch.tensor([0.0, 1, 1, 1, 0, 0])
        lists = id_lists(cases.known)
        same = replace(cases, dialogue={ASKED: lists})
        turned = replace(cases, dialogue={ASKED: lists.flip(1)})
        assert torch.equal(model.queries(cases), model.queries(same))
        assert not torch.allclose(model.queries(cases), model.queries(turned))

    def test_turns_of_one_history_are_scored_as_by_themselves(self, data):
        """Cases come in any order; their histories are encoded once and dealt out again."""
        model, cases = self.recommender(data), self.cases(data)
        torch.manual_seed(4)
        order = torch.randint(len(cases), (40,))
        many = cases[order]
        many.known = (torch.rand(40, ATTRIBUTES + 1) < 0.5).float()
        alone = torch.cat([model.queries(part) for part in many.chunks(1)])
        torch.testing.assert_close(model.queries(many), alone, atol=1e-5, rtol=1e-5)


class TestItemsWithWords(Accepted):
    said = 6


class TestItems(Accepted):
    sees = ("items",)


class TestAttributes(Accepted):
    sees = ("attributes",)


def test_it_says_what_it_sees():
    seen = {kind.sees: kind().recommender(sequences([1, 2, 3])).sees
            for kind in (TestBoth, TestItems, TestAttributes)}  # fmt: skip
    assert seen == {
        ("items", "attributes"): "history + attributes",
        ("items",): "history",
        ("attributes",): "attributes",
    }


def test_cases_without_attributes_are_refused():
    data = sequences([1, 2, 3, 4])
    cases = Cases(data, *leave_one_out(data, "test"))
    with pytest.raises(ValueError, match="needs cases with attributes"):
        TestBoth().recommender(data).queries(cases)
