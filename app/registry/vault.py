"""Credentials at rest: AES-256-GCM under a key of the keyring, bound to adapter and addresses.

A new address cannot be given old credentials: whoever may change a manifest could otherwise have
them sent to a server of their own.
"""

import json
from urllib.parse import urlsplit

from adapters.contract import Manifest
from app.core import sealing
from app.core.keys import Keyring


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
    return sealing.seal(keys.seals, json.dumps(values).encode(), _bound_to(manifest))


def unseal(keys: Keyring, manifest: Manifest, sealed: bytes) -> dict[str, str]:
    """Decrypt stored credentials. Raises `Unopenable`."""
    opened = sealing.unseal(
        keys.seals, sealed, _bound_to(manifest), nameless=keys.seals_of_version_1
    )
    if opened is None:
        raise Unopenable(manifest.adapter_id)
    return {str(k): str(v) for k, v in json.loads(opened).items()}


def opens(keys: Keyring, manifest: Manifest, sealed: bytes) -> bool:
    """Whether credentials were sealed for this manifest's address and auth kind."""
    try:
        unseal(keys, manifest, sealed)
    except Unopenable:
        return False
    return True


def is_newest(keys: Keyring, sealed: bytes) -> bool:
    """Whether the newest key sealed them."""
    return sealing.is_newest(keys.seals, sealed)
