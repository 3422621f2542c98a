"""Bytes and cells to raw tables."""
