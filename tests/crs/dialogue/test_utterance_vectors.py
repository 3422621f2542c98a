import numpy as np
import torch

from crs.dialogue.utterance_vectors import Texts, nearest


class Encoder:
    """One-hot by first letter; remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def encode(self, texts):
        self.asked.append(texts)
        return np.eye(4)[["abcd".index(text[0]) for text in texts]]


def told(mode, *turns):
    """The vector of dialogue 1 of two after these texts."""
    texts = Texts(mode, 2, 4, Encoder().encode)
    for text in turns:
        texts.add([1], [text], texts.embed([1], [text]))
    assert texts.vectors[0].eq(0).all()
    return texts.vectors[1]


def test_the_first_text_is_its_vector_in_every_mode():
    for mode in ("newest", "joined", "mean"):
        assert told(mode, "b").tolist() == [0, 1, 0, 0]


def test_the_newest_text_alone_counts():
    assert told("newest", "b", "c").tolist() == [0, 0, 1, 0]


def test_joined_texts_are_one_text():
    encoder = Encoder()
    texts = Texts("joined", 1, 4, encoder.encode)
    for text in ("b", "c"):
        texts.add([0], [text], texts.embed([0], [text]))
    assert encoder.asked == [["b"], ["b c"]]


def test_the_mean_is_of_unit_length():
    torch.testing.assert_close(told("mean", "b", "c"), torch.tensor([0, 0.5, 0.5, 0]) * 2**0.5)
    expected = torch.tensor([0, 2.0, 1, 0]) / 5**0.5
    torch.testing.assert_close(told("mean", "b", "c", "b"), expected)


def test_each_different_text_is_encoded_once_the_longest_first():
    encoder = Encoder()
    texts = Texts("mean", 3, 4, encoder.encode)
    vectors = texts.embed([0, 1, 2], ["b", "cc", "b"])
    assert encoder.asked == [["cc", "b"]]
    assert vectors.dtype == np.float16
    assert vectors.tolist() == np.eye(4)[[1, 2, 1]].tolist()


def test_no_text_asks_nobody():
    encoder = Encoder()
    assert Texts("mean", 3, 4, encoder.encode).embed([], []).shape == (0, 4)
    assert encoder.asked == []


def test_nearest_is_the_highest_cosine():
    training = torch.tensor([[2.0, 0], [0, 1]])
    found = nearest(torch.tensor([[1.0, 0], [1, 1], [-1, -1]]), training)
    np.testing.assert_allclose(found, [1, 0.5**0.5, -(0.5**0.5)], rtol=1e-6)
    assert nearest(torch.empty(0, 2), training).shape == (0,)
    assert nearest(torch.empty(0, 0), torch.empty(0, 0)).shape == (0,)
