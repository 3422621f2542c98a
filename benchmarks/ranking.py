"""Ranking 20,000 cases over 12,000 items, d = 64, against the bare products in the same chunks.

    python benchmarks/ranking.py

Interleaved runs, medians; the last line is the ratio (1 would be the products alone).
"""

import statistics
import time

import torch

from crs.ranking import CHUNK_FLOATS, ranks

CASES, ITEMS, DIM, SEEN, RUNS = 20_000, 12_000, 64, 8, 7


def bare(queries: torch.Tensor, items: torch.Tensor) -> None:
    step = CHUNK_FLOATS // len(items)
    buffer = torch.empty(step, len(items))
    for a in range(0, len(queries), step):
        part = queries[a : a + step]
        torch.mm(part, items.T, out=buffer[: len(part)])


def main() -> None:
    torch.manual_seed(0)
    queries, items = torch.randn(CASES, DIM), torch.randn(ITEMS + 1, DIM)
    targets = torch.randint(1, ITEMS + 1, (CASES,))
    seen = (torch.arange(CASES).repeat_interleave(SEEN), torch.randint(1, ITEMS, (CASES * SEEN,)))
    times: dict[str, list[float]] = {"ranks": [], "products": []}
    for _ in range(RUNS):
        start = time.perf_counter()
        bare(queries, items)
        times["products"].append(time.perf_counter() - start)
        start = time.perf_counter()
        ranks(queries, (items, None), targets, seen, n_items=ITEMS)
        times["ranks"].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, value in medians.items():
        print(f"{name:<10}{value:.3f} s, median of {RUNS}, {torch.get_num_threads()} threads")
    print(f"ratio     {medians['ranks'] / medians['products']:.2f}")


if __name__ == "__main__":
    main()
