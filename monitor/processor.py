"""What the machine's processor can do and the libraries don't find out by themselves."""

from __future__ import annotations

from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_WIDE = frozenset({"avx512f", "avx512cd", "avx512vl", "avx512bw", "avx512dq"})  # what CTranslate2 asks for


def wide_vectors(cpuinfo: str) -> bool:
    """Whether the processor has AVX-512, as far as CTranslate2 needs it, which doesn't use it unless told: early ones
    ran slower with it. `cpuinfo`: Linux's description of the processors."""
    lines = [line.partition(":") for line in cpuinfo.splitlines()]
    fields = {name.strip(): value for name, _, value in lines}
    return set(fields.get("flags", "").split()) >= _WIDE


def instructions() -> dict[str, str]:
    """What the environment should say, for CTranslate2, before a model is loaded."""
    try:
        known = _CPUINFO.read_text("utf-8", errors="replace")
    except OSError:  # not Linux
        return {}
    return {"CT2_FORCE_CPU_ISA": "AVX512"} if wide_vectors(known) else {}
