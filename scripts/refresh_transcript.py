"""Write the conversation of docs/chat.md again: what the chat of the terminal answers to its lines.

python scripts/refresh_transcript.py STORE

LatentCRS is made on the generated data set first, in seconds, where the store does not have it.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "chat.md"
COMMAND = (
    "model=latentcrs dataset=tiny embedder=hashed tracker=none trainer=cpu trainer.threads=1 "
    "multi_turn.shown=3"
).split()
LINES = (
    "a drama", "why this?", "more like 2", "less like 3", "undo", "something newer",
    "any year is fine", "forget the drama", "like Golden Harbor 2 but darker",
    "why not Velvet River 1?", "/quit",
)  # fmt: skip
BLOCK = re.compile(r"(?<=<!-- transcript -->\n```text\n).*?(?=```\n<!-- end -->)", re.DOTALL)


def transcript(store: str) -> str:
    """What the terminal shows where these lines are typed."""
    command = [sys.executable, str(ROOT / "src" / "chat.py"), *COMMAND, f"store={store}"]
    done = subprocess.run(command, input="\n".join(LINES), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    said = done.stdout[done.stdout.index("you: ") :].removesuffix("you: /quit\n")
    return "\n".join(line.rstrip() for line in said.splitlines()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(BLOCK.sub(lambda _: transcript(sys.argv[1]), PAGE.read_text()))
