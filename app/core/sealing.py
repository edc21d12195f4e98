"""What is stored sealed: AES-256-GCM under a key of the keyring, bound to what it belongs to, with
the id of its key in front.
"""

import os
from collections.abc import Sequence
from contextlib import suppress

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.keys import Key

_NONCE = 12
_FORM = b"\x02"
"""The first byte of what names its key; the first of an older form is of a random nonce."""
_BODY = 5


def seal(keys: Sequence[Key], content: bytes, bound: bytes) -> bytes:
    """Seal with the newest key."""
    nonce, key = os.urandom(_NONCE), keys[0]
    return _FORM + key.id + nonce + AESGCM(key.secret).encrypt(nonce, content, bound)


def unseal(
    keys: Sequence[Key], sealed: bytes, bound: bytes, *, nameless: Sequence[bytes] = ()
) -> bytes | None:
    """What was sealed, by whichever key did; None where none did, or for something else. `nameless`
    are secrets of before keys were named.
    """
    forms = [(key.secret, sealed[_BODY:]) for key in keys if sealed[:_BODY] == _FORM + key.id]
    forms += [(secret, sealed) for secret in nameless]
    for secret, text in forms:
        with suppress(InvalidTag, ValueError):
            return AESGCM(secret).decrypt(text[:_NONCE], text[_NONCE:], bound)
    return None


def is_newest(keys: Sequence[Key], sealed: bytes) -> bool:
    """Whether the newest key sealed it."""
    return sealed[:_BODY] == _FORM + keys[0].id
