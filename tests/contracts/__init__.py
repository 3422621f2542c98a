"""Contracts to inherit, and the tiny data that they and other tests are run on."""
