"""ICLRec (Chen et al., WWW 2022): the sequence encoder with intent contrastive learning."""
