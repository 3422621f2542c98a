"""Results, and the folder that holds them."""
