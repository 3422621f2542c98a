"""What this machine's processor computes in by itself."""

import os
import platform
import subprocess
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
MARKS = {"avx512_bf16", "amx_bf16", "bf16"}
"""Flags of x86 and Arm processors that multiply bfloat16."""
WITH = {"AVX512_CORE_BF16", "AVX512_CORE_FP16", "AVX512_CORE_AMX", "AVX512_CORE_AMX_FP16", "ALL",
        "AVX10_1_512", "AVX10_1_512_AMX", "AVX10_1_512_AMX_FP16", "DEFAULT"}  # fmt: skip
"""Values of ONEDNN_MAX_CPU_ISA that leave torch such instructions."""


def bfloat16() -> bool:
    """Whether products of bfloat16 are instructions here, and not software that is 4 to 37 times
    slower than float32. No torch is imported."""
    if os.environ.get("ONEDNN_MAX_CPU_ISA", "DEFAULT").upper() not in WITH:
        return False
    if platform.system() == "Darwin":
        asked = ["sysctl", "-n", "hw.optional.arm.FEAT_BF16"]
        return subprocess.run(asked, capture_output=True, text=True).stdout.strip() == "1"
    try:
        return bool(MARKS & set(CPUINFO.read_text().split()))
    except OSError:
        return False
