"""Every user is given the most frequent training items."""
