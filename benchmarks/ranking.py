"""Ranking 20,000 cases over 12,000 items, d = 64, over the bare products in the same chunks.

    python benchmarks/ranking.py
    python benchmarks/ranking.py --items 5000000 --cases 2000 --runs 3

Bare is `torch.mm(out=buffer)`, chunk by chunk. Before that: what ranking needs in memory beside
its inputs, for more and more cases.
"""

import torch
from measure import interleaved, options, parsed, peak_memory, report, reset_peak_memory
from torch import Tensor

from crs.evaluation import wide_ranking
from crs.evaluation.ranking import CHUNK_FLOATS, ranks, wide

DIM, SEEN = 64, 8


def bare(queries: Tensor, items: Tensor) -> None:
    """The products of the chunks or tiles that `ranks` makes, into one buffer."""
    step, width = CHUNK_FLOATS // len(items), len(items)
    if wide(items, len(items) - 1):
        step, width = wide_ranking.CASES, wide_ranking.ITEMS
    buffer = torch.empty(step * width)
    for block in items.split(width):
        for part in queries.split(step):
            out = buffer[: len(part) * len(block)].view(len(part), len(block))
            torch.mm(part, block.T, out=out)


class Work:
    """Random cases, each with some seen items."""

    def __init__(self, cases: int, items: int) -> None:
        self.items, self.n_items = torch.randn(items + 1, DIM), items
        self.queries = torch.randn(cases, DIM)
        self.targets = torch.randint(1, items + 1, (cases,))
        row = torch.arange(cases).repeat_interleave(SEEN)
        self.seen = row, torch.randint(1, items + 1, (cases * SEEN,))

    def rank(self) -> Tensor:
        """[cases]."""
        return ranks(
            self.queries, (self.items, None), self.targets, self.seen, n_items=self.n_items
        )


def main() -> None:
    parser = options(__doc__, runs=9)
    parser.add_argument("--cases", type=int, default=20_000, help="default 20000")
    parser.add_argument("--items", type=int, default=12_000, help="default 12000")
    args = parsed(parser)
    cases, items = (500, 300) if args.quick else (args.cases, args.items)
    torch.manual_seed(0)
    Work(cases, items).rank()
    for count in (cases // 4, cases, 4 * cases):
        work = Work(count, items)
        reset_peak_memory()
        before = peak_memory()
        work.rank()
        print(f"{count:>7,} cases need {peak_memory() - before:6.1f} MB beside their inputs")
    work = Work(cases, items)
    times = interleaved(args.runs, ranks=work.rank, mm=lambda: bare(work.queries, work.items))
    report(times, args.threads)


if __name__ == "__main__":
    main()
