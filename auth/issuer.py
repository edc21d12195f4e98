"""Keys and tokens of the gateway's own: who signed on here is known by a token like any issuer's
(RFC 9068). Ed25519 alone.
"""

import base64
import hashlib
import json
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

OWN_ALGORITHMS = ("EdDSA",)
ONE_TIME_CODE = "urn:onevisit:grant-type:one-time-code"
"""The grant type (RFC 6749, 4.5) by which a one-time code becomes a token."""
_KID_CHARACTERS = 22


class SigningKey(NamedTuple):
    """A key that signs: its id (RFC 7638, shortened), its public half as a JWK, and its private
    half as 32 bytes.
    """

    kid: str
    public: dict[str, Any]
    private: bytes


def new_signing_key() -> SigningKey:
    """A fresh key."""
    key = Ed25519PrivateKey.generate()
    jwk = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key()))
    told = {name: jwk[name] for name in ("crv", "kty", "x")}
    canonical = json.dumps(told, separators=(",", ":"), sort_keys=True).encode()
    digest = base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).decode()
    kid = digest[:_KID_CHARACTERS]
    return SigningKey(
        kid, {**told, "kid": kid, "use": "sig", "alg": "EdDSA"}, key.private_bytes_raw()
    )


def sign(kid: str, private: bytes, claims: dict[str, Any]) -> str:
    """An access token with these claims; a claim of None is left out."""
    told = {name: value for name, value in claims.items() if value is not None}
    key = Ed25519PrivateKey.from_private_bytes(private)
    return jwt.encode(told, key, "EdDSA", headers={"kid": kid, "typ": "at+jwt"})
