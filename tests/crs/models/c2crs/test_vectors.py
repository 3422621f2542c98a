import pytest
import torch

from crs.errors import UserError
from crs.models.c2crs.build import build
from crs.models.c2crs.vectors import put_vectors, read_vectors
from tests.crs.models.c2crs.conftest import small, source

WORDS = ["__pad__", "film", "好看", "rare"]


def write(folder, text):
    file = folder / "vectors.txt"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("first", ["", "3 2\n"])
def test_words_of_the_vocabulary_are_read(tmp_path, first):
    file = write(tmp_path, first + "film 1.0 -2\nother 5 5\n好看 0.5 0 \n")
    found = read_vectors(file, WORDS, 2)
    assert {i: v.tolist() for i, v in found.items()} == {1: [1, -2], 2: [0.5, 0]}


def test_vectors_get_the_length_of_those_that_were_drawn(tmp_path):
    """Drawn rows have length 2; the file's have 5 and 10, so 7.5 on average: 4/3 and 8/3."""
    table = torch.tensor([[0.0, 0], [2, 0], [0, 2], [0, 2]])
    assert put_vectors(table, write(tmp_path, "film 3 4\n好看 6 8\n"), WORDS) == 2
    torch.testing.assert_close(table.norm(dim=1), torch.tensor([0.0, 4 / 3, 8 / 3, 2]))
    torch.testing.assert_close(table[1], torch.tensor([0.8, 16 / 15]))


def test_a_word_may_hold_blanks(tmp_path):
    found = read_vectors(write(tmp_path, "film 1 2\n. . film 3 4\nrare 5 6\n"), WORDS, 2)
    assert {i: v.tolist() for i, v in found.items()} == {1: [1, 2], 3: [5, 6]}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("film 1 2 3\n", r"line 1 of vectors\.txt has 3 numbers.*type c2crs\.word_dim=3"),
        ("film 1 2\nother 1\n", r"line 2 of .* has 1 numbers, the lines before it have 2"),
        ("film 1 x\n", "line 1 of vectors.txt: could not convert"),
    ],
)
def test_a_broken_line_is_told(tmp_path, text, part):
    with pytest.raises(UserError, match=part):
        read_vectors(write(tmp_path, text), WORDS, 2)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UserError, match=r"c2crs\.vectors: .* cannot be read"):
        read_vectors(tmp_path / "none.txt", WORDS, 2)


def test_the_network_starts_from_them(tmp_path):
    inputs = source(tmp_path, "tgredial")
    file = write(tmp_path, "好看 " + " ".join(["1"] * 8) + "\n")
    torch.manual_seed(0)
    model, contexts, _ = build(small(f"c2crs.vectors={file}").c2crs, inputs)
    row = model.words.weight[contexts.words.index("好看")]
    assert row.std() < 1e-6 < row[0]
