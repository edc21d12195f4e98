"""Credentials at rest: AES-256-GCM under a key of the keyring, bound to adapter and addresses.

A new address cannot be given old credentials: whoever may change a manifest could otherwise have
them sent to a server of their own.
"""

import json
import os
from contextlib import suppress
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.contract import Manifest
from app.core.keys import Keyring

_NONCE = 12


_FORM = b"\x02"
"""The first byte of what names its key; the first of an older form is of a random nonce."""
_ID = slice(1, 5)
_BODY = 5


class Unopenable(Exception):
    """Stored credentials do not open: another secret, address or auth kind, or a swapped row."""


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


def seal(keys: Keyring, manifest: Manifest, values: dict[str, str]) -> bytes:
    """Encrypt credentials for storing, for this manifest's address and auth kind only."""
    nonce, key = os.urandom(_NONCE), keys.seals[0]
    sealed = AESGCM(key.secret).encrypt(nonce, json.dumps(values).encode(), _bound_to(manifest))
    return _FORM + key.id + nonce + sealed


def unseal(keys: Keyring, manifest: Manifest, sealed: bytes) -> dict[str, str]:
    """Decrypt stored credentials. Raises `Unopenable`."""
    named = [key.secret for key in keys.seals if sealed[:_BODY] == _FORM + key.id]
    forms = [(secret, sealed[_BODY:]) for secret in named]
    forms += [(secret, sealed) for secret in keys.seals_of_version_1]
    for secret, text in forms:
        with suppress(InvalidTag, ValueError):
            opened = AESGCM(secret).decrypt(text[:_NONCE], text[_NONCE:], _bound_to(manifest))
            return {str(k): str(v) for k, v in json.loads(opened).items()}
    raise Unopenable(manifest.adapter_id)


def opens(keys: Keyring, manifest: Manifest, sealed: bytes) -> bool:
    """Whether credentials were sealed for this manifest's address and auth kind."""
    try:
        unseal(keys, manifest, sealed)
    except Unopenable:
        return False
    return True


def is_newest(keys: Keyring, sealed: bytes) -> bool:
    """Whether the newest key sealed them."""
    return sealed[:_BODY] == _FORM + keys.seals[0].id
