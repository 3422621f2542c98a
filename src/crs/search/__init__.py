"""Hyper-parameter search: trials of Optuna, each a command that stops at the searched stage."""
