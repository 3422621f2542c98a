"""The text that Prometheus reads."""

from crs.serve.metrics import Histogram, Metrics


def test_buckets_count_up():
    histogram = Histogram((0.1, 1))
    for value in (0.05, 0.1, 0.5, 3):
        histogram.add(value)
    assert histogram.lines("x", 'a="b"') == [
        'x_bucket{a="b",le="0.1"} 2', 'x_bucket{a="b",le="1"} 3', 'x_bucket{a="b",le="+Inf"} 4',
        'x_sum{a="b"} 3.65', 'x_count{a="b"} 4',
    ]  # fmt: skip


def test_gauges_are_read_when_they_are_asked_for():
    kept = []
    metrics = Metrics({("n", "How many."): lambda: len(kept)})
    metrics.request("GET", "/x", 200, 0.2)
    kept.append(1)
    lines = metrics.text().splitlines()
    assert "n 1" in lines and "# TYPE n gauge" in lines
    assert 'crs_requests_total{method="GET",path="/x",status="200"} 1' in lines
    [memory] = [line for line in lines if line.startswith("process_resident_memory_bytes ")]
    assert float(memory.split()[1]) >= 0
