"""SASRec: the scorers of an encoder trained as conf/model/sasrec.yaml says."""

from functools import partial

from crs.nn.sequential import scorers as sequential

scorers = partial(sequential, name="sasrec")
