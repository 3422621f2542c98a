"""One SASRec epoch and one full evaluation, here and in RecTools, RecBole and RePlay.

    benchmarks/peers/build.sh FOLDER
    python benchmarks/peers/compare.py FOLDER --beauty PATH/Beauty.txt

Each system runs in its own environment and process, all with the same data, settings and threads;
the driver asks them in turn for an epoch, and then in turn for an evaluation, while the others
wait. The NDCG@10 in the table is made of each system's vectors by one program with one protocol
(whole catalogue, seen items out); what each system reports itself is beside it. What differs
between the systems: docs/benchmarks.md.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from data import settings  # noqa: E402

from crs.data.cases import Cases  # noqa: E402
from crs.data.sequences import Sequences, leave_one_out  # noqa: E402
from crs.evaluation.metrics import per_case  # noqa: E402
from crs.evaluation.ranking import ranks  # noqa: E402
from crs.pipeline import run as command  # noqa: E402
from crs.store.artifact import Artifact  # noqa: E402
from crs.threads import available  # noqa: E402

SHAPE = {
    "dim": 64, "layers": 2, "heads": 2, "max_len": 50, "dropout": 0.2, "batch_size": 128,
    "lr": 1e-3, "seed": 1,
}  # fmt: skip
UNKNOWN = -1e9
"""Score of an item that a system has no vector of: below all others, above what is masked."""


@dataclass
class Worker:
    """One system in its own process, and what it has answered."""

    name: str
    python: Path
    script: Path
    folder: Path
    asked: dict[str, Any]
    epochs: list[dict[str, float]] = field(default_factory=list)
    evaluations: list[dict[str, float]] = field(default_factory=list)
    ndcg: float = 0.0

    def __post_init__(self) -> None:
        self.folder.mkdir()
        threads = str(self.asked["threads"])
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        environment |= {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        if self.name == "ours":
            environment["PYTHONPATH"] = os.pathsep.join([str(HERE.parent), *sys.path])
        self.log = self.folder / "stderr"
        self.process = subprocess.Popen(
            [self.python, self.script], cwd=self.folder, env=environment, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log.open("w"),
        )  # fmt: skip
        self.tell(json.dumps(self.asked))

    def tell(self, line: str) -> None:
        """Write a line to it."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")

    def ask(self, command: str) -> dict[str, float]:
        """Its answer to a command."""
        assert self.process.stdout is not None
        self.tell(command)
        if not (line := self.process.stdout.readline()):
            raise RuntimeError(f"{self.name} ended at {command!r}:\n{self.log.read_text()[-2000:]}")
        return json.loads(line)

    def end(self) -> None:
        """Close its input, on which it ends."""
        self.process.communicate()


def dataset(name: str, local: Path | None, store: str) -> Artifact:
    """The canonical tables, by the project's own pipeline."""
    config = settings("model=sasrec", f"dataset={name}", "stage=dataset", "tracker=none")
    config.store = store
    config.dataset.archive = str(local) if local else None
    artifact = command.run(config)
    assert artifact is not None
    return artifact


def write_sequences(data: Sequences, path: Path) -> None:
    """Lines `user item item …`, oldest first."""
    bounds, items = data.offsets.tolist(), data.items.tolist()
    path.write_text("".join(
        f"{user} {' '.join(map(str, items[bounds[user] : bounds[user + 1]]))}\n"
        for user in data.users.tolist()
    ))  # fmt: skip


def common_ndcg(vectors: Path, data: Sequences) -> float:
    """NDCG@10 on test from a system's vectors, whole catalogue, seen items out."""
    found = np.load(vectors)
    cases = Cases(data, *leave_one_out(data, "test"))
    states = np.zeros((len(data.offsets), found["states"].shape[1]), dtype=np.float32)
    states[found["users"]] = found["states"]
    table = np.zeros((data.n_items + 1, states.shape[1]), dtype=np.float32)
    table[found["items"]] = found["table"]
    bias = torch.full((data.n_items + 1,), UNKNOWN)
    bias[torch.from_numpy(found["items"])] = 0.0
    rank = ranks(
        torch.from_numpy(states)[cases.row], (torch.from_numpy(table), bias), cases.target,
        cases.seen, n_items=data.n_items,
    )  # fmt: skip
    return float(per_case(rank.numpy(), [10])["ndcg", 10].mean())


