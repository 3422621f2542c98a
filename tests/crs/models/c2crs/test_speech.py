"""The decoder says in a live dialogue what it says in stage `converse`."""

from dataclasses import replace

import pytest

from crs.data.cases import cases_of
from crs.data.contexts import PAD, Contexts
from crs.dialogue.state import Talk, Turn
from crs.models.c2crs.live_contexts import ENTITIES, TOKENS, heard
from crs.models.c2crs.speech import speech
from tests.crs.models.c2crs.conftest import responses, source, stages


@pytest.fixture(scope="module", params=["redial", "inspired"])
def made(request, tmp_path_factory):
    """The result of `converse`, with reviews and without, and what it was made of."""
    folder = tmp_path_factory.mktemp(request.param)
    inputs = stages(folder, source(folder, request.param), request.param)
    return responses(folder, inputs), inputs


@pytest.fixture(scope="module")
def decoding(made):
    return speech(*made)


def test_stored_contexts_get_the_responses_of_the_stage(made, decoding):
    stored = Contexts.of(made[1]["contexts"])
    test = (stored.split == 2) & (stored.responses[:, 0] != PAD)
    again = heard(stored, {TOKENS: stored.tokens[test], ENTITIES: stored.entities[test]})
    again = replace(again, reviews=stored.reviews[test])
    said = [list(tokens) for tokens in made[0].load("responses.parquet")["response_tokens"]]
    assert decoding.responses(again) == said and any(said)


def test_the_same_talk_gets_the_same_words_alone_or_in_company(made, decoding):
    cases = cases_of(made[1], "test")[:2]
    talks = [Talk(0, 0, 0, [Turn(said)]) for said in ("Hi , I liked it", "More like Alpha")]
    both = decoding.tokens(cases, talks)
    assert both == [*decoding.tokens(cases[:1], talks[:1]), *decoding.tokens(cases[1:], talks[1:])]
    assert both == decoding.tokens(cases, talks)
