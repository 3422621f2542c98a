"""The training loop that resumes to the bit."""
