"""Stages `samples` and `simulate`: the cases that get a text, and what the user says."""
