"""Stage `multi_turn`: dialogues of every scorer with the simulated user."""
