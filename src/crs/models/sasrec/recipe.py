"""SASRec (Kang and McAuley, ICDM 2018): the sequence encoder, next-item loss alone."""

from crs.models.recipe import Model

MODEL = Model(
    name="sasrec",
    reads=("dataset", "pretrain"),
    own_scorers=("sasrec",),
)
