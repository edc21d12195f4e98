"""Live adapters, kept in memory: what the profile asks, the outbox sends through, and the business
search uses.
"""

import asyncio
import logging
from typing import Any

import msgspec
from sqlmodel import Session

from adapters.contract import SECTIONS, AdapterUnavailable, Candidate, Manifest, ResultReceipt
from app.core.snapshots import Snapshot
from app.registry import repository, vault
from app.registry.loader import LiveAdapter, Workshop
from app.registry.models import AdapterCredentials, AdapterVersion
from app.registry.service import SNAPSHOT_NAME

log = logging.getLogger("onevisit.registry")
_SECONDS = 5.0
_FINDING = "registration"

Live = dict[str, LiveAdapter]
_PLACES = {section: place for place, section in enumerate(SECTIONS)}


class Directory:
    """Section -> live adapter. An adapter that did not change keeps its object, and with it its
    connections and session.
    """

    def __init__(self, workshop: Workshop, secret: bytes) -> None:
        self._workshop = workshop
        self._secret = secret
        self._built: dict[tuple[str, int, str], LiveAdapter] = {}
        self.snapshot: Snapshot[Live] = Snapshot(SNAPSHOT_NAME, self._load, {})

    @property
    def live(self) -> Live:
        """What may be called now."""
        return self.snapshot.value

    def _load(self, session: Session) -> Live:
        built: dict[tuple[str, int, str], LiveAdapter] = {}
        for adapter, version, stored in repository.live(session):
            key = (adapter.id, version.version, stored.updated_at.isoformat() if stored else "")
            known = self._built.get(key)
            if known is None:
                known = self._build(version, stored)
            if known is not None:
                built[key] = known
        self._built = built
        found = {entry.manifest.section: entry for entry in built.values()}
        return dict(sorted(found.items(), key=lambda item: _PLACES.get(item[0], len(_PLACES))))

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
        secrets = vault.unseal(self._secret, manifest, stored.sealed) if stored else {}
        try:
            return LiveAdapter(self._workshop.build(manifest, secrets), version.version)
        except AdapterUnavailable as error:
            return LiveAdapter(_Unusable(manifest, error.code), version.version)
        except Exception:
            log.exception("adapter %s@%d cannot be built", version.adapter_id, version.version)
            return LiveAdapter(_Unusable(manifest, "adapter_failed"), version.version)

    # app.businesses.service.Finder
    async def search(self, text: str) -> list[Candidate]:
        return await self._offering("search", section=_FINDING).operations.search(text, _deadline())

    async def resolve_qr(self, content: str) -> Candidate | None:
        return await self._offering("resolve_qr", section=_FINDING).operations.resolve_qr(
            content, _deadline()
        )

    # app.delivery.service.Sender
    async def send(self, department: str, message: dict[str, Any]) -> ResultReceipt:
        return await self._offering("results", department=department).operations.submit_results(
            message, _deadline()
        )

    def takes_results(self, department: str) -> bool:
        """Whether a department's system is connected for results."""
        return any(
            e.manifest.department == department and "results" in e.manifest.operations
            for e in self.live.values()
        )

    def _offering(
        self, operation: str, *, section: str | None = None, department: str | None = None
    ) -> LiveAdapter:
        for entry in self.live.values():
            fits = section in (None, entry.manifest.section) and department in (
                None,
                entry.manifest.department,
            )
            if fits and operation in entry.manifest.operations:
                return entry
        raise AdapterUnavailable("connect_failed", f"no published adapter offers {operation}")


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

    search = resolve_qr = submit_results = aggregate = fetch


def _deadline() -> float:
    return asyncio.get_running_loop().time() + _SECONDS
