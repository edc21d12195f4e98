"""Last-known answers beyond one process's memory: a restart forgets nothing, a second process finds
them.

They are what departments said, before any release: sealed, under keyed digests of question and
business, for as long as they may stand in (`freshness.csv`); the policy is applied at each use. A
thread writes and reads them, in turns of half a second or at once: nobody waits for it longer than
`_LONGEST_LOOK_SECONDS`, and what it cannot write in time is dropped, for it is asked again anyway.
"""

import asyncio
import hmac
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.exc import DatabaseError

from adapters.contract import Outcome
from adapters.dispatch.cache import AnswerCache, Kept, Key
from adapters.dispatch.question import Question
from adapters.dispatch.reply import Reply
from app.core.db import Database
from app.core.keys import Keyring
from app.core.settings import Settings
from app.profile import repository

log = logging.getLogger("onevisit.last_known")
_TURN_SECONDS, _TIDY_SECONDS, _LAST_SECONDS = 0.5, 60.0, 1.0
_LONGEST_LOOK_SECONDS = 0.15
_MOST_WAITING, _MOST_WANTED, _AT_ONCE = 30_000, 2000, 500
_NONCE, _NAME, _PART = 12, 24, 8
_SUBJECT = 1
"""Where the business stands in what was asked: scheme, business, site, purpose, unit."""


