"""One module for each layout of raw data."""
