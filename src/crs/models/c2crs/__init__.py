"""C2-CRS: contrastive pre-training of several views from coarse to fine (docs/c2crs.md)."""

from crs.models.c2crs.scorers import scorers

__all__ = ["scorers"]
