"""Two ways to talk to a system: a terminal and a page."""
