"""Stage `embed_items`: the items' texts to vectors, as stage `embed` does those of users."""

from crs.stages.stage import Stage

STAGE = Stage(
    name="embed_items",
    run="text2embedding.embed:run_items",
    version=1,
    settings=lambda config: config.embedder,
    reads=lambda config: ["item_texts"],
    writes=("index.npy", "vectors.npy"),
    about="the items' texts to vectors",
    code=lambda config: [f"text2embedding.{config.embedder.kind}"],
)
