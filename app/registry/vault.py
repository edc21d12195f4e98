"""Credentials at rest: AES-256-GCM under a key derived from the deployment's secret, bound to the adapter's id."""

import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


def _cipher(secret: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"onevisit adapter credentials v1").derive(secret))


def seal(secret: bytes, adapter_id: str, values: dict[str, str]) -> bytes:
    """Encrypt credentials for storing."""
    nonce = os.urandom(_NONCE)
    return nonce + _cipher(secret).encrypt(nonce, json.dumps(values).encode(), adapter_id.encode())


def unseal(secret: bytes, adapter_id: str, sealed: bytes) -> dict[str, str]:
    """Decrypt stored credentials; a changed secret or a swapped row gives none rather than somebody else's."""
    try:
        text = _cipher(secret).decrypt(sealed[:_NONCE], sealed[_NONCE:], adapter_id.encode())
    except InvalidTag:
        return {}
    return {str(k): str(v) for k, v in json.loads(text).items()}