class LastKnownAnswers:
    """As `Earlier` of dispatch. `look` belongs to the event loop's thread."""

    def __init__(
        self,
        database: Database,
        keys: Keyring,
        cache: AnswerCache,
        now: Callable[[], datetime],
        most_bytes: int,
    ) -> None:
        self._database = database
        self._key = keys.answers.secret
        self._seal = AESGCM(self._key)
        self._cache = cache
        self._now = now
        self._most_bytes = most_bytes
        self.news: deque[tuple[Question, Reply]] = deque(maxlen=_MOST_WAITING)
        self._wanted: dict[Key, list[Callable[[], None]]] = {}
        self._wake = threading.Event()
        self._stopping = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="last-known", daemon=True)
        self.counts = dict.fromkeys(("kept", "found", "failed"), 0)

    def start(self) -> None:
        """Begin to write and read."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is waiting; a second is waited for it."""
        self._stopping = True
        self._wake.set()
        self._thread.join(_LAST_SECONDS)

    def look(self, key: Key, looked: Callable[[], None]) -> None:
        """Bring an answer into the memory, if one is kept."""
        if len(self._wanted) >= _MOST_WANTED or self._stopping:
            self._loop.call_soon(looked)
            return
        self._wanted.setdefault(key, []).append(looked)
        self._loop.call_later(_LONGEST_LOOK_SECONDS, self._looked, key)
        self._wake.set()

    def _looked(self, key: Key) -> None:
        for looked in self._wanted.pop(key, ()):
            looked()

    def _run(self) -> None:
        tidied, wrote = time.monotonic(), time.monotonic()
        while not self._stopping:
            self._wake.wait(_TURN_SECONDS)
            self._wake.clear()
            with suppress(Exception):
                self._tried(self.read)
                if time.monotonic() - wrote >= _TURN_SECONDS:
                    wrote = time.monotonic()
                    self._tried(self.write)
                if time.monotonic() - tidied >= _TIDY_SECONDS:
                    tidied = time.monotonic()
                    self._tried(self.tidy)
        self._tried(self.write)

    def _tried(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - counted and told; it is a memory, no record
            self.counts["failed"] += 1
            if self.counts["failed"] & (self.counts["failed"] - 1) == 0:  # 1, 2, 4, 8 …
                words = "last-known answers cannot be kept or found (%d times): %s"
                log.warning(words, self.counts["failed"], type(error).__name__)

    def read(self) -> None:
        """Bring what is wanted into the memory. Blocks on the database, as all of these."""
        asked = {key: self._names(key[1:]) for key in tuple(self._wanted)}
        if not asked:
            return
        with self._database.read() as session:
            rows = repository.find(session, set(asked.values()), self._now())
        told: dict[tuple[str, str], dict[str, _Said]] = {}
        for subject, ref, part, sealed in rows:
            known = told.setdefault((subject, ref), {})
            for label, said in self._opened(subject, ref, part, sealed).items():
                if label not in known or said.at > known[label].at:
                    known[label] = said
        nothing = _Said(self._now())
        found = {key: told.get(names, {}).get(key[0], nothing).kept for key, names in asked.items()}
        self._tell(list(asked), found)

    def _tell(self, keys: list[Key], opened: dict[Key, Kept | None]) -> None:
        def on_loop() -> None:
            for key in keys:
                kept = opened.get(key)
                if kept is not None and not self._cache.holds_newer(key, kept.fetched_at):
                    self.counts["found"] += 1
                    self._cache.keep(key, _as_reply(kept))
                self._looked(key)

        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(on_loop)

    def write(self) -> None:
        """Write what departments have said since."""
        together: dict[Key, dict[str, tuple[Question, Reply]]] = {}
        with suppress(IndexError):
            while True:
                question, reply = self.news.popleft()
                if question.route.freshness.stale:
                    together.setdefault(question.key[1:], {})[question.key[0]] = question, reply
        items = list(together.items())
        for first in range(0, len(items), _AT_ONCE):
            try:
                self._put(items[first : first + _AT_ONCE])
            except Exception:
                # What ended something must not be lost: the older answer would stand in for days.
                left = (pair for _, said in items[first:] for pair in said.values())
                ended = [pair for pair in left if pair[1].encoded is None]
                self.news.extendleft(reversed(ended[:_MOST_WANTED]))
                raise
            if self._wanted:
                self._tried(self.read)

    def _put(self, items: list[tuple[Key, dict[str, tuple[Question, Reply]]]]) -> None:
        rows = [self._row(key, said) for key, said in items]
        with self._database.write() as session:
            # in one order, so that processes do not wait for each other crosswise
            repository.put(session, sorted(rows, key=_place_of))
        self.counts["kept"] += len(rows)

    def tidy(self) -> None:
        """Drop what is over, and what is too much."""
        more = True
        while more and not self._stopping:
            with self._database.write() as session:
                more = repository.tidy(session, self._now(), self._most_bytes)

    def _row(self, asked: Key, said: dict[str, tuple[Question, Reply]]) -> dict[str, Any]:
        subject, ref = self._names(asked)
        now = self._now()
        content = {label: _said(reply, now) for label, (_, reply) in said.items()}
        part = self._digest("part", *sorted(content))[:_PART]
        stale = max(question.route.freshness.stale for question, _ in said.values())
        nonce, bound = os.urandom(_NONCE), f"{subject}/{ref}/{part}".encode()
        sealed = nonce + self._seal.encrypt(nonce, msgspec.msgpack.encode(content), bound)
        return {
            "subject": subject,
            "ref": ref,
            "part": part,
            "sealed": sealed,
            "size": len(sealed),
            "kept_at": now,
            "ends_at": now + stale,
        }

    def _opened(self, subject: str, ref: str, part: str, sealed: bytes) -> "dict[str, _Said]":
        """Nothing for what was sealed under another secret, or swapped."""
        bound = f"{subject}/{ref}/{part}".encode()
        with suppress(InvalidTag, ValueError, msgspec.DecodeError):
            plain = self._seal.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
            return msgspec.msgpack.decode(plain, type=dict[str, _Said])
        return {}

    def _names(self, asked: Key) -> tuple[str, str]:
        """Under what an answer is kept: the business, and how it was asked."""
        return self._digest("subject", asked[_SUBJECT]), self._digest("question", *asked)

    def _digest(self, *parts: str) -> str:
        return _digest(self._key, *parts)


def _digest(key: bytes, *parts: str) -> str:
    return hmac.digest(key, "\x1f".join(parts).encode(), sha256).hex()[:_NAME]


def erase(database: Database, keys: Keyring, business_id: str) -> int:
    """Drop what departments said about one business; how many rows. Blocks on the database."""
    with database.write() as session:
        return repository.remove_of(session, _digest(keys.answers.secret, "subject", business_id))


class _Said(msgspec.Struct, frozen=True, array_like=True):
    """What one department said, and when; without `kept`, that there is nothing."""

    at: datetime
    kept: Kept | None = None


def _said(reply: Reply, now: datetime) -> _Said:
    at = reply.fetched_at or now
    if reply.encoded is None:
        return _Said(at)
    kept = Kept(reply.encoded, reply.as_of, at, reply.digest, reply.unreadable, reply.received)
    return _Said(at, kept)


def _place_of(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["subject"], row["ref"], row["part"]


def _as_reply(kept: Kept) -> Reply:
    return Reply(
        Outcome.STALE, None, 0, None, kept.encoded, kept.as_of, kept.fetched_at, 0, kept.digest,
        kept.unreadable, kept.received,
    )  # fmt: skip


_NO_DATABASE = ("not a database", "malformed")


def database_of(settings: Settings, database: Database) -> Database:
    """Where they are kept: PostgreSQL itself, or a file beside the embedded database. A file that
    is no database (any more) is begun anew: nothing in it is of anybody's making.
    """
    if not database.is_sqlite:
        return database
    url = f"{settings.database_url}.answers"
    beside = Database(url)
    try:
        repository.create(beside)
    except DatabaseError as error:
        beside.dispose()
        if not any(words in str(error.orig) for words in _NO_DATABASE):
            raise  # locked, read-only, a full disk: it may be whole
        log.warning("the file of last-known answers cannot be read; it is begun anew")
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(url.removeprefix("sqlite:///") + suffix).unlink()
        beside = Database(url)
        repository.create(beside)
    return beside
