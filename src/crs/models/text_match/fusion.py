"""Stage `fusion`: the weights of the sums with the best NDCG@10 on validation."""

from itertools import product
from pathlib import Path
from typing import Any

import torch

from crs.console import Context
from crs.data.cases import Cases, cases_of
from crs.evaluation.metrics import DEFAULT, key, means
from crs.evaluation.ranking import mid_ranks
from crs.models.text_match.scorers import ATTRIBUTES, ENCODER, SUMS, TEXT, parts_of
from crs.nn.sequential import States, load_encoder
from crs.recommender import Recommender
from crs.stages.fusion import Fusion
from crs.store.artifact import Artifact, write_json

CHUNK_FLOATS = 1 << 21
"""Scores of one part held at once: 8 MB."""


def grid_ndcg(parts: list[Recommender], grid: list[tuple[float, ...]], cases: Cases) -> list[float]:
    """NDCG@10 of each weighting of the parts, the whole catalogue ranked, excluded items out.

    The scores of the parts are computed once, and added up for each weighting.
    """
    n_items = cases.sequences.n_items
    items = [part.catalogue()[0][1 : n_items + 1].T.contiguous() for part in parts]
    found: list[list[torch.Tensor]] = [[] for _ in grid]
    for some in cases.chunks(max(1, CHUNK_FLOATS // n_items)):
        scores = [part.queries(some) @ table for part, table in zip(parts, items, strict=True)]
        row, item = some.excluded
        kept = item != some.target[row]  # the target is never out
        row, column, target = row[kept], item[kept] - 1, some.target[:, None] - 1
        for ranks, weights in zip(found, grid, strict=True):
            total = scores[0] * weights[0]
            for one, weight in zip(scores[1:], weights[1:], strict=True):
                total.add_(one, alpha=weight)
            total[row, column] = -torch.inf
            ranks.append(mid_ranks(total, total.gather(1, target)))
    return [means(torch.cat(ranks).numpy())[key(*DEFAULT)] for ranks in found]


def run(
    settings: Fusion, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `weights.json`: by baseline, its weights and their NDCG@10 on validation.

    Of weights that do as well the smallest are taken. Test is not looked at.
    """
    parts = parts_of(inputs, States(load_encoder(inputs["pretrain"])))
    cases, tried = cases_of(inputs, "valid"), {TEXT: settings.text, ATTRIBUTES: settings.attributes}
    chosen: dict[str, dict[str, Any]] = {}
    with context.bar(len(SUMS), label="fusion", unit="baseline") as bar:
        for name, of in SUMS.items():
            grid = list(product(*(sorted(tried.get(part, [1.0])) for part in of)))
            found = grid_ndcg([parts[part] for part in of], grid, cases)
            best = max(range(len(grid)), key=lambda number: found[number])
            weights = {p: w for p, w in zip(of, grid[best], strict=True) if p != ENCODER}
            chosen[name] = {"weights": weights, key(*DEFAULT): found[best]}
            bar.update()
    write_json(folder / "weights.json", chosen)
    context.note(f"{len(cases):,} validation cases; {sentence(chosen)}")
    return {"chosen": chosen}


def sentence(chosen: dict[str, dict[str, Any]]) -> str:
    """The weights in words: `encoder + 20 · text match`."""
    sums = (
        " + ".join([ENCODER, *(f"{weight:g} · {part}" for part, weight in one["weights"].items())])
        for one in chosen.values()
    )
    return "; ".join(sums)
