"""W&B, or nothing: one run for each command, or for each job of a sweep."""
