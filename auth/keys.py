"""Public keys of the issuers (JWKS, RFC 7517): from a file that is read again when it changes, or
fetched and kept with a floor between fetches. Nothing that cannot be used replaces good keys.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from auth.errors import KeysUnavailable, Unauthenticated

log = logging.getLogger("onevisit.auth")
ALGORITHMS = ("EdDSA", "ES256")
"""Accepted unless a setting says otherwise."""
ALL_ALGORITHMS = (*ALGORITHMS, "RS256", "PS256")
_CURVES = {"EdDSA": {"Ed25519"}, "ES256": {"P-256"}}
_SHORTEST_RSA = 2048
_LOOK_SECONDS = 1.0
Keys = dict[tuple[str, str], Any]


class KeySource(Protocol):
    """Where a verification key comes from."""

    async def key(self, kid: str, algorithm: str) -> Any:
        """The key with this id, fit for this algorithm. Raises `Unauthenticated`, or
        `KeysUnavailable` where it is not known whether there is one.
        """
        ...

    @property
    def held(self) -> object:
        """The keys in force: another object once any of them changed or ended. Read with each
        request, so it costs next to nothing.
        """
        ...

    def at_hand(self, kid: str, algorithm: str) -> Any | None:
        """The same key where nobody has to be asked for it; None otherwise."""
        ...


def read_jwks(document: Any) -> Keys:
    """Keys by (kid, algorithm): public signing keys with a key id, for EdDSA, ES256, RS256 or
    PS256. What is no such key is skipped (RFC 7517, 5).

    Raises ValueError for what is no key set, and for one that holds a private or symmetric key.
    """
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("no key set: it has no list named keys")  # noqa: TRY004 - foreign content
    found: Keys = {}
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        if "d" in entry or "k" in entry:
            raise ValueError("the key set holds a private or symmetric key")
        kid = entry.get("kid")
        if isinstance(kid, str) and kid and entry.get("use", "sig") == "sig":
            for algorithm in ALL_ALGORITHMS:
                key = _key_of(entry, algorithm)
                if key is not None:
                    found[kid, algorithm] = key
    return found


def _key_of(entry: dict[str, Any], algorithm: str) -> Any | None:
    if entry.get("alg", algorithm) != algorithm:
        return None
    curves = _CURVES.get(algorithm)
    if curves is None and entry.get("kty") != "RSA":
        return None
    if curves is not None and entry.get("crv") not in curves:
        return None
    try:
        key = jwt.PyJWK(entry, algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        log.warning("a key of the issuer cannot be used and is skipped")
        return None
    return None if isinstance(key, RSAPublicKey) and key.key_size < _SHORTEST_RSA else key


def _unknown() -> Unauthenticated:
    return Unauthenticated(
        "auth.unknown_key", "The token was signed with a key this gateway does not know."
    )


class StaticKeys:
    """Keys of a document that does not change while the process runs."""

    def __init__(self, document: Any) -> None:
        self.held = read_jwks(document)

    async def key(self, kid: str, algorithm: str) -> Any:
        try:
            return self.held[kid, algorithm]
        except KeyError:
            raise _unknown() from None

    def at_hand(self, kid: str, algorithm: str) -> Any | None:
        return self.held.get((kid, algorithm))


class FileKeys:
    """Keys of a file, read again when it changes; one that cannot be read changes nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._looked = time.monotonic()
        self._stamp = self._stamp_of()
        self.held = read_jwks(json.loads(path.read_text(encoding="utf-8")))

    async def key(self, kid: str, algorithm: str) -> Any:
        found = self.at_hand(kid, algorithm)
        if found is None:
            raise _unknown()
        return found

    def at_hand(self, kid: str, algorithm: str) -> Any | None:
        self._look()
        return self.held.get((kid, algorithm))

    def _stamp_of(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        stamp = self._stamp_of()
        if stamp is None or stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            keys = read_jwks(json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            log.warning("the key file cannot be read anew and is not used: %s", error)
            return
        if keys:
            self.held = keys
            log.info("the key file changed: %d keys", len({kid for kid, _ in keys}))


class RemoteKeys:
    """Keys fetched from an issuer; an unknown key id fetches again, at most once in `floor`
    seconds. An error, an empty set or rubbish never replaces good keys; `oldest` seconds after the
    last good answer they are no longer relied on.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Any]],
        *,
        floor: float = 10.0,
        ttl: float = 600.0,
        oldest: float = 86_400.0,
    ) -> None:
        self._fetch = fetch
        self._floor = floor
        self._ttl = ttl
        self._oldest = oldest
        self.held: Keys = {}
        self._fetched = self._good = float("-inf")
        self._failed = ""
        self._lock = asyncio.Lock()
        self.failures = 0
        """Fetches that gave no usable keys."""

    @property
    def age(self) -> float:
        """Seconds since the last usable answer; infinite before the first."""
        return time.monotonic() - self._good

    @property
    def trusted(self) -> bool:
        """Whether there are keys that may be relied on."""
        return bool(self.held) and self.age <= self._oldest

    async def key(self, kid: str, algorithm: str) -> Any:
        age = time.monotonic() - self._fetched
        if age > self._ttl or ((kid, algorithm) not in self.held and age > self._floor):
            await self._refresh()
        if not self.trusted:
            raise KeysUnavailable(
                "auth.keys_unavailable", f"The issuer's keys cannot be fetched{self._failed}."
            )
        try:
            return self.held[kid, algorithm]
        except KeyError:
            if self._failed:  # whether the issuer knows it cannot be told now
                raise KeysUnavailable(
                    "auth.keys_unavailable", f"The issuer's keys cannot be fetched{self._failed}."
                ) from None
            raise _unknown() from None

    def at_hand(self, kid: str, algorithm: str) -> Any | None:
        fresh = time.monotonic() - self._fetched <= self._ttl and self.trusted
        return self.held.get((kid, algorithm)) if fresh else None

    async def keep(self) -> None:
        """Fetch now and before the keys grow old, until cancelled."""
        while True:
            await self._refresh()
            await asyncio.sleep(self._ttl * 0.9 if not self._failed else self._floor)

    async def _refresh(self) -> None:
        async with self._lock:
            if time.monotonic() - self._fetched < self._floor:
                return
            try:
                keys = read_jwks(await self._fetch())
            except Exception as error:  # noqa: BLE001 - whatever an issuer does, its keys stay
                self._fail(f"{type(error).__name__}: {error}"[:120])
            else:
                if keys:
                    self.held, self._failed = keys, ""
                    self._good = time.monotonic()
                else:
                    self._fail("the set holds no usable key")
            self._fetched = time.monotonic()

    def _fail(self, why: str) -> None:
        self.failures += 1
        self._failed = f" ({why})"
        log.warning(
            "the issuer's keys cannot be fetched: %s; keys at hand: %d", why, len(self.held)
        )
