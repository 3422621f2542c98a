"""The one exception that a user's mistake raises."""


class UserError(Exception):
    """Bad input: one sentence that says what is wrong, where, and what to type (exit code 2)."""
