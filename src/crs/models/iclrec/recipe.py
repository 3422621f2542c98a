"""ICLRec (Chen et al., WWW 2022): the sequence encoder with intent contrastive learning."""

from crs.models.recipe import Model

MODEL = Model(
    name="iclrec",
    reads=("dataset", "pretrain"),
    own_scorers=("iclrec",),
)
