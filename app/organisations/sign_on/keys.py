"""The gateway's own signing keys: sealed in the database, published before they sign, and accepted
until the last token they signed has ended.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from sqlmodel import Session

from app.core import sealing
from app.core.clock import Clock
from app.core.keys import Keyring
from app.core.snapshots import Snapshot, Snapshots, bump
from app.organisations.models import SigningKeyRow
from app.organisations.sign_on import repository
from app.organisations.sign_on.limits import lasting
from auth.errors import KeysUnavailable, Unauthenticated
from auth.issuer import SigningKey, new_signing_key
from auth.keys import Keys, read_jwks

SNAPSHOT_NAME = "signing_keys"
_LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Published:
    """One key of ours, as everybody may know it."""

    kid: str
    public: dict[str, Any]
    ends_at: datetime | None


def new_snapshot() -> Snapshot[tuple[Published, ...]]:
    """An empty snapshot of our public keys, to be refreshed."""

    def load(session: Session) -> tuple[Published, ...]:
        rows = repository.signing_keys(session)
        return tuple(Published(row.kid, row.public, row.ends_at) for row in rows)

    return Snapshot(SNAPSHOT_NAME, load, ())


class OwnKeys:
    """The gateway as a source of verification keys. One that another process has just made is
    looked for once more before it is unknown.
    """

    def __init__(
        self, known: Snapshot[tuple[Published, ...]], snapshots: Snapshots, clock: Clock
    ) -> None:
        self._known, self._snapshots, self._clock = known, snapshots, clock
        self._of: tuple[Published, ...] = ()
        self._keys: Keys = {}
        self._looked = float("-inf")
        self._lock = asyncio.Lock()

    @property
    def published(self) -> list[dict[str, Any]]:
        """The public keys that are accepted now, as JWKs."""
        now = self._clock.now()
        return [key.public for key in self._known.value if key.ends_at is None or now < key.ends_at]

    @property
    def held(self) -> object:
        """As `KeySource` says: a key that was revoked is followed by other ones at hand."""
        return self._known.value

    async def key(self, kid: str, algorithm: str) -> Any:
        """As `auth` asks for it."""
        found = self.at_hand(kid, algorithm)
        if found is None:
            await self._look()
            found = self.at_hand(kid, algorithm)
        if found is None:
            raise Unauthenticated(
                "auth.unknown_key", "The token was signed with a key this gateway does not know."
            )
        return found

    async def _look(self) -> None:
        """Bring the keys to the present; whoever asks meanwhile waits for the same look."""
        asked = monotonic()
        async with self._lock:
            if self._looked >= asked - _LOOK_SECONDS:
                return
            try:
                await asyncio.to_thread(self._snapshots.refresh)
            except Exception as error:
                raise KeysUnavailable(
                    "auth.keys_unavailable", "The gateway's own keys cannot be read now."
                ) from error
            self._looked = monotonic()

    def at_hand(self, kid: str, algorithm: str) -> Any | None:
        """As `auth` asks for it."""
        if self._known.value is not self._of:
            self._of = self._known.value
            self._keys = read_jwks({"keys": [key.public for key in self._of]})
        found = self._keys.get((kid, algorithm))
        ends_at = next((key.ends_at for key in self._of if key.kid == kid), None)
        return None if ends_at is not None and self._clock.now() >= ends_at else found


def signing_key(session: Session, keyring: Keyring, now: datetime) -> SigningKey:
    """The key that signs now; the first one is made by whoever needs it, and so is one where none
    opens under the deployment's secrets.
    """
    begun = [
        row
        for row in repository.signing_keys(session)
        if row.signs_from <= now and (row.ends_at is None or now < row.ends_at)
    ]
    # Those that others follow end while their last tokens do: they sign until the next has begun.
    for row in sorted(begun, key=lambda r: (r.ends_at is None, r.signs_from), reverse=True):
        if row.ends_at is None or row.ends_at - now >= longest(now):
            private = _opened(keyring, row)
            if private is not None:
                return SigningKey(row.kid, row.public, private)
    _follow(session, now, now)
    return _make(session, keyring, now, now)


def longest(now: datetime) -> timedelta:
    """How long a token that is signed now may live."""
    return max(lasting("person_token_minutes", now), lasting("client_token_minutes", now))


def _follow(session: Session, now: datetime, signs_from: datetime) -> None:
    """Those before a key that signs from then on end with the last tokens that they may sign."""
    for row in repository.signing_keys(session):
        if row.ends_at is None:
            row.ends_at = max(signs_from, row.signs_from) + longest(now)


def rotate(session: Session, keyring: Keyring, now: datetime, after: timedelta) -> str:
    """Make the key that signs from then on; gives its id. The others end when the last token that
    they may sign has ended.
    """
    _follow(session, now, now + after)
    return _make(session, keyring, now, now + after).kid


def revoke(session: Session, kid: str, now: datetime) -> bool:
    """End a key, and all tokens that it signed, now; whether there was such a key that had not
    ended.
    """
    row = next((r for r in repository.signing_keys(session) if r.kid == kid), None)
    if row is None or (row.ends_at is not None and row.ends_at <= now):
        return False
    row.ends_at = now
    bump(session, SNAPSHOT_NAME)
    return True


def opening(session: Session, keyring: Keyring, now: datetime) -> tuple[int, list[str]]:
    """How many of the keys that have not ended open under the deployment's secrets, and which do
    not.
    """
    keys = [r for r in repository.signing_keys(session) if r.ends_at is None or now < r.ends_at]
    shut = [row.kid for row in keys if _opened(keyring, row) is None]
    return len(keys) - len(shut), shut


def _opened(keyring: Keyring, row: SigningKeyRow) -> bytes | None:
    return sealing.unseal(keyring.issuer_seals, row.sealed, row.kid.encode())


def reseal(session: Session, keyring: Keyring, now: datetime) -> tuple[int, list[str]]:
    """Seal all keys with the newest secret: how many were sealed anew, and which do not open. Those
    end now: nobody here can say who else has them.
    """
    done, unopenable = 0, []
    for row in repository.signing_keys(session):
        if sealing.is_newest(keyring.issuer_seals, row.sealed):
            continue
        private = _opened(keyring, row)
        if private is None:
            if revoke(session, row.kid, now):
                unopenable.append(row.kid)
            continue
        row.sealed = sealing.seal(keyring.issuer_seals, private, row.kid.encode())
        done += 1
    return done, unopenable


def _make(session: Session, keyring: Keyring, now: datetime, signs_from: datetime) -> SigningKey:
    key = new_signing_key()
    row = SigningKeyRow(
        kid=key.kid,
        public=key.public,
        sealed=sealing.seal(keyring.issuer_seals, key.private, key.kid.encode()),
        signs_from=signs_from.astimezone(UTC),
        made_at=now,
    )
    repository.add(session, row)
    bump(session, SNAPSHOT_NAME)
    return key
