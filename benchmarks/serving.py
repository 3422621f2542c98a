"""Load on `crs serve`: times and requests a second at 1, 8 and 32 clients, and memory.

python benchmarks/serving.py --store=PATH FINGERPRINT   # a trained result, e.g. of MovieLens-100K
python benchmarks/serving.py                            # a generated catalogue of 200,000 items

The server is the command itself, in a process of its own; a client is a thread here that sends its
next request when it has its answer, on a connection that stays open. Compared with a server that
ranks each request by itself (--batch=1). The last column, the server's own processor time a
request, says something on a machine that does other things too. Last the ratio: requests a second
of the one over those of the other, histories alone, at the second number of clients.
"""

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import numpy as np
from measure import options
from safetensors.torch import save_file

from crs.cli.train import main as train
from crs.nn.encoder import Encoder
from crs.store.artifact import Artifact, write_json
from crs.store.store import Store
from crs.threads import use_threads

WORDS = "a quiet drama", "no horror, from the 1990s", "something dark and fast", "a comedy or a war"
MAIN = "import sys; from crs.cli.main import main; main()"


class Client:
    """One connection to the server."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The answer's body; anything but success ends the program."""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self.socket.sendall(head.encode() + body)
        status, size = self.file.readline(), 0
        while (line := self.file.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        answer = self.file.read(size)
        if b" 200 " not in status:
            raise SystemExit(f"{status!r} {answer!r}")
        return answer


def load(port: int, clients: int, count: int, body: Callable[[], bytes]) -> list[float]:
    """Seconds of each of `count` requests by some clients at once; last the seconds of all."""
    times: list[float] = []

    def one() -> None:
        client = Client(port)
        for _ in range(count // clients):
            wish = body()
            begun = time.perf_counter()
            client.ask("POST", "/recommend", wish)
            times.append(time.perf_counter() - begun)

    threads = [Thread(target=one) for _ in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [*times, time.perf_counter() - begun]


@dataclass
class Served:
    """A server that runs.

    Attributes:
        process: its number.
    """

    port: int
    process: int

    def computed(self) -> float:
        """Seconds that its processors have worked so far, whatever else the machine does."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self) -> float:
        """Its memory, MB."""
        text = Client(self.port).ask("GET", "/metrics").decode()
        line = next(line for line in text.splitlines() if line.startswith("process_resident"))
        return float(line.split()[1]) / 2**20


@contextmanager
def served(store: str, fingerprint: str, batch: int, threads: int) -> Iterator[Served]:
    """A server, which is ended afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["serve", fingerprint, f"--store={store}", f"--port={port}", f"--batch={batch}"]
    server = subprocess.Popen([sys.executable, "-c", MAIN, *words, f"--threads={threads}"])
    try:
        while server.poll() is None:
            try:
                Client(port).ask("GET", "/health")  # it listens before it is ready, and waits
                break
            except OSError:
                time.sleep(0.2)
        yield Served(port, server.pid)
    finally:
        server.terminate()
        server.wait()


def generated(store: Path, items: int, users: int) -> str:
    """A result of a catalogue of generated items with an encoder that nobody has trained: its speed
    is that of any. Its fingerprint."""
    train([
        "model=sasrec", "dataset=tiny", "stage=dataset", f"dataset.generated.items={items}",
        f"dataset.generated.users={users}", f"dataset.generated.intents={max(6, items // 100)}",
        "tracker=none", f"store={store}",
    ])  # fmt: skip
    [dataset] = [Artifact(path.parent) for path in store.glob("dataset/*/manifest.json")]
    shape = {
        "items": dataset.summary["items"], "dim": 64, "layers": 2, "heads": 2, "max_len": 50,
        "dropout": 0.2, "attention_dropout": 0.2, "norm": "post",
    }  # fmt: skip
    inputs = {"dataset": {"fingerprint": dataset.fingerprint, "digest": dataset.digest}}
    kept = Store(store)

    def finish(stage: str, write: Callable[[Path], None]) -> Artifact:
        write(kept.partial(stage, stage))
        about = {"inputs": dict(inputs), "settings": {"model": "sasrec"}, "summary": {}}
        return kept.finish(stage, stage, about)

    def weights(folder: Path) -> None:
        folder.mkdir(parents=True)
        write_json(folder / "encoder.json", shape)
        save_file(Encoder(**shape).state_dict(), folder / "encoder.safetensors")

    made = finish("pretrain", weights)
    inputs["pretrain"] = {"fingerprint": made.fingerprint, "digest": made.digest}
    return finish("evaluate", lambda folder: folder.mkdir(parents=True)).fingerprint


def ids_of(store: str, fingerprint: str) -> list[int | str]:
    """The ids of the result's items."""
    [place] = Path(store).glob(f"evaluate/{fingerprint}*/manifest.json")
    name = Artifact(place.parent).manifest["inputs"]["dataset"]["fingerprint"]
    raw = Artifact(Path(store) / "dataset" / name).load("items.parquet")["raw"]
    return [*raw]


def row(name: str, server: Served, clients: int, count: int, body: Callable[[], bytes]) -> float:
    """Load the server and print a line; requests a second."""
    before = server.computed()
    *each, whole = load(server.port, clients, count, body)
    work = (server.computed() - before) / len(each) * 1e3
    middle, late = np.percentile(each, [50, 95]) * 1e3
    speed = len(each) / whole
    print(
        f"{name:<22}{clients:>8}{middle:>10.1f}{late:>10.1f}{speed:>12.0f}{work:>14.2f}", flush=True
    )
    return speed


def measured(args: argparse.Namespace, store: str, fingerprint: str) -> float:
    """Print the table of a result; the ratio."""
    ids, draw = ids_of(store, fingerprint), random.Random(7)

    def alone() -> bytes:
        return json.dumps({"history": draw.sample(ids, 20)}).encode()

    def spoken() -> bytes:
        return json.dumps({"history": draw.sample(ids, 20), "text": draw.choice(WORDS)}).encode()

    print(
        f"{len(ids):,} items, {args.threads} threads, load of the machine {os.getloadavg()[0]:.1f}"
    )
    columns = ("clients", 8), ("p50, ms", 10), ("p95, ms", 10), ("requests/s", 12)
    head = "".join(f"{name:>{width}}" for name, width in (*columns, ("processor, ms", 14)))
    print(" " * 22 + head)
    speeds = []
    for name, batch in (("batches", 32), ("one by one", 1)):
        with served(store, fingerprint, batch, args.threads) as server:
            load(server.port, 8, args.requests // 4, alone)  # warm
            for clients in args.clients:
                speed = row(f"history, {name}", server, clients, args.requests, alone)
                if clients == args.clients[1]:
                    speeds.append(speed)
            if batch > 1:
                for clients in args.clients:
                    row("history and words", server, clients, args.words, spoken)
                before = server.resident()
                load(server.port, args.clients[1], args.long, alone)
                after = server.resident()
                print(f"memory {before:.0f} MB, after {args.long:,} requests {after:.0f} MB")
    return speeds[0] / speeds[1]


def main() -> None:
    parser = options(__doc__ or "", 1)
    parser.add_argument("fingerprint", nargs="?", help="a result; without it one is generated")
    parser.add_argument("--store", default="artifacts", help="of the result")
    parser.add_argument("--items", type=int, default=200_000, help="of a generated catalogue")
    parser.add_argument("--requests", type=int, default=2000, help="in each row")
    parser.add_argument("--long", type=int, default=20_000, help="between two looks at memory")
    args = parser.parse_args()
    args.threads = use_threads(args.threads)
    args.clients = (1, 8, 32)
    args.words = max(args.clients[-1], args.requests // 4)
    if args.quick:
        args.clients, args.requests, args.long, args.items = (1, 2), 8, 8, 300
        args.words = 8
    if args.fingerprint:
        ratio = measured(args, args.store, args.fingerprint)
    else:
        with tempfile.TemporaryDirectory() as folder:
            fingerprint = generated(Path(folder), args.items, max(200, args.items // 4))
            ratio = measured(args, folder, fingerprint)
    print(f"ratio {ratio:.3f}")


if __name__ == "__main__":
    main()
