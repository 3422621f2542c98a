"""Servers on loopback that stand in for the vendors of language models."""
