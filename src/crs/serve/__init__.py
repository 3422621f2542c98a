"""A trained system as a service: HTTP in front of `crs.serving` (docs/serve.md)."""
