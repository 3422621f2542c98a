"""The exceptions that become one sentence to the user."""


class UserError(Exception):
    """Bad input: one sentence that says what is wrong, where, and what to type (exit code 2)."""


class DamageError(UserError):
    """A file of a finished result is not as it was written.

    Attributes:
        what: the sentence without what to type.
        stage: what must be made again.
    """

    def __init__(self, what: str, stage: str) -> None:
        super().__init__(f"{what}; type force=[{stage}] to make it again")
        self.what, self.stage = what, stage

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        """As one process tells it to another."""
        return type(self), (self.what, self.stage)


class PartialResultError(UserError):
    """A file that a partial result would resume from is not as it was written."""


class PrunedError(Exception):
    """A search gives a training up: others did better at the same epoch. It can be resumed."""


class ObjectiveError(UserError):
    """A search asks for a figure that no trial has."""


class NotFiniteError(UserError):
    """A loss, a weight or a score is NaN or infinite."""
