"""Texts of plot alone name no attribute, no year and not the title."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.dialogue.rule_understanding import Rules
from data_generator.items import Item
from data_generator.leaks import leak
from data_generator.plot import PlotUser
from tests.contracts.tiny import config, context, dataset, quick

SENTENCES = (
    "Two brothers look for gold in the hills.",
    "A quiet drama about a harbour town.",
    "It opens in the year 1950 by the sea.",
    "Zanzibar Nights is what they call it.",
    "Too short.",
    "A western that never ends.",
)


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    found = dataset(tmp_path_factory.mktemp("plot"))
    return PlotUser(config().simulator, found, context())


@quick
@given(st.lists(st.sampled_from(SENTENCES), max_size=6), st.integers(0, 99))
def test_neither_attribute_nor_year_nor_title_is_said(user, sentences, seed):
    item = Item("Zanzibar Nights", 1994, [1, 2], " ".join(sentences))
    found = user.utterance(np.random.default_rng(seed), item)
    assert bool(found.text) == (SENTENCES[0] in sentences) != bool(found.silence)
    assert not found.attributes and not Rules(user.names).utterance(found.text, True).requirements
    assert leak(item.title, found.text) is None and "1950" not in found.text
    if found.text:
        assert "two brothers look for gold in the hills" in found.text
