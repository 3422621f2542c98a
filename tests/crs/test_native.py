import pytest

from crs import native
from crs.config import Config


@pytest.mark.parametrize(
    ("flags", "limit", "expected"),
    [
        ("flags : fpu avx2 avx512_bf16", None, True),
        ("flags : fpu avx2 amx_bf16", "AVX512_CORE_AMX", True),
        ("Features : fp asimd bf16", None, True),
        ("flags : fpu avx2", None, False),
        ("flags : fpu avx2 avx512_bf16", "AVX2", False),
        ("flags : fpu avx2 avx512_bf16", "avx512_core", False),
    ],
)
def test_bfloat16_is_an_instruction_or_software(flags, limit, expected, tmp_path, monkeypatch):
    (tmp_path / "cpuinfo").write_text(flags)
    monkeypatch.setattr(native, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(native.platform, "system", lambda: "Linux")
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    if limit:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert native.bfloat16() == expected


def test_a_system_that_says_nothing_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr(native, "CPUINFO", tmp_path / "nothing")
    monkeypatch.setattr(native.platform, "system", lambda: "Linux")
    assert not native.bfloat16()


@pytest.mark.parametrize(("here", "precision"), [(True, "bfloat16"), (False, "float32")])
def test_auto_is_settled_before_anything_is_named(here, precision, configure, monkeypatch):
    from crs import command_line

    monkeypatch.setattr(native, "bfloat16", lambda: here)
    config: Config = configure("dataset=tiny")
    config.embedder.precision = "auto"
    from omegaconf import OmegaConf

    settled = command_line.to_config(OmegaConf.structured(config))
    assert settled.embedder.precision == precision
    assert settled.embedder.identity()["precision"] == precision


@pytest.mark.parametrize("name", ["minilm", "llama_eol", "sentence_transformers"])
def test_float32_is_the_default_everywhere(name, configure):
    assert configure("dataset=tiny", f"embedder={name}").embedder.precision == "float32"
