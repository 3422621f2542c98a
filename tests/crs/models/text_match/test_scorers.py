"""The baselines that compare words keep the contract, and are what their names say."""

from dataclasses import replace

import pytest
import torch

from crs.data.cases import ROW, Cases, cases_of
from crs.data.sequences import leave_one_out
from crs.dialogue.state import Talk, Turn
from crs.models.text_match.asked import ASKED, AttributeMatch
from crs.models.text_match.recipe import MODEL
from crs.models.text_match.scorers import TextMatch, WeightedSum, scorers
from crs.nn.encoder import Encoder
from crs.nn.sequential import Sequential, States
from crs.recommender import reads_text
from crs.testing import RecommenderContract
from crs.testing.histories import random_sequences, sequences
from tests.crs.models.text_match.test_asked import NAMES, TEXTS, facts

D = 5


def vectors(rows):
    generator = torch.Generator().manual_seed(rows)
    return torch.randn(rows, D, generator=generator)


class Spoken(RecommenderContract):
    """Cases with a text and its vector each."""

    def cases(self, sequences):
        cases = super().cases(sequences)
        rows = torch.arange(len(cases))
        said = {ROW: rows % len(TEXTS)}
        return replace(cases, text=vectors(99)[: len(cases)], dialogue=said, words=TEXTS)

    def parts(self, sequences):
        torch.manual_seed(0)
        encoder = Encoder(sequences.n_items, 8, 1, 2, 10, 0.0, 0.0, "post")
        states = States(encoder.eval().requires_grad_(False))
        items = vectors(sequences.n_items + 1)
        items[0] = 0
        return (
            Sequential(states, sequences.n_items + 1),
            AttributeMatch(facts(sequences.n_items), NAMES),
            TextMatch(items),
        )


class TestTextMatch(Spoken):
    def recommender(self, sequences):
        return self.parts(sequences)[2]


class TestEncoderAndTextMatch(Spoken):
    def recommender(self, sequences):
        encoder, _, text = self.parts(sequences)
        return WeightedSum([encoder, text], [1.0, 20.0])


class TestEncoderAndAttributes(Spoken):
    def recommender(self, sequences):
        encoder, attributes, _ = self.parts(sequences)
        return WeightedSum([encoder, attributes], [1.0, 4.0])


class TestAllThree(Spoken):
    def recommender(self, sequences):
        return WeightedSum(self.parts(sequences), [1.0, 4.0, 20.0])

    def test_a_score_is_the_weighted_sum_of_the_parts(self, data):
        cases = self.cases(data)
        encoder, attributes, text = (self.scores(part, cases) for part in self.parts(data))
        found = self.scores(self.recommender(data), cases)
        torch.testing.assert_close(found, encoder + 4 * attributes + 20 * text)

    def test_in_a_dialogue_the_words_of_all_turns_count(self, data):
        model, case = self.recommender(data), self.cases(data)[:1]
        talks = [Talk(1, 1, 0, [Turn(TEXTS[0]), Turn(TEXTS[1])])]
        read = model.read(case, talks)
        assert list(read) == [ASKED]
        spoken = model.queries(replace(case, dialogue=read))
        assert not torch.equal(spoken, model.queries(case))


def test_text_match_by_hand():
    model = TextMatch(torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.6, 0.8]]))
    data = sequences([1, 2, 1, 2])
    case = Cases(data, torch.tensor([1]), torch.tensor([2]), torch.tensor([[0.0, 1.0]]))
    found = model.queries(case) @ model.catalogue()[0].T
    torch.testing.assert_close(found, torch.tensor([[0.0, 0.0, 0.8]]))


def test_text_match_says_so_where_there_is_no_text():
    data = random_sequences(users=9, items=7, longest=8)
    silent = Cases(data, *leave_one_out(data, "test"))
    with pytest.raises(ValueError, match="needs cases with text"):
        TextMatch(vectors(8)).queries(silent)


def test_the_table_of_the_model(word_inputs):
    found = scorers(word_inputs)
    assert list(found) == ["popularity", "attribute filter", "encoder", *MODEL.own_scorers]
    assert {name: one.sees for name, one in found.items() if name in MODEL.own_scorers} == {
        "text match": "text",
        "encoder + text match": "history + text",
        "encoder + attributes": "history + attributes and years of the utterance",
        "encoder + attributes + text match": (
            "history + attributes and years of the utterance + text"
        ),
    }
    assert [name for name, one in found.items() if reads_text(one)] == [
        "text match", "encoder + text match", "encoder + attributes + text match",
    ]  # fmt: skip


def test_an_item_s_vector_is_that_of_its_text(word_inputs):
    items, bias = scorers(word_inputs)["text match"].catalogue()
    texts = word_inputs["item_texts"].load("texts.parquet")["text"].tolist()
    assert bias is None and not items[0].any() and len(items) == len(texts) + 1
    twins = [i for i, text in enumerate(texts, 1) if text == texts[0]]
    assert all(torch.equal(items[i], items[1]) for i in twins)


def test_the_sums_have_the_weights_that_were_chosen(word_inputs):
    chosen = word_inputs["fusion"].load("weights.json")
    name = "encoder + text match"
    found, cases = scorers(word_inputs), cases_of(word_inputs, "test")
    weight = chosen[name]["weights"]["text match"]
    wanted = [found["encoder"].queries(cases), weight * found["text match"].queries(cases)]
    assert torch.equal(found[name].queries(cases), torch.cat(wanted, dim=1))
