"""The command, killed in turn 3 of its dialogues and typed again: the same tables, to the byte."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crs.pipeline.run import run

TRAIN = Path(__file__).parents[2] / "src" / "train.py"
WORDS = [
    "model=latentcrs", "dataset=tiny", "embedder=hashed", "tracker=none", "trainer=cpu",
    "trainer.threads=1", "debug=fast", "stage=multi_turn",
]  # fmt: skip
FILES = ["results.parquet", "results.md", "dialogues.parquet", "dialogues.md"]


def command(store: Path) -> list[str]:
    return [sys.executable, str(TRAIN), *WORDS, f"store={store}"]


@pytest.mark.slow
def test_a_run_that_is_killed_in_turn_3_ends_in_the_same_tables(finished, configure, tmp_path):
    """Killed as soon as turn 2 is whole: turn 3 has begun, and nothing of it is kept."""
    store = tmp_path / "store"
    shutil.copytree(finished.path.parents[1], store)
    straight = run(configure(*WORDS, f"store={store}"))
    expected = {name: (straight.path / name).read_bytes() for name in FILES}
    shutil.rmtree(store / "multi_turn")
    with subprocess.Popen(
        command(store), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None and not list(store.glob("multi_turn/*/resume/turn_2.parquet")):
            time.sleep(0.002)
        process.kill()
    assert process.returncode == -9
    (half,) = store.glob("multi_turn/*.partial")
    turns = sorted(file.name for file in (half / "resume").glob("*.parquet"))
    assert turns[:2] == ["turn_1.parquet", "turn_2.parquet"] and len(turns) < 5
    done = subprocess.run(command(store), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    again = Path(done.stdout.splitlines()[-1].removeprefix("results: ")).parent
    [said] = [line for line in done.stderr.splitlines() if line.startswith("multi_turn  resumed")]
    assert "resumes after" in said
    assert {name: (again / name).read_bytes() for name in FILES} == expected
    assert json.loads((again / "manifest.json").read_text())["resumed"] is True
