"""Live adapters, kept in memory: what the profile asks, the outbox sends through, and the business
search uses.
"""

import asyncio
import logging
import random
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
from sqlmodel import Session

from adapters.contract import SECTIONS, AdapterUnavailable, Candidate, Manifest, ResultReceipt
from adapters.dispatch.turns import Turns
from app.core.keys import Keyring
from app.core.snapshots import Snapshot
from app.registry import repository, vault
from app.registry.loader import Workshop
from app.registry.models import AdapterCredentials, AdapterVersion
from app.registry.offices import LiveAdapter, Office, Offices
from app.registry.service import SNAPSHOT_NAME

log = logging.getLogger("onevisit.registry")
_SECONDS, _FINDING_SECONDS = 5.0, 3.0
_MOST_SEARCHES = 16
_FINDING = "registration"

_PLACES = {section: place for place, section in enumerate(SECTIONS)}


class Directory:
    """Offices by section × region. An adapter that did not change keeps its object, and with it
    its connections and session.
    """

    def __init__(self, workshop: Workshop, keys: Keyring) -> None:
        self._workshop = workshop
        self._keys = keys
        self._built: dict[tuple[str, int, str], LiveAdapter] = {}
        self._turns: dict[str, Turns] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.snapshot: Snapshot[Offices] = Snapshot(SNAPSHOT_NAME, self._load, Offices({}))

    def open(self) -> None:
        """Adapters live on the running loop."""
        self._loop = asyncio.get_running_loop()

    @property
    def offices(self) -> Offices:
        """What may be called now."""
        return self.snapshot.value

    def _load(self, session: Session) -> Offices:
        built: dict[tuple[str, int, str], LiveAdapter] = {}
        sections: dict[str, list[Office]] = {}
        for adapter in repository.published(session):
            current = self._live(session, adapter.id, adapter.published_version, built)
            candidate = self._live(session, adapter.id, adapter.candidate_version, built)
            office = Office(
                adapter.region,
                adapter.axis,
                current,
                candidate,
                adapter.candidate_share,
                adapter.suspended,
            )
            sections.setdefault(adapter.section, []).append(office)
        self._let_go(built)
        order = sorted(sections, key=lambda name: _PLACES.get(name, len(_PLACES)))
        return Offices({name: sections[name] for name in order})

    def _live(
        self,
        session: Session,
        adapter_id: str,
        number: int | None,
        built: dict[tuple[str, int, str], LiveAdapter],
    ) -> LiveAdapter | None:
        if number is None:
            return None
        stored = repository.credentials(session, adapter_id, number)
        key = (adapter_id, number, stored.updated_at.isoformat() if stored else "")
        found = self._built.get(key)
        if found is None:
            found = self._build(repository.version(session, adapter_id, number), stored)
        if found is not None:
            built[key] = found
        return found

    def _build(
        self, version: AdapterVersion, stored: AdapterCredentials | None
    ) -> LiveAdapter | None:
        """One bad row costs only itself: it answers with the reason, or, if it cannot be read at
        all, is left out.
        """
        try:
            manifest = msgspec.convert(version.manifest, Manifest)
        except msgspec.ValidationError:
            log.exception(
                "adapter %s@%d cannot be read and is left out", version.adapter_id, version.version
            )
            return None
        try:
            secrets = vault.unseal(self._keys, manifest, stored.sealed) if stored else {}
            return LiveAdapter(self._workshop.build(manifest, secrets), version.version)
        except vault.Unopenable:
            log.error(  # noqa: TRY400 - a traceback tells nothing here
                "credentials of %s@%d do not open: run `onevisit keys reseal`, or store them anew",
                version.adapter_id,
                version.version,
            )
            return LiveAdapter(_Unusable(manifest, "credentials_unreadable"), version.version)
        except AdapterUnavailable as error:
            return LiveAdapter(_Unusable(manifest, error.code), version.version)
        except Exception:
            log.exception("adapter %s@%d cannot be built", version.adapter_id, version.version)
            return LiveAdapter(_Unusable(manifest, "adapter_failed"), version.version)

    def _let_go(self, built: dict[tuple[str, int, str], LiveAdapter]) -> None:
        """Keep what serves now; what was replaced (another version, other credentials) ends its
        connections. What it was asked before is still answered.
        """
        gone = [entry for key, entry in self._built.items() if key not in built]
        self._built = built
        for entry in gone:
            if self._loop is not None and not self._loop.is_closed():
                asyncio.run_coroutine_threadsafe(entry.adapter.close(), self._loop)

    async def close(self) -> None:
        """Nobody is asked any more."""
        for entry in self._built.values():
            await entry.adapter.close()

    # app.businesses.service.Finder
    async def search(self, text: str, region: str) -> list[Candidate]:
        finder = self._offering("search", region, section=_FINDING)
        async with self._turn(finder, text, region) as deadline:
            return await finder.operations.search(text, deadline)

    async def resolve_qr(self, content: str, region: str) -> Candidate | None:
        finder = self._offering("resolve_qr", region, section=_FINDING)
        async with self._turn(finder, content, region) as deadline:
            return await finder.operations.resolve_qr(content, deadline)

    def _turn(
        self, finder: LiveAdapter, text: str, region: str
    ) -> AbstractAsyncContextManager[float]:
        """A turn of the register's: as many at once as its capacity begins with."""
        places = min(finder.manifest.capacity.initial, _MOST_SEARCHES)
        turns = self._turns.setdefault(finder.label, Turns(places, random.random))
        return turns.turn(_FINDING_SECONDS, text, region)

    # app.delivery.service.Sender
    async def send(self, department: str, region: str, message: dict[str, Any]) -> ResultReceipt:
        taker = self._offering("results", region, department=department)
        return await taker.operations.submit_results(message, _deadline())

    def takes_results(self, department: str, region: str) -> bool:
        """Whether a department's system is connected for results of a region."""
        return self.offices.offering("results", region, department=department) is not None

    # app.supervision.aggregates
    def counts(self, section: str, region: str) -> Manifest | None:
        """Who is asked for counts of a section: the manifest of the nearest adapter that offers
        them; None if there is none.
        """
        found = self.offices.offering("aggregate", region, section=section)
        return None if found is None else found.manifest

    async def count(self, section: str, region: str, question: dict[str, Any]) -> dict[str, Any]:
        """Counts made at the source, as they came. Raises `AdapterError`."""
        source = self._offering("aggregate", region, section=section)
        places = min(source.manifest.capacity.initial, _MOST_SEARCHES)
        turns = self._turns.setdefault(f"count {source.label}", Turns(places, random.random))
        async with turns.turn(_SECONDS, question["metric"], region) as deadline:
            return await source.operations.aggregate(question, deadline)

    def _offering(self, operation: str, region: str, **of: str) -> LiveAdapter:
        found = self.offices.offering(operation, region, **of)
        if found is None:
            raise AdapterUnavailable("connect_failed", f"no published adapter offers {operation}")
        return found


class _Unusable:
    """Stands for an adapter that cannot be built, for want of credentials mostly: it answers every
    question with the reason.
    """

    def __init__(self, manifest: Manifest, code: str) -> None:
        self.manifest = manifest
        self._code = code

    async def fetch(self, *_question: object) -> Any:
        raise AdapterUnavailable(
            self._code, "the adapter cannot be built; are its credentials stored?"
        )

    async def close(self) -> None:
        """Nothing was opened."""

    search = resolve_qr = submit_results = aggregate = fetch


def _deadline(seconds: float = _SECONDS) -> float:
    return asyncio.get_running_loop().time() + seconds
