"""The stage `embed` on 5,000 different utterances, over `SentenceTransformer.encode`.

    python benchmarks/embedding.py

Same model, precision and batch size, loading excluded. Ours adds finding the different texts, the
shards that a kill cannot take back, and the files. The utterances are the rule-based user's, about
generated items. `--precision bfloat16` takes the other arithmetic, `--texts` fewer texts.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from data import context, settings
from measure import interleaved, options, parsed, report

from crs.data.readers import synthetic
from crs.store.artifact import Artifact
from data_generator import rules
from text2embedding import embed
from text2embedding.encoders import build
from text2embedding.sentence_transformers import SentenceEncoder


def utterances(count: int) -> list[str]:
    """Different first utterances about generated items."""
    frame = synthetic.read(None, settings("dataset=tiny").dataset).items
    names = ["", *sorted({name for cell in frame["attributes"] for name in cell})]
    items = [
        rules.Item(title, int(year), [names.index(name) for name in own])
        for title, year, own in zip(frame["title"], frame["year"], frame["attributes"], strict=True)
    ]
    spoken, rng = [name.lower() for name in names], np.random.default_rng(0)
    found: dict[str, None] = {}
    while len(found) < count:
        item = items[int(rng.integers(len(items)))]
        found[rules.speak(rng, item, spoken, "movie", 0.1).text] = None
    return list(found)


def main() -> None:
    parser = options(__doc__, runs=3)
    parser.add_argument("--texts", type=int, default=5_000)
    parser.add_argument("--precision", default="float32", choices=["bfloat16", "float32"])
    args = parsed(parser)
    texts = utterances(100 if args.quick else args.texts)
    embedder = replace(settings("embedder=minilm").embedder, precision=args.precision)
    run = context(args.threads)
    encoder = build(embedder, run.trainer, Path("artifacts/downloads"))
    assert isinstance(encoder, SentenceEncoder)
    model = encoder.model
    encoder.encode(texts[:64])
    embed.build = lambda *_: encoder
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        pd.DataFrame({"text": texts}).to_parquet(place / "utterances.parquet", index=False)
        inputs = {"simulate": Artifact(place)}

        def ours() -> None:
            with tempfile.TemporaryDirectory(dir=place) as folder:
                embed.run(embedder, inputs, Path(folder), run)

        def alone() -> None:
            model.encode(texts, batch_size=embedder.batch_size, show_progress_bar=False)

        times = interleaved(args.runs, embed=ours, encode=alone)
    words = sum(len(text.split()) for text in texts) / len(texts)
    print(f"{len(texts):,} different texts of {words:.1f} words, {args.precision}, "
          f"batches of {embedder.batch_size}")  # fmt: skip
    report(times, args.threads)


if __name__ == "__main__":
    main()
