"""Dialogues: what is said, what is understood of it, and what is shown thereupon."""
