"""Stages `pretrain` and `intents`: the sequence encoder, and k-means over its user states."""
