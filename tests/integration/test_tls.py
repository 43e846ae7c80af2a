"""TLS: the certificate's listener for others, a plain one on loopback for the service's own use; proxies."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from monitor.access.roles import Role
from monitor.config import Web
from monitor.errors import OperatorError
from monitor.web.app import create_app
from monitor.web.server import Door, serve
from tests.helpers.access_site import access_site
from tests.helpers.site import site
from tests.helpers.staff import PASSWORD, visitor
from tests.helpers.whole import whole_service


def certificate(directory: Path) -> tuple[Path, Path]:
    """For 127.0.0.1, by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "room monitor's test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = directory / "cert.pem", directory / "key.pem"
    cert_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_path.write_bytes(key.private_bytes(*form))
    return cert_path, key_path


async def test_the_service_speaks_tls_and_reaches_its_own_rooms_all_the_same(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    web = Web(port=0, tls_cert=cert, tls_key=key)
    trusting = ssl.create_default_context(cafile=str(cert))
    async with whole_service(tmp_path, web=web) as it, visitor(it.url, verify=trusting) as client:
        assert it.url.startswith("https://")
        answer = await client.get("/healthz")
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        signed = await client.post("/api/login", json={"name": "viewer", "password": PASSWORD})
        cookie = signed.headers["Set-Cookie"]
        assert cookie.startswith("__Host-room-monitor=")
        assert "secure" in cookie.lower()
        rooms = (await client.get("/api/rooms")).json()["rooms"]
        assert [room["id"] for room in rooms] == ["lobby"]
        own = (it.data / "address").read_text()
        assert own.startswith("http://127.0.0.1:")
        async with visitor(own) as inside:
            assert (await inside.get("/api/rooms")).status_code == 401  # the same rules there
            token = {"Authorization": f"Bearer {it.tokens[Role.VIEWER]}"}
            assert (await inside.get("/api/rooms", headers=token)).status_code == 200


async def test_a_certificate_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    async with site(tmp_path) as it:
        for bad in (tmp_path / "bad.pem", tmp_path / "none.pem"):
            with pytest.raises(OperatorError, match="tls_cert"):
                serve(create_app(it.deps), "127.0.0.1", 0, Door(bad))


async def test_a_proxy_is_believed_where_it_is_named_and_nobody_else(tmp_path: Path) -> None:
    said = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    body = {"name": "viewer", "password": PASSWORD}
    async with access_site(tmp_path) as it:
        for proxies, believed in ((("127.0.0.0/8",), True), (("10.0.0.1",), False), ((), False)):
            async with (
                serve(create_app(it.deps), "127.0.0.1", 0, Door(proxies=proxies)) as server,
                httpx.AsyncClient(base_url=server.url, trust_env=False) as client,
            ):
                answer = await client.post("/api/login", json=body, headers=said)
                assert answer.status_code == 200
                assert ("secure" in answer.headers["Set-Cookie"].lower()) is believed
                newest = it.accounts.sessions("viewer")[0]
                assert (newest.address == "203.0.113.9") is believed
