"""The keyring: one key per use, ids, an older secret, and what was written before there was one."""

import base64
import hashlib
import hmac
import json

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.contract import Manifest
from adapters.fakes.departments import manifest_of
from app.audit.events import Event, EventName
from app.audit.service import Trail
from app.core.clock import SystemClock
from app.core.keys import Keyring
from app.core.pagination import decode_cursor, encode_cursor
from app.core.settings import Settings, SettingsError
from app.registry import vault

OLD, NEW = b"an-older-secret-of-forty-characters-long", b"a-newer-secret-of-forty-characters-long!"
MANIFEST = msgspec.convert(manifest_of("tax", "https://tax.example"), Manifest)
BOUND = json.dumps(["tax", "https", "tax.example", "login", "tax"]).encode()


def test_no_two_uses_share_a_key_and_no_id_tells_one():
    keys = Keyring(NEW)
    every = {keys.references[0], keys.cursors[0], keys.seals[0].secret, *keys.seals_of_version_1}
    assert len(every) == 4
    assert NEW not in every
    assert not any(key.startswith(keys.seals[0].id) for key in every)
    assert repr(keys) == "Keyring(1 secrets)"


def test_what_the_secret_before_wrote_is_read_and_nothing_is_written_with_it():
    before, both, after = Keyring(OLD), Keyring(NEW, OLD), Keyring(NEW)
    sealed = vault.seal(before, MANIFEST, {"a": "b"})
    assert vault.unseal(both, MANIFEST, sealed) == {"a": "b"}
    assert not vault.opens(after, MANIFEST, sealed)
    assert vault.opens(after, MANIFEST, vault.seal(both, MANIFEST, {"a": "b"}))
    assert (vault.is_newest(both, sealed), vault.is_newest(before, sealed)) == (False, True)
    cursor = encode_cursor(before, 7, {})
    assert decode_cursor(both, cursor, {}) == 7
    assert decode_cursor(after, encode_cursor(both, 7, {}), {}) == 7
    old, new = (Trail(keys, SystemClock()) for keys in (before, both))
    written = old.row(Event(EventName.PROFILE_VIEWED, actor="a", subject="91330106MA2YYY034D"))
    assert written[3] in new.subject_refs("91330106MA2YYY034D", written[1])


@pytest.mark.parametrize("keys", [Keyring(OLD), Keyring(NEW, OLD)], ids=["same", "older"])
def test_what_version_1_wrote_is_still_found(keys):
    """Credentials without a key id, references and cursors under the secret itself."""
    key = HKDF(SHA256(), 32, salt=None, info=b"onevisit adapter credentials v1").derive(OLD)
    for nonce in (b"n" * 12, b"\x02" + b"n" * 11):
        sealed = nonce + AESGCM(key).encrypt(nonce, b'{"a": "b"}', BOUND)
        assert vault.unseal(keys, MANIFEST, sealed) == {"a": "b"}
        assert not vault.is_newest(keys, sealed)
    moment = SystemClock().now()
    text = f"subject:{moment.year}:X".encode()
    reference = hmac.digest(OLD, text, hashlib.sha256).hex()[:32]
    assert reference in Trail(keys, SystemClock()).subject_refs("X", moment)
    payload = b'{"after": 9}'
    mac = hmac.digest(OLD + b"cursor", payload + b"\x00{}", hashlib.sha256)[:12]
    assert decode_cursor(keys, base64.urlsafe_b64encode(mac + payload).decode(), {}) == 9


@pytest.mark.parametrize("sealed", [b"", b"\x02", b"\x02abcd", b"x" * 12, b"x" * 100])
def test_what_does_not_open_is_said(sealed):
    with pytest.raises(vault.Unopenable):
        vault.unseal(Keyring(NEW), MANIFEST, sealed)


def test_a_short_secret_before_is_refused(tmp_path):
    settings = Settings(
        secret_key="x" * 32,
        previous_secret_key="short",
        issuer="i",
        audience="a",
        jwks_file=tmp_path / "jwks.json",
    )
    with pytest.raises(SettingsError, match="PREVIOUS_SECRET_KEY"):
        settings.require_complete()
