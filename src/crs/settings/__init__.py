"""What settings are made of: fields with their bounds, the one check, and those that are shared."""
