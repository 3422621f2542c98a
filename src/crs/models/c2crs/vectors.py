"""Word vectors from a file of the user's: a line is a word and its numbers."""

from pathlib import Path

import torch
from torch import Tensor

from crs.errors import UserError


def read_vectors(path: Path, words: list[str], dim: int) -> dict[int, Tensor]:
    """Vectors of the words of a vocabulary that the file has, by id.

    Text as GloVe, word2vec and fastText write it, with or without their first line of two numbers.

    Raises:
        UserError: with the line that is of another width or holds something else than numbers.
    """
    wanted = {word: i for i, word in enumerate(words)}
    found: dict[int, Tensor] = {}
    width = None
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                there = line.rstrip().count(" ")
                if number == 1 and there == 1:
                    continue
                if width is None and (width := there) != dim:
                    raise UserError(
                        f"c2crs.vectors: line {number} of {path.name} has {width} numbers, "
                        f"c2crs.word_dim={dim}; type c2crs.word_dim={width}"
                    )
                if there < dim:
                    raise UserError(
                        f"c2crs.vectors: line {number} of {path.name} has {there} numbers, the "
                        f"lines before it have {dim}; mend the file"
                    )
                word, *values = line.rstrip().rsplit(" ", dim)  # a word may hold blanks
                if word in wanted:
                    found[wanted[word]] = torch.tensor([float(value) for value in values])
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"c2crs.vectors: {path} cannot be read ({error})") from error
    except ValueError as error:
        raise UserError(f"c2crs.vectors: line {number} of {path.name}: {error}") from error
    return found


@torch.no_grad()
def put_vectors(table: Tensor, path: Path, words: list[str]) -> int:
    """Give words their vectors from a file, at the mean length of the rows that were drawn.

    Args:
        table: word vectors, [V, w]; rows of words that the file has not stay.
    Returns:
        how many words were found.
    """
    found = read_vectors(path, words, table.shape[1])
    if found:
        rows, drawn = torch.stack(list(found.values())), table[1:].norm(dim=1).mean()
        table[torch.tensor(list(found))] = rows * drawn / rows.norm(dim=1).mean().clamp_min(1e-12)
    return len(found)
