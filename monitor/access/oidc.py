"""A company's identity provider, by OpenID Connect: the code flow with PKCE (RFC 7636), state and nonce.

A sign-in that was begun is bound to the browser that began it by a cookie of its own, so that nobody can be signed in
as somebody else by a link. What is begun is held in memory, for ten minutes: after a restart one begins again.
The ID token's signature, issuer, audience, times and nonce are checked (OpenID Connect Core 1.0, 3.1.3.7), and the
issuer of the answer where the provider sends it (RFC 9207).
"""

from __future__ import annotations

import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from monitor.access import keys
from monitor.access.signing import Identity
from monitor.errors import SignInFailed

log = structlog.get_logger()

PATIENCE = 10.0
"""Seconds that the provider may take to answer."""
OPEN = 600.0
"""Seconds in which a sign-in that was begun has to come back."""
MOST = 5000
"""Sign-ins that may be open; beyond, the oldest is forgotten."""
FRESH = 3600.0
"""Seconds for which what the provider says of itself is taken as it was."""
LEEWAY = 60
"""Seconds that its clock may differ from ours."""
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Signatures with a public key. The others are for those who share a secret, or none at all."""
_NOT_IN_NAMES = re.compile(r"[^a-z0-9._@-]+")


@dataclass(frozen=True, slots=True)
class Plan:
    """Which provider, and what its claims mean here."""

    issuer: str
    client_id: str
    name: str
    scopes: tuple[str, ...]
    claim: str  # in which groups or roles are
    roles: Mapping[str, tuple[str, ...]]  # role → values of the claim that give it
    everyone: tuple[str, ...] = ()  # roles of whoever the provider vouches for
    address: str = ""  # where browsers reach this service; empty: as they asked for it


@dataclass(frozen=True, slots=True)
class _Begun:
    nonce: str
    verifier: str
    browser: str  # digest of the browser's cookie
    redirect: str
    back: str
    until: float


@dataclass(slots=True)
class _Known:
    """What the provider says of itself."""

    metadata: dict[str, Any]
    at: float
    keys: KeySet | None = field(default=None)


class Provider:
    """One provider. Methods raise SignInFailed in words that can be shown."""

    def __init__(self, plan: Plan, secret: Callable[[], str], clock: Callable[[], float] = time.time) -> None:
        """`secret` gives the client's secret, read anew each time; an empty one: a public client, with PKCE alone."""
        self._plan = plan
        self._secret = secret
        self._clock = clock
        self._begun: OrderedDict[str, _Begun] = OrderedDict()
        self._known: _Known | None = None

    @property
    def name(self) -> str:
        return self._plan.name

    @property
    def address(self) -> str:
        """Where browsers reach this service; empty: as they asked for it."""
        return self._plan.address

    async def begin(self, redirect: str, back: str) -> tuple[str, str]:
        """Where to send the browser, and the cookie that it keeps meanwhile.

        `redirect`: our address that the provider sends it back to; `back`: the page to go to then.
        """
        metadata = (await self._metadata()).metadata
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        browser = keys.new_cookie()
        now = self._clock()
        while self._begun and (len(self._begun) >= MOST or next(iter(self._begun.values())).until < now):
            self._begun.popitem(last=False)
        self._begun[state] = _Begun(nonce, verifier, keys.digest(browser), redirect, back, now + OPEN)
        async with self._client(redirect) as client:
            url, _ = client.create_authorization_url(
                metadata["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        return str(url), browser

    async def finish(self, params: Mapping[str, str], browser: str) -> tuple[Identity, str]:
        """Who came back, and the page to go to. `params`: of the address; `browser`: the cookie."""
        begun = self._begun.pop(params.get("state", ""), None)
        if begun is None or begun.until < self._clock() or begun.browser != keys.digest(browser):
            raise SignInFailed("This sign-in was not begun in this browser, or took too long. Begin again.")
        if "error" in params:
            log.warning("identity provider refused", error=params["error"][:200])
            raise SignInFailed(f"{self.name} did not sign you in.")
        known = await self._metadata()
        supported = known.metadata.get("authorization_response_iss_parameter_supported")
        if params.get("iss", self._plan.issuer if not supported else "") != self._plan.issuer:
            raise SignInFailed("The answer is not from the provider that was asked.")
        try:
            claims = await self._claims(known, params.get("code", ""), begun)
        except (httpx2.HTTPError, AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as error:
            log.warning("identity provider's answer can't be used", reason=f"{type(error).__name__}: {error}"[:500])
            raise SignInFailed(f"What {self.name} answered can't be used; the service's log says more.") from error
        return self._identity(claims), begun.back

    async def _claims(self, known: _Known, code: str, begun: _Begun) -> dict[str, Any]:
        metadata = known.metadata
        async with self._client(begun.redirect) as client:
            token = await client.fetch_token(
                metadata["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=begun.verifier
            )
            claims = dict(await self._checked(known, token, begun.nonce))
            if self._plan.claim not in claims and "userinfo_endpoint" in metadata:
                answer = await client.get(metadata["userinfo_endpoint"])
                answer.raise_for_status()
                more = answer.json()
                if more["sub"] != claims["sub"]:
                    raise ValueError("userinfo is about somebody else")
                claims = {**more, **claims}
        return claims

    async def _checked(self, known: _Known, token: Mapping[str, Any], nonce: str) -> CodeIDToken:
        wanted = set(known.metadata.get("id_token_signing_alg_values_supported") or ["RS256"])
        algorithms = sorted(wanted & ALGORITHMS)
        try:
            decoded = jwt.decode(token["id_token"], await self._keys(known), algorithms=algorithms)
        except InvalidKeyIdError:  # it has new keys
            decoded = jwt.decode(token["id_token"], await self._keys(known, anew=True), algorithms=algorithms)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "value": self._plan.issuer},
                "aud": {"essential": True, "value": self._plan.client_id},
            },
            {"nonce": nonce, "client_id": self._plan.client_id, "access_token": token.get("access_token")},
        )
        claims.validate(leeway=LEEWAY)
        return claims

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        given = claims.get(self._plan.claim, [])
        values = {str(one) for one in (given if isinstance(given, list) else [given])}
        roles = {role for role, wanted in self._plan.roles.items() if values & set(wanted)} | set(self._plan.everyone)
        subject = str(claims["sub"])
        mail = claims.get("email") if claims.get("email_verified") else None
        wanted_name = str(mail or claims.get("preferred_username") or subject).lower()
        name = _NOT_IN_NAMES.sub("-", wanted_name).strip("-._@")[:50] or "somebody"
        shown = " ".join(str(claims.get("name") or wanted_name).split())[:100]
        return Identity(self._plan.issuer, subject, name, shown, tuple(sorted(roles)))

    async def _metadata(self) -> _Known:
        if self._known is not None and self._clock() - self._known.at < FRESH:
            return self._known
        try:
            metadata = await self._get(f"{self._plan.issuer.rstrip('/')}/.well-known/openid-configuration")
            if metadata["issuer"] != self._plan.issuer:
                raise ValueError(f"it calls itself {metadata['issuer']!r}, and [oidc] issuer is {self._plan.issuer!r}")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                _safe(metadata[name])
        except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
            log.warning("identity provider can't be asked", reason=f"{type(error).__name__}: {error}"[:500])
            raise SignInFailed(f"{self.name} can't be reached now; the service's log says more.") from error
        self._known = _Known(metadata, self._clock())
        return self._known

    async def _keys(self, known: _Known, *, anew: bool = False) -> KeySet:
        if known.keys is None or anew:
            known.keys = KeySet.import_key_set(await self._get(known.metadata["jwks_uri"]))
        return known.keys

    async def _get(self, url: str) -> Any:
        async with httpx2.AsyncClient(timeout=PATIENCE, follow_redirects=False) as client:
            answer = await client.get(_safe(url))
            answer.raise_for_status()
            return answer.json()

    def _client(self, redirect: str) -> AsyncOAuth2Client:
        secret = self._secret()
        return AsyncOAuth2Client(
            self._plan.client_id,
            secret or None,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope=" ".join(self._plan.scopes),
            redirect_uri=redirect,
            code_challenge_method="S256",
            timeout=PATIENCE,
        )


def _safe(url: str) -> str:
    """The address. Raises ValueError for one that others could read along."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError(f"{url} is not https")
    return url
