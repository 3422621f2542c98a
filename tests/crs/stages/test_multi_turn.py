"""Settings of dialogues that cannot be had together are refused before anything runs."""

import pytest

from crs.errors import UserError
from crs.pipeline.plan import plan

DIALOGUES = "dataset=tiny", "stage=multi_turn"


@pytest.mark.parametrize(("words", "says"), [
    (["model=latentcrs", "multi_turn.questions=beside", "multi_turn.user=agenda"],
     "the agenda user answers no questions; type multi_turn.user=rules"),
    (["model=latentcrs", "multi_turn.understanding=meaning", "embedder=hashed"],
     "compares words by embedder=minilm"),
    (["model=popularity", "multi_turn.understanding=meaning"], "a model that reads texts"),
])  # fmt: skip
def test_what_does_not_go_together_is_refused(configure, words, says):
    with pytest.raises(UserError, match=says):
        plan(configure(*DIALOGUES, *words))


def test_reading_by_meaning_makes_another_result_and_no_questions_the_same(configure):
    def name(*words):
        return plan(configure(*DIALOGUES, "model=latentcrs", *words))[-1].fingerprint

    assert name("multi_turn.understanding=meaning") != name()
    assert name("multi_turn.questions=none") == name() != name("multi_turn.questions=beside")
