"""Which extras are installed, and whether W&B has a key."""

from collections.abc import Iterator
from importlib.util import find_spec

from crs import extras
from crs.doctor.finding import GOOD, NOTE, Finding
from crs.tracking.start import mode

FOR = {
    "text": "text encoders, and the metrics of generated text",
    "llm": "language models as the user, the reader or the encoder",
    "web": "crs chat --web",
    "serve": "crs serve",
    "export": "crs export",
    "launch": "-m launcher=joblib, submitit_local or slurm",
    "ray": "engine=ray",
    "dashboard": "scripts/dashboard.py",
}
"""What an extra is for."""


def there(package: str) -> bool:
    """Whether a package can be imported; it is not."""
    try:
        return find_spec(package) is not None
    except ImportError:  # of the package that it is in
        return False


def installed() -> Iterator[Finding]:
    """A line for each extra."""
    for name, purpose in FOR.items():
        missing = [package for package in extras.BRINGS[name] if not there(package)]
        if missing:
            text = f"{purpose}: no {', '.join(missing)}"
            yield Finding(f"[{name}]", NOTE, text, extras.install(name))
        else:
            yield Finding(f"[{name}]", GOOD, purpose)


def wandb() -> Finding:
    """Whether runs are recorded online. The key itself is not read."""
    match mode():
        case "online":
            return Finding("W&B", GOOD, "online, by a key or WANDB_MODE")
        case "disabled":
            return Finding("W&B", GOOD, "switched off by WANDB_MODE=disabled")
    return Finding("W&B", GOOD, "offline, into the store; online after wandb login")
