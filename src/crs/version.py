"""The version of the suite; pyproject.toml reads it here."""

from hydra import __version__ as hydra

__version__ = "0.1.0"


def told() -> str:
    """What `--version` prints."""
    return f"CRS Suite {__version__} (Hydra {hydra})"
