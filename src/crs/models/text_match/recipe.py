"""The utterance against the items' own texts, alone and added to the encoder's scores."""

from crs.models.recipe import Model

MODEL = Model(
    name="text_match",
    reads=("dataset", "pretrain", "samples", "simulate", "embed", "embed_items", "fusion"),
    own_scorers=(
        "text match",
        "encoder + text match",
        "encoder + attributes",
        "encoder + attributes + text match",
    ),
    requires=("attributes",),
)
