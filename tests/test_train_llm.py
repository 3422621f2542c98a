"""The whole run with a model for a user, against a fake vendor: killed while it waits, and gone on
with by the same command."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from crs.store.artifact import MANIFEST, Artifact
from tests.fakes.openai import OpenAI
from tests.fakes.vendor import wait_for

TRAIN = Path(__file__).parents[1] / "src" / "train.py"
KEY = "sk-a-key-that-must-not-be-seen-0123456789"
RUN = (
    "model=latentcrs dataset=tiny simulator=llm llm=openai_batch embedder=hashed debug=fast "
    "trainer.threads=1 llm.budget_usd=1 llm.poll_seconds=0.05 evaluation.resamples=20 "
    "evaluation.permutations=19"
).split()


def start(folder: Path, vendor: OpenAI) -> subprocess.Popen[str]:
    """The command, as one types it, with W&B offline and a key in the environment."""
    quiet = {name: value for name, value in os.environ.items()
             if not name.startswith(("WANDB_", "HYDRA_"))}  # fmt: skip
    return subprocess.Popen(
        [sys.executable, str(TRAIN), *RUN, f"llm.base_url={vendor.base_url}",
         f"store={folder / 'store'}", f"llm.ledger={folder / 'ledger.sqlite'}"],
        cwd=folder, env={**quiet, "OPENAI_API_KEY": KEY}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)  # several processes, on cores that others use
def test_killed_while_waiting_and_finished_by_the_same_command(tmp_path):
    with OpenAI() as vendor:
        vendor.faults.never = True
        first = start(tmp_path, vendor)
        wait_for(lambda: vendor.calls["poll"] > 1 or first.poll() is not None, 200)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        assert first.returncode == -signal.SIGKILL
        assert vendor.calls["create"] == 1 and not vendor.generated
        vendor.faults.never = False
        second = start(tmp_path, vendor)
        out, err = second.communicate(timeout=600)
        assert second.returncode == 0, err
        assert vendor.calls["create"] == vendor.calls["upload"] == 1
        assert set(vendor.generated.values()) == {1}
        assert vendor.keys == {KEY}
    results = Path(out.splitlines()[-1].removeprefix("results: "))
    assert {"latentcrs linear", "direct"} < set(pd.read_parquet(results)["scorer"])
    (manifest,) = (tmp_path / "store" / "simulate").glob(f"*/{MANIFEST}")
    told = Artifact(manifest.parent).manifest
    assert told["resumed"] and told["cost_usd"] == told["summary"]["llm"]["cost_usd"] > 0
    assert told["summary"]["llm"]["asked_again"] == 0
    assert KEY not in out + err
    seen = [
        file for file in tmp_path.rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()
    ]
    assert seen == []  # no log, manifest, ledger or W&B file has it
