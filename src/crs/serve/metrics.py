"""What the server counts, as Prometheus reads it (text format 0.0.4)."""

import os
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def resident() -> float:
    """Bytes of memory that this process holds; 0 where the system does not say (not Linux)."""
    status = Path("/proc/self/statm")
    pages = int(status.read_text().split()[1]) if status.is_file() else 0
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


@dataclass
class Histogram:
    """How many values there were up to each bound, and their sum."""

    bounds: Sequence[float]
    sum: float = 0.0
    counts: Counter[int] = field(default_factory=Counter)

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def lines(self, name: str, label: str = "") -> list[str]:
        """Its samples."""
        found, total, inside = [], 0, f"{label}," if label else ""
        for place, bound in enumerate([*map(str, self.bounds), "+Inf"]):
            total += self.counts[place]
            found.append(f'{name}_bucket{{{inside}le="{bound}"}} {total}')
        braces = f"{{{label}}}" if label else ""
        return [*found, f"{name}_sum{braces} {self.sum:.9g}", f"{name}_count{braces} {total}"]


class Metrics:
    """Counters of requests and batches, and gauges that are read when they are asked for.

    Args:
        gauges: what is read, by its name and what it is.
    """

    def __init__(self, gauges: dict[tuple[str, str], Callable[[], float]]) -> None:
        self.gauges = {
            ("process_resident_memory_bytes", "Memory that the process holds."): resident
        } | gauges
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.seconds: dict[str, Histogram] = defaultdict(lambda: Histogram(SECONDS))
        self.batches = Histogram(SIZES)

    def request(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count a request, by the route and not by what stood in its address."""
        self.requests[method, path, status] += 1
        self.seconds[path].add(seconds)

    def text(self) -> str:
        """All of it."""
        lines = about("crs_requests_total", "counter", "Requests that were answered.")
        for (method, path, status), count in sorted(self.requests.items()):
            label = f'method="{method}",path="{path}",status="{status}"'
            lines.append(f"crs_requests_total{{{label}}} {count}")
        name = "crs_request_seconds"
        lines += about(name, "histogram", "From a request's arrival to its answer.")
        for path, seconds in sorted(self.seconds.items()):
            lines += seconds.lines(name, f'path="{path}"')
        lines += about("crs_batch_size", "histogram", "Requests that were ranked together.")
        lines += self.batches.lines("crs_batch_size")
        for (name, what), read in self.gauges.items():
            lines += [*about(name, "gauge", what), f"{name} {read():.15g}"]
        return "\n".join([*lines, ""])


def about(name: str, kind: str, what: str) -> list[str]:
    """The lines above a metric."""
    return [f"# HELP {name} {what}", f"# TYPE {name} {kind}"]
