"""SASRec (Kang and McAuley, ICDM 2018): the sequence encoder, next-item loss alone."""
