"""A local issuer for demo and tests: makes a key in memory and signs tokens. Import contracts keep
it out of production.
"""

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth.principal import Role

ISSUER = "https://issuer.onevisit.invalid"
AUDIENCE = "onevisit-gateway"


class LocalIssuer:
    """Signs access tokens with a fresh Ed25519 key; `jwks` is what a gateway must trust."""

    def __init__(self, kid: str = "local-1") -> None:
        self._key = Ed25519PrivateKey.generate()
        self.kid = kid

    @property
    def jwks(self) -> dict[str, Any]:
        """The public key set."""
        entry = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**entry, "kid": self.kid, "use": "sig", "alg": "EdDSA"}]}

    def sign(self, content: bytes) -> bytes:
        """A signature of the issuer over any bytes at all."""
        return self._key.sign(content)

    def token(
        self,
        subject: str,
        *roles: Role | str,
        department: str | None = None,
        region: str = "330100",
        certificate_no: str | None = None,
        seconds: int = 3600,
        header: dict[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """A signed access token; `claims` override or add, a claim of None is left out."""
        now = int(time.time())
        payload = {
            "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + seconds, "sub": subject,
            "roles": [str(r) for r in roles],
            "department": department, "region": region, "certificate_no": certificate_no, **claims,
        }  # fmt: skip
        payload = {name: value for name, value in payload.items() if value is not None}
        return jwt.encode(
            payload,
            self._key,
            "EdDSA",
            headers={"kid": self.kid, "typ": "at+jwt", **(header or {})},
        )
