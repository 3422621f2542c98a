"""C2-CRS: decoding with a cache, the graph encoder, and one pre-training step with everything.

    python benchmarks/c2crs.py

Decoding: 256 responses of 30 tokens, keys and values kept, over recomputing the whole prefix in
each step. Graph encoder: one forward and backward at ReDial's size (64,362 entities, 8 bases,
d = 128), time and peak memory, beside torch-geometric's RGCNConv as it comes. The step: batch from
the contexts, losses, gradients, recording, optimiser, at the sizes of INSPIRED with the
settings of `model=c2crs`; bare: losses and gradients of the same batches, made beforehand.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from data import context, settings
from measure import Times, interleaved, options, parsed, peak_memory, report, reset_peak_memory
from torch import Tensor, nn

from crs.config import Config
from crs.data.contexts import END, Contexts, Ragged
from crs.models.c2crs.build import inform
from crs.models.c2crs.decoder import Decoder, Source, search
from crs.models.c2crs.graph import GraphEncoder
from crs.models.c2crs.networks import C2CRS
from crs.models.c2crs.training import Warmup
from crs.training.loop import fit


def graph_edges(entities: int, relations: int, count: int) -> np.ndarray:
    """Edges both ways with ends of Zipf's degrees and relations of Zipf's size, and loops."""
    rng = np.random.default_rng(0)
    share = 1 / np.arange(1, entities + 1) ** 0.8
    head = rng.integers(1, entities + 1, count)
    tail = rng.choice(entities, count, p=share / share.sum()) + 1
    often = 1 / np.arange(1, relations)
    kind = rng.choice(relations - 1, count, p=often / often.sum()) + 1
    loop = np.arange(1, entities + 1)
    return np.unique(np.hstack([
        [head, tail, kind], [tail, head, kind], [loop, loop, np.zeros(entities, dtype=int)],
    ]), axis=1)  # fmt: skip


def once(module: nn.Module, run: Callable[[], Tensor]) -> tuple[float, float]:
    """Seconds and MB above the start of one forward and backward, the second of two."""
    for _ in range(2):
        module.zero_grad()
        reset_peak_memory()
        before, began = peak_memory(), time.perf_counter()
        run().square().mean().backward()
        seconds, peak = time.perf_counter() - began, peak_memory() - before
    return seconds, peak


def graph_encoders(entities: int, relations: int, edges: int, threads: int) -> None:
    """One line an encoder."""
    table = graph_edges(entities, relations, edges)
    print(f"graph of {entities:,} entities, {table.shape[1]:,} edges, {relations} relations")
    ours = GraphEncoder(table, entities, relations, 128, 8)
    lines = {"ours": once(ours, ours)}
    weights = sum(p.numel() for p in ours.parameters()) * 4 / 2**20
    del ours
    try:
        from torch_geometric.nn import RGCNConv
    except ImportError:
        print("torch-geometric is not there to compare with: pip install 'crs-suite[dev]'")
    else:
        theirs = RGCNConv(entities + 1, 128, relations, num_bases=8)
        index, kind = torch.from_numpy(table[:2].copy()), torch.from_numpy(table[2].copy())
        lines["RGCNConv"] = once(theirs, lambda: theirs(None, index, kind))
    for name, (seconds, peak) in lines.items():
        print(f"{name:<18}{seconds:>9.2f} s{peak:>9.0f} MB beside {weights:.0f} MB of weights, "
              f"{threads} threads")  # fmt: skip


def decoding(config: Config, rows: int, length: int, runs: int, threads: int) -> None:
    """Greedy search with and without the cache; no response ends before its last token."""
    shape, words, width = config.c2crs, 5_000, config.contexts.length
    decoder = Decoder(
        torch.randn(words, shape.word_dim), shape.dim, shape.layers, shape.heads, shape.hidden,
        shape.dropout, length, False,
    ).eval()  # fmt: skip
    with torch.no_grad():
        decoder.words.weight[END] = 0.0
    there = torch.ones(rows, width, dtype=torch.bool)
    given = {
        "context": Source(torch.randn(rows, width, shape.word_dim), there),
        "graph": Source(torch.randn(rows, 16, shape.dim), there[:, :16]),
    }
    assert search(decoder, given, length).shape[1] == length
    print(f"decoding {rows} responses of {length} tokens, contexts of {width}")
    report(interleaved(
        runs, recomputed=lambda: search(decoder, given, length, cached=False),
        cached=lambda: search(decoder, given, length),
    ), threads)  # fmt: skip


def generated(rows: int, entities: int, words: int, config: Config) -> Contexts:
    """Contexts of full length, eight entities and six mentions each, a review for some items."""
    rng = np.random.default_rng(0)
    length, count = config.contexts.length, 500

    def drawn(high: int, *shape: int) -> Tensor:
        return torch.from_numpy(np.minimum(rng.zipf(1.3, shape), high))

    tokens = drawn(words - 6, rows, length) + 4
    seen = torch.zeros(rows, config.contexts.entities, dtype=torch.long)
    seen[:, :8] = drawn(entities, rows, 8)
    at = torch.from_numpy(rng.integers(1, length, rows * 6))
    mentions = torch.stack([at, drawn(entities, rows * 6)], 1)
    reviews = torch.from_numpy(rng.integers(0, count + 1, (rows, config.contexts.reviews)))
    texts = drawn(words - 6, count + 1, config.contexts.review) + 4
    texts[0] = 0
    return Contexts(
        tokens, seen, Ragged(mentions, torch.arange(rows + 1) * 6), reviews, texts,
        torch.cat([torch.zeros(1, dtype=torch.long), drawn(entities, count)]),
        torch.zeros(rows, 2, dtype=torch.long), torch.zeros(rows, dtype=torch.long),
        [str(i) for i in range(words)], torch.ones(words),
    )  # fmt: skip


class Clocked(Warmup):
    """Epochs of a few steps, each timed, and then the same number of steps bare."""

    batch_size: int
    times: Times

    def start_epoch(self, epoch: int) -> None:
        """Start the clock."""
        super().start_epoch(epoch)
        self.began = time.perf_counter()

    def validate_epoch(self) -> dict[str, float]:
        """Stop it, and run the bare steps; called once before the first epoch, too."""
        if self.recorded:
            self.times["step"].append(time.perf_counter() - self.began)
            self.bare()
        return {self.monitor: 0.0}

    def bare(self) -> None:
        """Forward and backward of batches that are there before the clock starts."""
        self.train()
        batches = [self.draw(part) for part in torch.randperm(self.cases()).split(self.batch_size)]
        began = time.perf_counter()
        for batch in batches:
            self.zero_grad()
            self.losses(batch)["loss"].backward()
        self.times["bare"].append(time.perf_counter() - began)


def training_step(config: Config, entities: int, steps: int, batch: int, args) -> None:
    """A step of phase `fine`, which has both losses."""
    shape, relations, words, items = config.c2crs, 13, 5_000, min(entities, 1_000)
    table = graph_edges(entities, relations, 2 * entities)
    contexts = generated(steps * batch, entities, words, config)
    model = C2CRS(
        table, entities, relations, items, words, shape.dim, shape.bases, shape.word_dim,
        shape.layers, shape.heads, shape.hidden, shape.dropout, config.contexts.length, "graph",
        config.contexts.entities,
    )  # fmt: skip
    inform(model, torch.arange(items + 1))
    rows = torch.arange(steps * batch)
    module = Clocked(model, contexts, rows, rows[:0], shape, True)
    module.batch_size, module.times = batch, {"step": [], "bare": []}
    warmup = replace(config.warmup, epochs=args.runs, patience=args.runs, batch_size=batch)
    with tempfile.TemporaryDirectory() as folder:
        fit(module, "fine", warmup, Path(folder), context(args.threads))
    print(f"pre-training, batches of {batch} contexts of {config.contexts.length}, seconds a step")
    report(module.times, args.threads, unit=steps)


def main() -> None:
    args = parsed(options(__doc__, runs=5))
    torch.manual_seed(0)
    config = settings("model=c2crs", "dataset=inspired")
    if args.quick:
        config.contexts.length = config.contexts.review = 16
        decoding(config, 4, 5, args.runs, args.threads)
        graph_encoders(300, 4, 600, args.threads)
        training_step(config, 300, 2, 8, args)
    else:
        decoding(config, 256, 30, args.runs, args.threads)
        graph_encoders(64_362, 38, 160_000, args.threads)
        training_step(config, 17_320, 4, config.warmup.batch_size, args)


if __name__ == "__main__":
    main()
