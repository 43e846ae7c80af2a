"""Two places and a bad cable between them: network namespaces of the tests' own, as root on Linux.

    monitor ─veth─ cable ─veth─ room        10.77.0.1, fd77::1        10.77.0.2, fd77::2

The test itself, with its event loop, is at `monitor` (a thread can enter a namespace; its new sockets are there).
Servers are started at `room` with `at_room` before their command; people who talk run there in a thread with a loop of
their own (`elsewhere`). The cable is a thread that carries Ethernet frames from one side to the other, and loses, swaps
and doubles UDP as it is told; all chances come from one seed. Firewalls are nft's, in the namespace at `room`.
Nothing leaves the machine: the namespaces have no other way out.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import itertools
import os
import random
import select
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

import pytest

MONITOR, ROOM = "10.77.0.1", "10.77.0.2"
MONITOR6, ROOM6 = "fd77::1", "fd77::2"
MOVED = "10.77.0.9"
_CLONE_NEWNET = 0x40000000
_SIOCETHTOOL, _ETHTOOL_STXCSUM = 0x8946, 0x17
_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count()


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """This thread is in a namespace; the sockets that it makes stay there."""
    with open("/proc/thread-self/ns/net") as before, open(f"/run/netns/{namespace}") as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(before.fileno())


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Cable:
    """Carries frames between two interfaces of its namespace. Its chances may be changed at any time."""

    def __init__(self, seed: int = 1) -> None:
        self.loss = self.swap = self.double = 0.0  # chances of a UDP packet
        self.cut = False
        self.carried = self.lost = self.swapped = self.doubled = 0
        self._chance = random.Random(seed)
        self._kept: tuple[socket.socket, bytes] | None = None
        self._over, self._end = os.pipe()
        self._thread: threading.Thread | None = None

    def plug(self, namespace: str, one: str, other: str) -> None:
        with inside(namespace):
            ends = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) for _ in range(2)]
        for end, device in zip(ends, (one, other), strict=True):
            with inside(namespace):
                end.bind((device, 0))
        self._thread = threading.Thread(target=self._carry, args=(ends,), name="cable")
        self._thread.start()

    def unplug(self) -> None:
        os.close(self._end)
        if self._thread is not None:
            self._thread.join()
        os.close(self._over)

    def _carry(self, ends: list[socket.socket]) -> None:
        towards = {ends[0]: ends[1], ends[1]: ends[0]}
        while True:
            ready, _, _ = select.select([*ends, self._over], [], [])
            if self._over in ready:
                break
            for end in ready:
                frame, address = end.recvfrom(65536)
                if address[2] != socket.PACKET_OUTGOING and not self.cut:
                    self._pass(towards[end], frame)
        for end in ends:
            end.close()

    def _pass(self, to: socket.socket, frame: bytes) -> None:
        copies, held = 1, None
        if _is_udp(frame):
            self.carried += 1
            if self._chance.random() < self.loss:
                self.lost += 1
                return
            if self._kept is None and self._chance.random() < self.swap:
                self._kept = (to, frame)  # until the next one has passed, whichever way that goes
                self.swapped += 1
                return
            held, self._kept = self._kept, None
            if self._chance.random() < self.double:
                self.doubled += 1
                copies = 2
        with contextlib.suppress(OSError):  # the other end is down
            for _ in range(copies):
                to.send(frame)
            if held is not None:
                held[0].send(held[1])


def _is_udp(frame: bytes) -> bool:
    kind = frame[12:14]
    return (kind == b"\x08\x00" and frame[23] == 17) or (kind == b"\x86\xdd" and frame[20] == 17)


class Network:
    """Made by `network`."""

    def __init__(self) -> None:
        self._name = f"rm{os.getpid()}-{next(_numbers)}"
        self.cable = Cable()
        self.monitor, self.room, self._middle = (f"{self._name}-{part}" for part in "mrx")

    @property
    def at_room(self) -> tuple[str, ...]:
        """Words before a command that let it run at the room's place."""
        return "ip", "netns", "exec", self.room

    def make(self) -> None:
        for namespace in (self.monitor, self.room, self._middle):
            _run("ip", "netns", "add", namespace)
        for namespace, device, end, addresses in (
            (self.monitor, "m0", "x0", (f"{MONITOR}/24", f"{MONITOR6}/64")),
            (self.room, "r0", "x1", (f"{ROOM}/24", f"{ROOM6}/64")),
        ):
            _run("ip", "link", "add", device, "netns", namespace, "type", "veth", "peer", end, "netns", self._middle)
            for address in addresses:
                _run(
                    "ip", "-n", namespace, "addr", "add", address, "dev", device, *(["nodad"] if ":" in address else [])
                )
            with inside(namespace):
                _checksums_off(device)
            for each, which in ((namespace, device), (namespace, "lo"), (self._middle, end)):
                _run("ip", "-n", each, "link", "set", which, "up")
        self.cable.plug(self._middle, "x0", "x1")

    def destroy(self) -> None:
        self.cable.unplug()
        for namespace in (self.monitor, self.room, self._middle):
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)

    def firewall(self, *rules: str) -> None:
        """Only these rules for what crosses the cable at the room's end; none: all is open again."""
        chains = "".join(
            f"chain {hook} {{ type filter hook {hook} priority 0; {way} != r0 accept; {'; '.join(rules)}; }}\n"
            for hook, way in (("input", "iifname"), ("output", "oifname"))
        )
        text = f"flush ruleset\ntable inet test {{\n{chains}}}\n" if rules else "flush ruleset\n"
        _run(*self.at_room, "nft", "-f", "-", text=text)

    def without_ipv4(self) -> None:
        """The monitor's machine has IPv6 addresses only."""
        _run("ip", "-n", self.monitor, "addr", "del", f"{MONITOR}/24", "dev", "m0")

    def move(self) -> None:
        """The monitor's machine gets another address, as by a change of networks; the old one is gone."""
        _run("ip", "-n", self.monitor, "addr", "add", f"{MOVED}/24", "dev", "m0")
        _run("ip", "-n", self.monitor, "addr", "del", f"{MONITOR}/24", "dev", "m0")
        _run("ip", "-n", self.monitor, "addr", "del", f"{MONITOR6}/64", "dev", "m0")
        _run("ip", "-n", self.monitor, "addr", "replace", f"{MOVED}/24", "dev", "m0")


