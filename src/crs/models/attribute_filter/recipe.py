"""Items by how many of the utterance's attributes they have, then by popularity."""

from crs.models.recipe import Model

MODEL = Model(
    name="attribute_filter",
    reads=("dataset", "samples", "simulate"),
    requires=("attributes",),
)
