"""What keeps memory flat: few arenas, what is free given back, and a collector that looks at what is new."""

import ctypes
import gc
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from monitor import memory

glibc = pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="not glibc")


def test_what_is_free_is_the_machine_s_or_the_control_group_s(tmp_path: Path) -> None:
    assert memory.available(tmp_path) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    3000 kB\n")
    (tmp_path / "sys/fs/cgroup/memory.max").write_text("max\n")
    assert memory.available(tmp_path) == 3_072_000
    (tmp_path / "sys/fs/cgroup/memory.max").write_text("2000000\n")
    (tmp_path / "sys/fs/cgroup/memory.current").write_text("500000\n")
    assert memory.available(tmp_path) == 1_500_000


THREADS = """
import ctypes, threading
from monitor import memory

def arenas() -> int:
    return sum("heap nr=" in line for line in report().splitlines())

def report() -> str:
    libc = ctypes.CDLL(None)
    libc.open_memstream.restype = ctypes.c_void_p
    buffer, size = ctypes.c_char_p(), ctypes.c_size_t()
    stream = ctypes.c_void_p(libc.open_memstream(ctypes.byref(buffer), ctypes.byref(size)))
    libc.malloc_info(0, stream)
    libc.fclose(stream)
    return buffer.value.decode()

if {limited}:
    assert memory.few_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
there = threading.Barrier(7)

def work() -> None:
    libc.malloc(100_000)
    there.wait()
    there.wait()

threads = [threading.Thread(target=work) for _ in range(6)]
[thread.start() for thread in threads]
there.wait()
print(report().count("<heap nr="))
there.wait()
[thread.join() for thread in threads]
"""


@glibc
def test_threads_share_few_arenas() -> None:
    def arenas(limited: bool) -> int:
        ran = subprocess.run([sys.executable, "-c", THREADS.replace("{limited}", str(limited))], capture_output=True)
        return int(ran.stdout)

    assert arenas(limited=True) <= memory.ARENAS < arenas(limited=False)


@glibc
def test_what_is_free_inside_the_heap_is_given_back() -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    blocks = [libc.malloc(60_000) for _ in range(500)]
    for block in blocks:
        ctypes.memset(block, 1, 60_000)
    for block in blocks[:-1]:  # the last one keeps the top of the heap where it is
        libc.free(block)
    before = _resident()
    assert memory.give_back()
    assert before - _resident() > 20e6
    libc.free(blocks[-1])


def test_the_collector_leaves_alone_what_was_there_and_finds_what_is_new() -> None:
    class Node:
        other: "Node"

    thresholds = gc.get_threshold()
    with memory.at_rest():
        assert gc.get_freeze_count() > 1000
        assert len(gc.get_objects()) < 1000
        one = Node()
        one.other = Node()
        one.other.other = one
        gone = weakref.ref(one)
        del one
        gc.collect()
        assert gone() is None
        assert gc.get_threshold() == memory.OFTEN
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == thresholds


def _resident() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