def _run(*command: str, text: str = "") -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, f"{command}: {done.stderr}"


def _checksums_off(device: str) -> None:
    """The kernel leaves checksums out between its own interfaces; who reads frames from one has to have them."""
    value = ctypes.create_string_buffer(struct.pack("II", _ETHTOOL_STXCSUM, 0))
    request = struct.pack("16sP", device.encode(), ctypes.addressof(value)) + bytes(16)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCETHTOOL, request)


def why_not() -> str:
    """Why there can be no networks of our own here; empty: there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [name for name in ("ip", "nft") if shutil.which(name) is None]
    if missing:
        return (
            f"not installed: {', '.join(missing)} (Debian: apt-get install iproute2 nftables; tests/setup.sh does it)"
        )
    tried = f"rm{os.getpid()}-try"
    made = subprocess.run(["ip", "netns", "add", tried], check=False, capture_output=True, text=True)
    subprocess.run(["ip", "netns", "del", tried], check=False, capture_output=True)
    return f"no network namespaces here: {made.stderr.strip()}" if made.returncode else ""


@contextmanager
def network() -> Iterator[Network]:
    """The calling thread is at the monitor's place until the block ends. Skips the test where that can't be had."""
    if reason := why_not():
        pytest.skip(reason)
    made = Network()
    try:
        made.make()
        with inside(made.monitor):
            yield made
    finally:
        made.destroy()


@asynccontextmanager
async def elsewhere(namespace: str, make: Callable[[], AbstractAsyncContextManager[object]]) -> AsyncIterator[None]:
    """What `make` gives, in a thread with an event loop of its own in that namespace, until the block ends."""
    loop = asyncio.get_running_loop()
    there: asyncio.Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = loop.create_future()

    async def stay() -> None:
        leaving = asyncio.Event()
        async with make():
            loop.call_soon_threadsafe(there.set_result, (asyncio.get_running_loop(), leaving))
            await leaving.wait()

    def body() -> None:
        with inside(namespace):
            asyncio.run(stay())

    running = asyncio.get_running_loop().run_in_executor(None, body)
    await asyncio.wait([there, running], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        await running
    its_loop, leaving = there.result()
    try:
        yield
    finally:
        with contextlib.suppress(RuntimeError):  # it has ended by itself
            its_loop.call_soon_threadsafe(leaving.set)
        await running
