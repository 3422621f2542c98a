"""Tokens of responses as words."""

import pytest
import torch

from crs.data.contexts import END, ITEM, PAD
from crs.data.response_tokens import is_item, words_of


def test_words_end_at_the_end():
    words = ["__pad__", "__start__", "__end__", "__unk__", "__item__", "fine"]
    rows = torch.tensor([[5, ITEM, END, PAD], [3, END, PAD, PAD]])
    assert words_of(rows, words) == [["fine", "__item__"], ["__unk__"]]


@pytest.mark.parametrize(("token", "item"), [
    ("__item__", True), ("@12", True), ("@", False), ("@me", False), ("__unk__", False),
    ("12", False),
])  # fmt: skip
def test_tokens_of_items(token, item):
    assert is_item(token) is item
