"""The keyring: keys of one use each, derived from the deployment's secret, and from the one before.

HKDF-SHA-256 (RFC 5869) gives every use a key of its own, so that what one use reveals says nothing
of another. The newest key writes; all of them read, and so does the form of version 1, in which the
secret itself was the key of references and cursors. A key id names a key and tells nothing of it.
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_ID_BYTES = 4
_SEALS_1 = "onevisit adapter credentials v1"


class Key(NamedTuple):
    """A key of 32 bytes and its id of 4."""

    id: bytes
    secret: bytes


class Keyring:
    """Keys by use, the newest first. Never printed: its text names no key."""

    def __init__(self, *secrets: bytes) -> None:
        self._secrets = secrets
        self.references = (*self._derived("audit references"), *secrets)
        """Of references in the audit trail; those behind the first only find what is old."""
        self.cursors = (*self._derived("cursors"), *(s + b"cursor" for s in secrets))
        """Of signatures of cursors."""

    @property
    def answers(self) -> Key:
        """Of last-known answers that are kept outside of memory; under a secret before nobody looks
        for them, for they are asked anew.
        """
        return _key_of_answers(self._secrets[0])

    def _derived(self, use: str) -> Iterator[bytes]:
        return (_derive(secret, f"onevisit {use} v2") for secret in self._secrets)

    @property
    def seals(self) -> tuple[Key, ...]:
        """Of sealed credentials."""
        return _keys_of_seals(self._secrets, "onevisit adapter credentials v2")

    @property
    def issuer_seals(self) -> tuple[Key, ...]:
        """Of the keys that sign the gateway's own tokens."""
        return _keys_of_seals(self._secrets, "onevisit issuer keys v1")

    @property
    def webhooks(self) -> tuple[Key, ...]:
        """Of the secrets that webhooks share with the gateway."""
        return _keys_of_seals(self._secrets, "onevisit webhook secrets v1")

    @property
    def seals_of_version_1(self) -> tuple[bytes, ...]:
        """Of credentials that were sealed without a key id."""
        return tuple(_derive(secret, _SEALS_1) for secret in self._secrets)

    def __repr__(self) -> str:
        return f"Keyring({len(self._secrets)} secrets)"


@cache
def keyring(*secrets: bytes) -> Keyring:
    """The keyring of these secrets, the newest first; made once."""
    return Keyring(*secrets)


@cache
def _keys_of_seals(secrets: tuple[bytes, ...], use: str) -> tuple[Key, ...]:
    return tuple(
        Key(_derive(secret, f"{use} key id")[:_ID_BYTES], _derive(secret, use))
        for secret in secrets
    )


@cache
def _key_of_answers(secret: bytes) -> Key:
    use = "onevisit last-known answers v1"
    return Key(_derive(secret, f"{use} key id")[:_ID_BYTES], _derive(secret, use))


@cache
def _derive(secret: bytes, info: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=info.encode()).derive(secret)
