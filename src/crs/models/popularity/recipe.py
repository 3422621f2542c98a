"""Every user is given the most frequent training items."""

from crs.models.recipe import Model

MODEL = Model(
    name="popularity",
    reads=("dataset",),
    own_scorers=("popularity",),
)
