"""Contracts for your own code: inherit a class in a test of pytest (docs/add_a_model.md).

This package imports pytest, which is in the extra `dev`.
"""

from crs.testing.recommender import RecommenderContract

__all__ = ["RecommenderContract"]
