"""What a figure was measured on, and how a series is summed up."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

PACKAGES = ("ctranslate2", "faster-whisper", "aiortc")


def describe() -> str:
    """One line: processor, cores, system, Python, and the packages that decide speed."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} cores, {platform.system()}, Python {platform.python_version()}, {packages}"


def quantiles(values: Sequence[float]) -> str:
    """`p50 … p95 … (min … max …, n = …)`."""
    if not values:
        return "no values"
    p50, p95 = np.percentile(values, [50, 95])
    return f"p50 {p50:.2f} s, p95 {p95:.2f} s (min {min(values):.2f}, max {max(values):.2f}, n = {len(values)})"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
