"""Access tokens: verify once, completely (RFC 9068, RFC 8725), and keep the verdict for a bounded
while.
"""

import time
from dataclasses import dataclass
from typing import Any

import jwt

from auth.errors import Unauthenticated
from auth.keys import ALGORITHMS, KeySource
from auth.principal import Principal, Role

_LONGEST_TOKEN = 8192
_CACHED_TOKENS = 10_000
_CACHE_SECONDS = 60.0
_TYPES = frozenset({"at+jwt", "application/at+jwt"})
_REQUIRED = ["iss", "aud", "exp", "iat", "sub"]


@dataclass(frozen=True, slots=True)
class VerifiedClaims:
    """A token that passed every check, as the principal it speaks for."""

    principal: Principal
    expires_at: float


class TokenVerifier:
    """Verifies bearer tokens against an allow-list of algorithms, one issuer and one audience."""

    def __init__(
        self, keys: KeySource, *, issuer: str, audience: str, leeway: float = 10.0
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._leeway = leeway
        self._jwt = jwt.PyJWT()
        self._seen: dict[str, VerifiedClaims] = {}
        self._seen_until: dict[str, float] = {}

    def at_once(self, token: str) -> VerifiedClaims | None:
        """The claims where nothing has to be waited for; None for a token that fails a check or
        whose key must be fetched.
        """
        now = time.time()
        if now < self._seen_until.get(token, 0.0):
            return self._seen[token]
        try:
            kid, algorithm = self._header(token)
            key = self._keys.at_hand(kid, algorithm)
            return (
                None if key is None else self._kept(token, self._claims(token, key, algorithm), now)
            )
        except Unauthenticated:
            return None

    def remembers(self, token: str) -> bool:
        """Whether the verdict on a token is kept, so that it need not be verified again now."""
        return time.time() < self._seen_until.get(token, 0.0)

    async def verify(self, token: str) -> VerifiedClaims:
        """The claims, or `Unauthenticated` with a code that says which check failed."""
        now = time.time()
        if now < self._seen_until.get(token, 0.0):
            return self._seen[token]
        kid, algorithm = self._header(token)
        key = await self._keys.key(kid, algorithm)
        return self._kept(token, self._claims(token, key, algorithm), now)

    def _kept(self, token: str, claims: VerifiedClaims, now: float) -> VerifiedClaims:
        if len(self._seen) >= _CACHED_TOKENS:
            self._seen.clear()
            self._seen_until.clear()
        self._seen[token] = claims
        self._seen_until[token] = min(claims.expires_at, now + _CACHE_SECONDS)
        return claims

    def _claims(self, token: str, key: Any, algorithm: str) -> VerifiedClaims:
        try:
            payload = self._jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=self._leeway,
                options={"require": _REQUIRED, "strict_aud": True},
            )
            expires_at = float(payload["exp"])
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("auth.token_expired", "The token has expired.") from None
        except (jwt.InvalidAudienceError, jwt.InvalidIssuerError):
            raise Unauthenticated(
                "auth.token_foreign", "The token was issued by or for somebody else."
            ) from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            raise Unauthenticated("auth.token_invalid", "The token does not verify.") from None
        return VerifiedClaims(_principal(payload), expires_at)

    @staticmethod
    def _header(token: str) -> tuple[str, str]:
        if len(token) > _LONGEST_TOKEN:
            raise Unauthenticated("auth.token_malformed", "The token is too long.")
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise Unauthenticated("auth.token_malformed", "This is no signed token.") from None
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS or not isinstance(kid, str) or "crit" in header:
            raise Unauthenticated(
                "auth.token_invalid", "Algorithm, key id or critical headers are not accepted."
            )
        if str(header.get("typ", "")).lower() not in _TYPES:
            raise Unauthenticated(
                "auth.token_invalid", "The token is no access token (typ at+jwt)."
            )
        return kid, str(algorithm)


def _principal(payload: dict[str, Any]) -> Principal:
    roles = payload.get("roles")
    department, region, certificate = (
        payload.get(k) for k in ("department", "region", "certificate_no")
    )
    if not isinstance(roles, list) or not all(isinstance(r, str) for r in roles):
        raise Unauthenticated("auth.token_invalid", "The token names no roles.")
    if not isinstance(region, str) or len(region) != 6 or not region.isdigit():  # noqa: PLR2004 - GB/T 2260 has six digits
        raise Unauthenticated("auth.token_invalid", "The token names no region (six digits).")
    if not isinstance(department, str | None) or not isinstance(certificate, str | None):
        raise Unauthenticated("auth.token_invalid", "Department and certificate number are texts.")
    known = frozenset(Role(r) for r in roles if r in set(Role))
    return Principal(payload["sub"], known, department, region, certificate)
