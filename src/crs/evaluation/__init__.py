"""Ranks, metrics, intervals, tests, tables."""
