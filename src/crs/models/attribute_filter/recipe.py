"""Items by how many of the utterance's attributes they have, then by popularity."""

from crs.models.recipe import Model

MODEL = Model(
    name="attribute_filter",
    reads=("dataset", "samples", "simulate"),
    own_scorers=("attribute filter",),
    requires=("attributes",),
)
