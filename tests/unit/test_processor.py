"""CTranslate2 is told of AVX-512 where the processor has it: by itself it doesn't use it."""

from __future__ import annotations

import pytest

from monitor.processor import wide_vectors

FLAGS = "fpu avx2 avx512f avx512cd avx512vl avx512bw avx512dq avx512_vnni"


def told(vendor: str, flags: str) -> str:
    return f"processor\t: 0\nvendor_id\t: {vendor}\nmodel name\t: a processor\nflags\t\t: {flags}\n\n" * 2


@pytest.mark.parametrize(
    ("cpuinfo", "wide"),
    [
        (told("AuthenticAMD", FLAGS), True),
        (told("AuthenticAMD", FLAGS.replace("avx512bw", "")), False),
        (told("GenuineIntel", FLAGS), True),
        (told("GenuineIntel", FLAGS.replace("avx512dq", "")), False),
        ("Processor: ARMv8\nFeatures: asimd\n", False),
        ("", False),
    ],
)
def test_only_a_processor_with_all_of_it(cpuinfo: str, wide: bool) -> None:
    assert wide_vectors(cpuinfo) is wide
