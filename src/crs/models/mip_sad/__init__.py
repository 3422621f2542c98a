"""MIP-SAD: two towers over history and accepted attributes, warmed up by two tasks."""

from crs.models.mip_sad.scorers import scorers

__all__ = ["scorers"]
