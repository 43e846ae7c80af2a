"""A real STUN and TURN server (coturn) on this machine's loopback, with a certificate of its own."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from monitor.rooms.ice import host_addresses

MISSING = "coturn is not installed (Debian: apt-get install coturn; tests/setup.sh does it)"
USER, PASSWORD, SECRET = "monitor", "sesame", "a secret shared with coturn"


@dataclass(frozen=True)
class TurnServer:
    """Its user is USER with PASSWORD, or made of SECRET. `certificate`: what to trust for TLS, by SSL_CERT_FILE."""

    port: int
    tls_port: int
    addresses: Sequence[str]
    certificate: Path
    log: Path

    def url(self, kind: str, host: str = "127.0.0.1") -> str:
        match kind:
            case "stun":
                return f"stun:{host}:{self.port}"
            case "udp":
                return f"turn:{host}:{self.port}"
            case "tcp":
                return f"turn:{host}:{self.port}?transport=tcp"
            case _:
                return f"turns:{'localhost' if host == '127.0.0.1' else host}:{self.tls_port}"


def _certify(folder: Path, addresses: Sequence[str]) -> None:
    """A certificate for localhost and these addresses, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), *(x509.IPAddress(ipaddress.ip_address(each)) for each in addresses)]
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(secret)


@asynccontextmanager
async def turn_server(
    folder: Path,
    port: int,
    tls_port: int,
    *,
    shared_secret: bool = False,
    addresses: Sequence[str] = ("127.0.0.1", "::1"),
    before: Sequence[str] = (),
) -> AsyncIterator[TurnServer]:
    """Running until the block ends. `before`: words before the command, such as those that enter a namespace."""
    if shutil.which("turnserver") is None:
        pytest.skip(MISSING)
    server = TurnServer(port, tls_port, addresses, folder / "cert.pem", folder / "turn.log")
    users = ["--use-auth-secret", f"--static-auth-secret={SECRET}"] if shared_secret else [f"--user={USER}:{PASSWORD}"]
    process = _start(server, [*before, *_command(server, addresses, inside=bool(before)), *users])
    try:
        async with asyncio.timeout(30):
            while not await _answers(addresses[0], tls_port):  # the last one that it opens
                assert process.poll() is None, server.log.read_text("utf-8", "replace")
                await asyncio.sleep(0.02)
        yield server
    finally:
        process.kill()
        process.wait(10)


def _command(server: TurnServer, addresses: Sequence[str], *, inside: bool) -> list[str]:
    folder = server.log.parent
    relay = addresses[0] if inside else (host_addresses(True, False) or ["127.0.0.1"])[0]
    return [
        "turnserver",
        "-n",
        "--no-cli",
        "--no-dtls",
        "--no-rfc5780",
        "--allow-loopback-peers",
        "--lt-cred-mech",
        "--realm=test",
        "--relay-threads=1",
        "--log-file=stdout",
        f"--listening-port={server.port}",
        f"--tls-listening-port={server.tls_port}",
        *(f"--listening-ip={address}" for address in addresses),
        f"--relay-ip={relay}",
        f"--cert={server.certificate}",
        f"--pkey={folder / 'key.pem'}",
        f"--pidfile={folder / 'pid'}",
        f"--userdb={folder / 'users'}",
    ]


def _start(server: TurnServer, command: list[str]) -> subprocess.Popen[bytes]:
    folder = server.log.parent
    folder.mkdir(parents=True, exist_ok=True)
    _certify(folder, [each for each in server.addresses if "." in each])
    with server.log.open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=folder)


async def _answers(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
