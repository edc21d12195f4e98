"""Public keys of the issuers (JWKS, RFC 7517): from a document, or fetched and kept with a floor
between fetches.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import jwt

from auth.errors import Unauthenticated

ALGORITHMS = ("EdDSA", "ES256")
_CURVES = {"EdDSA": {"Ed25519"}, "ES256": {"P-256"}}


class KeySource(Protocol):
    """Where a verification key comes from."""

    async def key(self, kid: str, algorithm: str) -> Any:
        """The key with this id, fit for this algorithm, or `Unauthenticated`."""
        ...

    def at_hand(self, kid: str, algorithm: str) -> Any | None:
        """The same key where nobody has to be asked for it; None otherwise."""
        ...


def read_jwks(document: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """Keys by (kid, algorithm). Only EdDSA and ES256 public keys with a key id count; private parts
    are refused.
    """
    found: dict[tuple[str, str], Any] = {}
    for entry in document.get("keys", []):
        if "d" in entry or "k" in entry:
            raise ValueError("the key set holds a private or symmetric key")
        for algorithm, curves in _CURVES.items():
            if entry.get("crv") in curves and entry.get("kid") and entry.get("use", "sig") == "sig":
                found[entry["kid"], algorithm] = jwt.PyJWK(entry, algorithm=algorithm).key
    return found


class StaticKeys:
    """Keys of a document that does not change while the process runs."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._keys = read_jwks(document)

    async def key(self, kid: str, algorithm: str) -> Any:
        try:
            return self._keys[kid, algorithm]
        except KeyError:
            raise Unauthenticated(
                "auth.unknown_key", "The token was signed with a key this gateway does not know."
            ) from None

    def at_hand(self, kid: str, algorithm: str) -> Any | None:
        return self._keys.get((kid, algorithm))


class RemoteKeys:
    """Keys fetched from an issuer; an unknown key id fetches again, at most once in `floor`
    seconds.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[dict[str, Any]]],
        *,
        floor: float = 10.0,
        ttl: float = 600.0,
    ) -> None:
        self._fetch = fetch
        self._floor = floor
        self._ttl = ttl
        self._keys: dict[tuple[str, str], Any] = {}
        self._fetched = float("-inf")
        self._lock = asyncio.Lock()

    async def key(self, kid: str, algorithm: str) -> Any:
        age = time.monotonic() - self._fetched
        if age > self._ttl or ((kid, algorithm) not in self._keys and age > self._floor):
            await self._refresh()
        try:
            return self._keys[kid, algorithm]
        except KeyError:
            raise Unauthenticated(
                "auth.unknown_key", "The token was signed with a key this gateway does not know."
            ) from None

    def at_hand(self, kid: str, algorithm: str) -> Any | None:
        return (
            self._keys.get((kid, algorithm))
            if time.monotonic() - self._fetched <= self._ttl
            else None
        )

    async def _refresh(self) -> None:
        async with self._lock:
            if time.monotonic() - self._fetched < self._floor:
                return
            self._fetched = time.monotonic()
            try:
                self._keys = read_jwks(await self._fetch())
            except Exception as error:
                # Old keys stay valid while the issuer is away; without any, nobody is let in.
                if not self._keys:
                    raise Unauthenticated(
                        "auth.keys_unavailable", "The issuer's keys cannot be fetched."
                    ) from error