def run(workers: list[Worker], data: Sequences, epochs: int, evaluations: int) -> None:
    """Epochs in turn, evaluations in turn, then the vectors."""
    for number in range(epochs):
        for worker in workers:
            worker.epochs.append(worker.ask("epoch"))
            print(f"  epoch {number + 1} {worker.name} {worker.epochs[-1]['seconds']:.2f} s",
                  file=sys.stderr)  # fmt: skip
    for _ in range(evaluations):
        for worker in workers:
            worker.evaluations.append(worker.ask("evaluate"))
    for worker in workers:
        path = worker.folder / "vectors.npz"
        worker.ask(f"vectors {path}")
        worker.ndcg = common_ndcg(path, data)
        worker.end()


def median(answers: list[dict[str, float]]) -> float:
    """Median seconds."""
    return statistics.median(answer["seconds"] for answer in answers)


def table(name: str, data: Sequences, workers: list[Worker]) -> None:
    """A row for each system; last how many times the best peer's figure is ours."""
    print(f"\n{name}: {len(data.users):,} users, {data.n_items:,} items, {len(data.items):,} rows, "
          f"{len(workers[0].epochs)} epochs, {workers[0].asked['threads']} threads")  # fmt: skip
    print("| system | epoch, s | updates | evaluation, s | peak memory, MB | of it libraries "
          "| NDCG@10 | by itself |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    for w in workers:
        print(f"| {w.name} | {median(w.epochs):.2f} | {w.epochs[-1]['updates']:,} "
              f"| {median(w.evaluations):.2f} | {w.evaluations[-1]['peak_mb']:,.0f} "
              f"| {w.evaluations[-1]['libraries_mb']:,.0f} | {w.ndcg:.4f} "
              f"| {w.evaluations[-1]['ndcg@10']:.4f} |")  # fmt: skip
    ours, *peers = workers
    for label, figure in (
        ("training", lambda w: median(w.epochs)),
        ("evaluation", lambda w: median(w.evaluations)),
        ("memory", lambda w: w.evaluations[-1]["peak_mb"]),
    ):
        print(f"{name} {label}: ratio {min(map(figure, peers)) / figure(ours):.2f} "
              "(best peer over ours)")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("environments", type=Path, help="what build.sh was given")
    parser.add_argument("--beauty", type=Path, help="ICLRec's Beauty.txt; without it ML-100K alone")
    parser.add_argument("--only", nargs="*", default=["ml100k", "beauty"], help="data sets")
    parser.add_argument("--peers", nargs="*", default=["rectools", "recbole", "replay"])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--evaluations", type=int, default=3)
    parser.add_argument("--threads", type=int, default=available())
    parser.add_argument("--store", default="artifacts")
    parser.add_argument("--quick", action="store_true", help="generated data, one epoch of each")
    args = parser.parse_args()
    names = ["tiny"] if args.quick else [n for n in args.only if n != "beauty" or args.beauty]
    rounds = (1, 1) if args.quick else (args.epochs, args.evaluations)
    for name in names:
        artifact = dataset(name, args.beauty if name == "beauty" else None, args.store)
        data = Sequences.of(artifact)
        with tempfile.TemporaryDirectory() as scratch:
            place = Path(scratch)
            write_sequences(data, place / "sequences.txt")
            asked = SHAPE | {
                "threads": args.threads, "items": data.n_items,
                "sequences": str(place / "sequences.txt"), "artifact": str(artifact.path.resolve()),
            }  # fmt: skip
            pythons = {"ours": Path(sys.executable)} | {
                peer: args.environments.resolve() / peer / "bin" / "python" for peer in args.peers
            }
            workers = [
                Worker(system, python, HERE / f"worker_{system}.py", place / system, asked)
                for system, python in pythons.items()
            ]
            run(workers, data, *rounds)
            table(name, data, workers)


if __name__ == "__main__":
    main()
