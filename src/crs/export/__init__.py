"""A trained system as files that other programs read (docs/serve.md)."""
