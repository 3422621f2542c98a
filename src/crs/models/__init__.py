"""The systems. `crs.models.<name>` provides `scorers(inputs) -> {name: Recommender}`."""
