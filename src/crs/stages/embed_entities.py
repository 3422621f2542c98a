"""Stage `embed_entities`: the entities' texts to vectors, as stage `embed` does those of users."""

from crs.stages.stage import Stage

STAGE = Stage(
    name="embed_entities",
    run="text2embedding.embed:run_entities",
    version=1,
    settings=lambda config: config.embedder,
    reads=lambda config: ["entity_texts"],
    writes=("index.npy", "vectors.npy"),
    about="the entities' texts to vectors",
    code=lambda config: [f"text2embedding.{config.embedder.kind}"],
)
