"""Access tokens: verify once, completely (RFC 9068, RFC 8725), and keep the verdict for a bounded
while.
"""

import time
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import jwt

from auth.errors import AuthError, Forbidden, Unauthenticated
from auth.keys import ALGORITHMS, KeySource
from auth.principal import Principal, Role, SignOn

_LONGEST_TOKEN = 8192
_CACHED_TOKENS = 10_000
_CACHE_SECONDS = 60.0
TYPES = ("at+jwt",)
"""Types of access tokens that are accepted unless a setting says otherwise (RFC 9068)."""
_OWN_TYPES = frozenset({"at+jwt", "application/at+jwt"})
_LONGEST_TOLD = 80
LONGEST_LIFE_SECONDS = 86_400.0
"""From a token's beginning to its end, unless a setting says otherwise."""
_REQUIRED = ["iss", "aud", "exp", "iat", "sub"]


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose tokens are accepted. The subjects of one with a `name` are `name:sub` here, so that
    people of two issuers are never one; those of the gateway's own are as registered.
    """

    iss: str
    keys: KeySource
    name: str = ""
    is_own: bool = False
    algorithms: Sequence[str] = ALGORITHMS


@dataclass(frozen=True, slots=True)
class VerifiedClaims:
    """A token that passed every check, as the principal it speaks for."""

    principal: Principal
    expires_at: float


class Callers(Protocol):
    """Whoever knows more of callers than their tokens say."""

    def current(self, claimed: Principal) -> Principal:
        """Who a caller is now, by what his token says. Raises `AuthError`."""
        ...


class TokenVerifier:
    """Verifies bearer tokens against an allow-list of algorithms and issuers, and one audience."""

    def __init__(
        self,
        issuers: Sequence[Issuer],
        *,
        audience: str,
        leeway: float = 10.0,
        longest: float = LONGEST_LIFE_SECONDS,
        types: Iterable[str] = TYPES,
        callers: Callers | None = None,
    ) -> None:
        self._issuers = {issuer.iss: issuer for issuer in issuers}
        self._only = issuers[0] if len(issuers) == 1 else None
        self._names = {issuer.name for issuer in issuers if issuer.name}
        self._audience = audience
        self._leeway = leeway
        self._longest = longest
        self._types = {t.lower() for t in types}
        self._types |= {f"application/{t}" for t in self._types}
        self._callers = callers
        self._jwt = jwt.PyJWT()
        self._seen: dict[str, tuple[VerifiedClaims, KeySource, object]] = {}
        """With each verdict the keys by which it was found: it holds as long as they do."""
        self._seen_until: dict[str, float] = {}

    def at_once(self, token: str) -> VerifiedClaims | None:
        """The claims where nothing has to be waited for; None for a token that fails a check or
        whose key must be fetched.
        """
        now = time.time()
        try:
            if now < self._seen_until.get(token, 0.0):
                claims, keys, held = self._seen[token]
                if keys.held is held:
                    return self._current(claims)
            issuer, kid, algorithm = self._header(token)
            key = issuer.keys.at_hand(kid, algorithm)
            if key is None:
                return None
            claims = self._claims(token, issuer, key, algorithm)
            return self._current(self._kept(token, claims, issuer.keys, now))
        except AuthError:
            return None

    def remembers(self, token: str) -> bool:
        """Whether the verdict on a token is kept, so that it need not be verified again now."""
        if time.time() >= self._seen_until.get(token, 0.0):
            return False
        _, keys, held = self._seen[token]
        return keys.held is held

    def has_met(self, token: str) -> bool:
        """Whether a token verified once, and has not ended: it is worth verifying again."""
        met = self._seen.get(token)
        return met is not None and time.time() < met[0].expires_at + self._leeway

    async def verify(self, token: str) -> VerifiedClaims:
        """The claims, or `Unauthenticated` with a code that says which check failed; `Forbidden`
        where others know that this caller may not call.
        """
        now = time.time()
        if now < self._seen_until.get(token, 0.0):
            claims, keys, held = self._seen[token]
            if keys.held is held:
                return self._current(claims)
        issuer, kid, algorithm = self._header(token)
        key = await issuer.keys.key(kid, algorithm)
        claims = self._claims(token, issuer, key, algorithm)
        return self._current(self._kept(token, claims, issuer.keys, now))

    def still(self, principal: Principal) -> Principal:
        """Who somebody is now who was let in before. Raises `AuthError`."""
        if self._callers is None:
            return principal
        return self._callers.current(principal.claimed or principal)

    def _current(self, claims: VerifiedClaims) -> VerifiedClaims:
        """What is true of the caller now, whatever was when the token was first seen."""
        if self._callers is None:
            return claims
        try:
            return VerifiedClaims(self._callers.current(claims.principal), claims.expires_at)
        except Forbidden as error:
            error.subject = claims.principal.subject
            raise

    def _kept(
        self, token: str, claims: VerifiedClaims, keys: KeySource, now: float
    ) -> VerifiedClaims:
        self._seen.pop(token, None)  # put behind the others, which are older
        self._seen_until.pop(token, None)
        if len(self._seen) >= _CACHED_TOKENS:
            oldest = next(iter(self._seen))
            del self._seen[oldest], self._seen_until[oldest]
        self._seen[token] = claims, keys, keys.held
        self._seen_until[token] = min(claims.expires_at, now + _CACHE_SECONDS)
        return claims

    def _claims(self, token: str, issuer: Issuer, key: Any, algorithm: str) -> VerifiedClaims:
        try:
            payload = self._jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=issuer.iss,
                leeway=self._leeway,
                options={"require": _REQUIRED},
            )
            expires_at = float(payload["exp"])
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            raise self._refusal(token, issuer, error) from None
        life = expires_at - float(payload["iat"])
        if life > self._longest:
            raise Unauthenticated(
                "auth.token_long_lived",
                f"The token lives {life:.0f} s; at most {self._longest:.0f} s are accepted.",
            )
        principal = _principal(payload)
        sign_on = SignOn(
            issuer.iss, _text(payload, "sid"), _text(payload, "jti"), float(payload["iat"])
        )
        subject = self._named(issuer, principal.subject)
        return VerifiedClaims(replace(principal, subject=subject, sign_on=sign_on), expires_at)

    def _named(self, issuer: Issuer, subject: str) -> str:
        """A subject as the directory has it: nobody speaks for another issuer's people."""
        if issuer.is_own:
            return subject
        if issuer.name:
            return f"{issuer.name}:{subject}"
        if subject.partition(":")[0] in self._names:
            raise Unauthenticated(
                "auth.token_foreign", "The subject has the form of another issuer's."
            )
        return subject

    def _refusal(self, token: str, issuer: Issuer, error: Exception) -> Unauthenticated:
        """What was expected and what came. The signature holds where a claim is told."""
        match error:
            case jwt.ExpiredSignatureError():
                return Unauthenticated("auth.token_expired", "The token has expired.")
            case jwt.ImmatureSignatureError():
                ahead = max(
                    (int(_claim(token, name) - time.time()) for name in ("iat", "nbf")), default=0
                )
                return Unauthenticated(
                    "auth.token_early",
                    f"The token is dated {ahead} s ahead of this gateway's clock; at most "
                    f"{self._leeway:.0f} s are forgiven.",
                )
            case jwt.InvalidAudienceError():
                return Unauthenticated(
                    "auth.token_foreign", f"aud must hold {self._audience}; {_told(token, 'aud')}."
                )
            case jwt.InvalidIssuerError():
                return Unauthenticated(
                    "auth.token_foreign", f"iss must be {issuer.iss}; {_told(token, 'iss')}."
                )
            case jwt.MissingRequiredClaimError():
                return Unauthenticated("auth.token_invalid", f"The token has no {error.claim}.")
            case jwt.InvalidSignatureError():
                return Unauthenticated("auth.token_invalid", "The signature does not hold.")
            case _:
                return Unauthenticated("auth.token_invalid", "The token does not verify.")

    def _issuer_of(self, token: str) -> Issuer:
        if self._only is not None:
            return self._only
        try:
            named = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise Unauthenticated("auth.token_malformed", "This is no signed token.") from None
        found = self._issuers.get(named) if isinstance(named, str) else None
        if found is None:
            told = ", ".join(self._issuers)
            raise Unauthenticated(
                "auth.token_foreign", f"iss must be one of {told}; {_told(token, 'iss')}."
            )
        return found

    def _header(self, token: str) -> tuple[Issuer, str, str]:
        if len(token) > _LONGEST_TOKEN:
            raise Unauthenticated("auth.token_malformed", "The token is too long.")
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise Unauthenticated("auth.token_malformed", "This is no signed token.") from None
        issuer = self._issuer_of(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in issuer.algorithms:
            raise Unauthenticated(
                "auth.token_invalid",
                f"alg must be one of {', '.join(sorted(issuer.algorithms))}; it is "
                f"{algorithm!s:.{_LONGEST_TOLD}}.",
            )
        if not isinstance(kid, str) or "crit" in header:
            raise Unauthenticated(
                "auth.token_invalid", "The header has no key id (kid), or critical extensions."
            )
        types = _OWN_TYPES if issuer.is_own else self._types
        if str(header.get("typ", "")).lower() not in types:
            raise Unauthenticated(
                "auth.token_invalid",
                f"typ must be {' or '.join(sorted(types))}; it is "
                f"{header.get('typ')!s:.{_LONGEST_TOLD}}.",
            )
        return issuer, kid, algorithm


def _text(payload: dict[str, Any], name: str) -> str:
    told = payload.get(name)
    return told if isinstance(told, str) else ""


def _claim(token: str, name: str) -> float:
    value = jwt.decode(token, options={"verify_signature": False}).get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _told(token: str, name: str) -> str:
    value = jwt.decode(token, options={"verify_signature": False}).get(name)
    return f"it is {value!s:.{_LONGEST_TOLD}}" if value is not None else "there is none"


def _is_whole(told: object) -> bool:
    """Whether a text, if it is one, has no half of a character: no database takes that."""
    return not (isinstance(told, str) and any("\ud800" <= each <= "\udfff" for each in told))


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
    if not all(map(_is_whole, (department, certificate, payload["sub"]))):
        raise Unauthenticated("auth.token_invalid", "A claim holds what is no text.")
    subject = payload["sub"]
    if not isinstance(subject, str) or not subject.strip():
        raise Unauthenticated("auth.token_invalid", "The token names nobody: sub is empty.")
    known = frozenset(Role(r) for r in roles if r in set(Role))
    if certificate is not None:
        certificate = unicodedata.normalize("NFKC", certificate).strip()
    return Principal(subject, known, department, region, certificate)
