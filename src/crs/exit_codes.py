"""What the exit code of a process says of its end."""

import signal


def ended_by(code: int) -> str:
    """What ended a process: a signal (a negative code) or itself."""
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name
    if -code == signal.SIGKILL:
        return f"{name}, which the system sends where memory runs out"
    return name
