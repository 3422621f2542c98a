import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.evaluation.text_metrics import distinct, grams, overlap
from tests.contracts.tiny import quick


def test_grams():
    assert list(grams("abc", 2)) == [("a", "b"), ("b", "c")]
    assert list(grams(["a"], 2)) == []


SAID = [["a", "b", "a"], ["a", "b"]]


def test_distinct_1_by_hand():
    """Words: a b a a b: 2 different of 5, over 2 responses. Characters of `a b a` and `a b`: a, b
    and the space: 3 over 2 responses."""
    assert distinct(SAID, 1) == {"dist_corpus": 2 / 5, "dist_sentence": 1.0, "dist_character": 1.5}


def test_distinct_2_by_hand():
    """Words: ab ba | ab: 2 different of 3, over 2 responses. Characters: `a `, ` b`, `b `, ` a` of
    the first, `a `, ` b` of the second: 4 over 2."""
    assert distinct(SAID, 2) == {"dist_corpus": 2 / 3, "dist_sentence": 1.0, "dist_character": 2.0}


def test_distinct_3_and_4_by_hand():
    """Words: aba: 1 of 1; none of four. Characters: `a b`, ` b `, `b a` (and `a b` again): 3; of
    four: `a b `, ` b a`: 2."""
    assert distinct(SAID, 3) == {"dist_corpus": 1.0, "dist_sentence": 0.5, "dist_character": 1.5}
    assert distinct(SAID, 4) == {"dist_corpus": 0.0, "dist_sentence": 0.0, "dist_character": 1.0}


def test_nothing_said_is_not_distinct():
    assert set(distinct([[], []], 1).values()) == {0.0}
    assert set(distinct([], 2).values()) == {0.0}


words = st.lists(st.lists(st.sampled_from("abcd"), max_size=6), min_size=1, max_size=5)


@quick
@given(words, st.integers(1, 4))
def test_distinct_of_repeated_responses(said, k):
    once, twice = distinct(said, k), distinct(said + said, k)
    assert 0 <= once["dist_corpus"] <= 1
    for name in once:
        assert twice[name] == pytest.approx(once[name] / 2)


def test_overlap_by_hand():
    """Truth `a b c d`, said `a b d`. BLEU-1: 3 of 3 words, brevity exp(1 - 4/3); BLEU-2: with 1 of
    2 pairs sqrt(1/2) of that. ROUGE-L: the run of 3 in order, precision 1, recall 3/4: 6/7."""
    from math import exp

    found = overlap([["a", "b", "d"]], [["a", "b", "c", "d"]])
    brevity = exp(1 - 4 / 3)
    assert found["bleu", 1] == pytest.approx(brevity)
    assert found["bleu", 2] == pytest.approx(brevity * 0.5**0.5)
    assert found["rouge_l", 0] == pytest.approx(6 / 7)


def test_overlap_takes_tokens_as_they_are():
    found = overlap([["推荐", "@1", "。"]], [["推荐", "@1", "。"]])
    assert found["bleu", 1] == pytest.approx(1) and found["rouge_l", 0] == pytest.approx(1)
    assert overlap([["A"]], [["a"]])["rouge_l", 0] == 0
