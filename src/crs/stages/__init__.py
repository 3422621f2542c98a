"""The stages that every model has."""
