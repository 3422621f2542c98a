"""Contexts of dialogues against those that the stage `contexts` makes of the same words."""

from dataclasses import replace

import pytest
import torch

from crs.data.cases import cases_of
from crs.data.contexts import END, START, UNKNOWN, Contexts
from crs.dialogue.state import Talk, Turn
from crs.models.c2crs.build import build
from crs.models.c2crs.live_contexts import ENTITIES, TOKENS, Listener
from crs.models.c2crs.scorers import C2CRSScorer
from tests.crs.models.c2crs.conftest import small, source


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return source(tmp_path_factory.mktemp("tiny"), "tiny")


@pytest.fixture(scope="module")
def listener(inputs):
    return Listener.of(Contexts.of(inputs["contexts"]), inputs["graph"])


def first_talks(inputs):
    """The test cases, and their dialogues when the first words are said."""
    frame = inputs["simulate"].load("utterances.parquet")
    frame = frame[(frame["split"] == "test") & ~frame["dropped"]]
    cases = cases_of(inputs, "test")
    talks = [Talk(u, c, t, [Turn(text)]) for u, c, t, text in
             frame[["user", "cut", "target", "text"]].itertuples(index=False)]  # fmt: skip
    return cases, talks


def test_the_first_turn_is_the_context_of_training(inputs, listener):
    contexts = Contexts.of(inputs["contexts"])
    cases, talks = first_talks(inputs)
    found, rows = listener.hear(cases, talks), cases.dialogue["row"]
    assert torch.equal(found[TOKENS], contexts.tokens[rows])
    assert torch.equal(found[ENTITIES], contexts.entities[rows])


@pytest.mark.parametrize("views", ["graph", "all"])
def test_and_so_are_its_scores(inputs, listener, views):
    torch.manual_seed(1)
    model, contexts, _ = build(small().c2crs, inputs, views)
    scorer = C2CRSScorer(model.eval().requires_grad_(False), contexts, "context", listener)
    cases, talks = first_talks(inputs)
    told = replace(cases, dialogue=scorer.read(cases, talks))
    torch.testing.assert_close(scorer.queries(told), scorer.queries(cases))


def test_what_is_said_later_is_heard(inputs, listener):
    cases, talks = first_talks(inputs)
    word = Contexts.of(inputs["contexts"]).words[10]
    talks[0].turns.append(Turn(f"{word.upper()} zzzz"))
    said = listener.tokens(talks[0])
    assert said[0] == START and said[-4:] == [END, 10, UNKNOWN, END]
    known = torch.zeros_like(cases.known)
    known[0, 2] = 1
    later = listener.hear(replace(cases, known=known), talks)[ENTITIES][0]
    assert later[later > 0][-1] == listener.attributes[2]


def test_the_last_words_and_entities_are_kept(listener):
    long = Talk(1, 1, 1, [Turn("a " * 100)])
    assert len(listener.tokens(long)) == listener.length
    assert listener.entities([1, 2, 1, 0], [1]) == [2, 1, listener.attributes[1]]
    many = list(range(1, 20)) * 9
    assert len(listener.entities(many, [1, 2])) <= listener.most
