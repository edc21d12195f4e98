"""Credentials at rest: AES-256-GCM under a key derived from the deployment's secret, bound to
adapter and addresses.

A new address cannot be given old credentials: whoever may change a manifest could otherwise have
them sent to a server of their own.
"""

import json
import os
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.contract import Manifest

_NONCE = 12


def _cipher(secret: bytes) -> AESGCM:
    return AESGCM(
        HKDF(SHA256(), 32, salt=None, info=b"onevisit adapter credentials v1").derive(secret)
    )


def _bound_to(manifest: Manifest) -> bytes:
    parts = urlsplit(manifest.base_url)
    bound = [
        manifest.adapter_id,
        parts.scheme,
        parts.netloc.lower(),
        manifest.auth.kind,
        manifest.kind,
    ]
    # Replicas are given the same credentials; where there are none, what was sealed before they
    # were bound still opens.
    others = sorted({(p.scheme, p.netloc.lower()) for p in map(urlsplit, manifest.replicas)})
    return json.dumps([*bound, others] if others else bound).encode()


def seal(secret: bytes, manifest: Manifest, values: dict[str, str]) -> bytes:
    """Encrypt credentials for storing, for this manifest's address and auth kind only."""
    nonce = os.urandom(_NONCE)
    return nonce + _cipher(secret).encrypt(nonce, json.dumps(values).encode(), _bound_to(manifest))


def unseal(secret: bytes, manifest: Manifest, sealed: bytes) -> dict[str, str]:
    """Decrypt stored credentials; a changed secret, address or auth kind, or a swapped row, gives
    none.
    """
    try:
        text = _cipher(secret).decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound_to(manifest))
    except InvalidTag:
        return {}
    return {str(k): str(v) for k, v in json.loads(text).items()}
