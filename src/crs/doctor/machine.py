"""Python, libraries, processor, GPU and disk."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from crs import native, threads
from crs.doctor.finding import BAD, GOOD, NOTE, Finding
from crs.installed import CHECKOUT, INSTALLED
from crs.version import told

NEEDED = "torch lightning-fabric faiss-cpu numpy pandas pyarrow hydra-core wandb".split()
GPU_FAISS = "faiss-gpu-cu12"
SETS = (
    ("AMX", "amx_bf16"), ("AVX-512", "avx512f"), ("AVX2", "avx2"), ("SVE", "sve"),
    ("NEON", "asimd"),
)  # fmt: skip
"""Instruction sets, the widest first, each with its flag in the processor's description."""
ROOM = 5 * 10**9
"""Bytes that a run of the main job, its downloads and its store fit in."""


def release(name: str) -> str | None:
    """The installed version of a distribution."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def python() -> Finding:
    """The suite, its place and the interpreter."""
    where = "installed" if INSTALLED else f"checkout {CHECKOUT}"
    return Finding("suite", GOOD, f"{told()}, {where}, Python {platform.python_version()}")


def libraries() -> Finding:
    """The versions of what every run needs."""
    found = {name: release(name) for name in NEEDED}
    if found["faiss-cpu"] is None and release(GPU_FAISS):  # the same module
        del found["faiss-cpu"]
    text = ", ".join(f"{name} {number}" for name, number in found.items() if number)
    if missing := [name for name, number in found.items() if number is None]:
        return Finding("libraries", BAD, f"no {', '.join(missing)}", "pip install crs-suite")
    return Finding("libraries", GOOD, text)


def processor() -> Finding:
    """Threads, instruction set, and the precisions that are instructions."""
    try:
        flags = set(native.CPUINFO.read_text().split())
    except OSError:
        flags = set()
    widest = next((name for name, flag in SETS if flag in flags), platform.machine())
    fast = native.bfloat16()
    text = (
        f"{threads.available()} of {os.cpu_count()} threads, {widest}, native precisions: float32"
        f"{', bfloat16' if fast else ''}"
    )
    slow = "" if fast else "; texts are embedded in float32 here (embedder.precision=auto)"
    return Finding("processor", GOOD, text + slow)


def gpus() -> list[str]:
    """The NVIDIA GPUs that the driver names."""
    asked = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.strip().splitlines() if done.returncode == 0 else []


def gpu() -> Iterator[Finding]:
    """GPUs, whether torch can use them, and faiss for them. Only where there is one torch is
    imported."""
    there = gpus()
    if not there:
        yield Finding("GPU", GOOD, "none; everything runs on the processor")
        return
    import torch

    if torch.cuda.is_available():
        yield Finding("GPU", GOOD, "; ".join(there))
    else:
        text = f"{'; '.join(there)}; torch {torch.__version__} cannot use it"
        yield Finding("GPU", NOTE, text, "pip install --force-reinstall torch for a CUDA build")
    if faiss := release(GPU_FAISS):
        yield Finding("faiss-gpu", GOOD, faiss)
    else:
        remedy = "pip uninstall faiss-cpu && pip install 'crs-suite[gpu]'"
        yield Finding("faiss-gpu", NOTE, "k-means runs on the processor", remedy)


def disk(store: Path) -> Finding:
    """Where results go, and how much room is there."""
    # os.path.exists, as Path.exists raises where this user may not look.
    places = [store.absolute(), *store.absolute().parents]
    there = next(place for place in places if os.path.exists(place))  # noqa: PTH110
    if not (there.is_dir() and os.access(there, os.W_OK)):
        return Finding("store", BAD, f"{there} cannot be written", "store=PLACE")
    free = shutil.disk_usage(there).free
    made = "is there" if there == store.absolute() else "not yet made"
    text = f"{store.absolute()} ({made}), {free / 1e9:,.0f} GB free"
    if free < ROOM:
        return Finding("store", NOTE, f"{text}, which is little", "crs store prune --older=30d")
    return Finding("store", GOOD, text)
