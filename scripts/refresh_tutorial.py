"""Write docs/tutorial.md anew: its files are made, its commands run, and what they print is kept.

In a copy of the checkout, so that nothing is left behind. A block `bash` is a command, a block
`python` without a file name above it a program; the block `text` behind it is what it printed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docs" / "tutorial.md"
COPIED = ("src", "conf", "pre_rec_model", "data_generator", "text2embedding", "multi_turn")
FIRST, LAST = 14, 13
"""Lines of a long output that are shown."""
FILES = re.compile(r"^`(\S+)`:\n\n```\w+\n(.*?)^```$", re.M | re.S)
LINES = r"((?:(?!```).*\n)*)"
RUN = re.compile(rf"^(```(bash|python)\n{LINES}```\n\n```text\n){LINES}(```)$", re.M)


def document() -> str:
    """The page with what its commands print today."""
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "crs"
        for name in COPIED:
            left = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, checkout / name, ignore=left)
        text = FILE.read_text()
        for name, written in FILES.findall(text):
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            (checkout / name).write_text(written)
        return RUN.sub(
            lambda block: block[1] + printed(block[2], block[3], checkout) + block[5], text
        )


def printed(kind: str, block: str, checkout: Path) -> str:
    """What a block prints in a terminal, in order; `…` stands for the middle of a long output.

    Raises:
        RuntimeError: if it fails.
    """
    words = ["bash", "-ec", block] if kind == "bash" else [sys.executable, "-c", block]
    place = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": f"{checkout / 'src'}:{checkout}",
        "PYTHONUNBUFFERED": "1",
        "COLUMNS": "100",
    }
    ran = subprocess.run(words, cwd=checkout, env=os.environ | place, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    if ran.returncode:
        raise RuntimeError(f"{block}ended with {ran.returncode}:\n{ran.stdout}")
    lines = [line.rstrip() for line in ran.stdout.replace(f"{checkout}/", "").splitlines()]
    if len(lines) > FIRST + LAST + 1:
        lines = [*lines[:FIRST], "…", *lines[-LAST:]]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(document())
    sys.stdout.write(f"wrote {FILE}\n")
