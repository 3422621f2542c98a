"""What a manifest says about the machine: the commit of the code, the versions of libraries."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from crs.installed import INSTALLED
from crs.version import __version__

LIBRARIES = (
    "torch lightning-fabric faiss-cpu numpy pandas sentence-transformers transformers openai "
    "google-genai wandb"
).split()


def git_state() -> dict[str, Any]:
    """Commit and dirty flag of the checkout that this file belongs to; empty outside of one."""

    def git(*words: str) -> str:
        here = Path(__file__).parent
        done = subprocess.run(["git", "-C", here, *words], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    if INSTALLED:  # a repository around the environment is another's
        return {}
    try:
        commit = git("rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(git("status", "--porcelain"))} if commit else {}
    except OSError:  # no git on this machine
        return {}


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that can change a result."""
    found = {"python": platform.python_version(), "crs-suite": __version__}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
