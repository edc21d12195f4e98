"""What machine clients and identity providers sign besides access tokens: assertions (RFC 7523) and
logout tokens (OpenID Connect Back-Channel Logout 1.0). Every check that a standard demands, and one
refusal for whoever fails any.
"""

import time
from collections.abc import Collection
from typing import Any, NamedTuple

import jwt

from auth.errors import Unauthenticated
from auth.keys import ALL_ALGORITHMS, Keys, KeySource

LONGEST_ASSERTION_SECONDS = 300.0
_LONGEST_TEXT, _LONGEST_ID, _LONGEST_CLIENT, _AHEAD = 8192, 200, 120, 10.0
_OLDEST_LOGOUT_SECONDS = 300.0
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Assertion(NamedTuple):
    """A client said who it is: under which id, which must not be taken twice before it ends."""

    client: str
    id: str
    expires_at: float


class Logout(NamedTuple):
    """An identity provider said that somebody, or one session of his, has ended."""

    subject: str | None
    session: str | None
    issued_at: float


def _refused(detail: str) -> Unauthenticated:
    return Unauthenticated("auth.assertion_invalid", detail)


def _opened(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, unverified."""
    if len(text) > _LONGEST_TEXT:
        raise _refused("It is too long.")
    try:
        header = jwt.get_unverified_header(text)
        claims: dict[str, Any] = jwt.decode(text, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise _refused("It is no signed token.") from None
    if header.get("alg") not in ALL_ALGORITHMS or "crit" in header:
        raise _refused(f"alg must be one of {', '.join(ALL_ALGORITHMS)}, without crit.")
    return header, claims


def client_of(assertion: str) -> str:
    """Whom an assertion speaks for, before it is verified. Raises `Unauthenticated`."""
    _, claims = _opened(assertion)
    subject = claims.get("sub")
    if not _is_name(subject, _LONGEST_CLIENT) or claims.get("iss") != subject:
        raise _refused("iss and sub must both be the client.")
    return str(subject)


def _is_name(value: object, longest: int) -> bool:
    """Whether it is a text that can be kept."""
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()


def verify_assertion(assertion: str, keys: Keys, audiences: Collection[str]) -> Assertion:
    """An assertion that one of a client's keys signed for one of our addresses, and that ends
    within five minutes. Raises `Unauthenticated`.
    """
    header, _ = _opened(assertion)
    kid, algorithm = header.get("kid"), str(header["alg"])
    fitting = [key for (name, alg), key in keys.items() if alg == algorithm and kid in (None, name)]
    verified = None
    for key in fitting:
        try:
            verified = jwt.decode(
                assertion,
                key,
                algorithms=[algorithm],
                audience=list(audiences),
                leeway=_AHEAD,
                options={"require": ["iss", "sub", "aud", "exp", "jti"]},
            )
            break
        except jwt.InvalidSignatureError:
            continue
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            raise _refused(f"It is signed, but not as it must be: {error!s:.80}.") from None
    if verified is None:  # which clients and keys there are is nobody's to know
        raise _refused("No key of a client that is known here has signed it.")
    claims = verified
    expires_at, name = float(claims["exp"]), claims["jti"]
    if expires_at > time.time() + LONGEST_ASSERTION_SECONDS + _AHEAD:
        raise _refused(f"It must end within {LONGEST_ASSERTION_SECONDS:.0f} s.")
    if not _is_name(name, _LONGEST_ID):
        raise _refused("jti must be a text of at most 200 characters.")
    return Assertion(str(claims["sub"]), name, expires_at)


async def verify_logout(
    text: str, keys: KeySource, *, issuer: str, client: str, algorithms: Collection[str]
) -> Logout:
    """A logout token of an issuer for this client, not older than five minutes. Raises
    `Unauthenticated`, or `KeysUnavailable` where its keys cannot be had.
    """
    header, _ = _opened(text)
    if header["alg"] not in algorithms:
        raise _refused(f"alg must be one of {', '.join(algorithms)}.")
    if not client:
        raise _refused("No page of this gateway signs on at an identity platform.")
    if str(header.get("typ", "logout+jwt")).lower() not in {"logout+jwt", "jwt"}:
        raise _refused("typ must be logout+jwt.")
    key = await keys.key(str(header.get("kid", "")), str(header["alg"]))
    try:
        claims = jwt.decode(
            text,
            key,
            algorithms=[str(header["alg"])],
            audience=client,
            issuer=issuer,
            leeway=_AHEAD,
            options={"require": ["iss", "aud", "iat", "exp", "jti", "events"]},
        )
        issued_at = float(claims["iat"])
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
        raise _refused(f"It does not verify: {error!s:.80}.") from None
    if issued_at < time.time() - _OLDEST_LOGOUT_SECONDS:
        raise _refused("It is too old.")
    events = claims["events"]
    if not isinstance(events, dict) or not isinstance(events.get(_LOGOUT_EVENT), dict):
        raise _refused("events must name the back-channel logout.")
    if "nonce" in claims:
        raise _refused("It must have no nonce.")
    subject, session = (
        value if isinstance(value := claims.get(name), str) and value else None
        for name in ("sub", "sid")
    )
    if subject is None and session is None:
        raise _refused("It names neither sub nor sid.")
    return Logout(subject, session, issued_at)


def issuer_of(text: str) -> str:
    """Who says that he signed, before it is verified. Raises `Unauthenticated`."""
    return str(_opened(text)[1].get("iss", ""))
