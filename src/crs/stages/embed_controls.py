"""Stage `embed_controls`: the texts of `controls` to vectors, as stage `embed` does the others."""

from crs.stages.stage import Stage

STAGE = Stage(
    name="embed_controls",
    run="text2embedding.embed:run_controls",
    version=1,
    settings=lambda config: config.embedder,
    reads=lambda config: ["controls"],
    writes=("index.npy", "vectors.npy"),
    about="other texts of the test cases to vectors",
    code=lambda config: [f"text2embedding.{config.embedder.kind}"],
)
