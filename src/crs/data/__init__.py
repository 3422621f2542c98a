"""Raw data to canonical tables, and the cases that are cut from them."""
