"""Carries out requested examinations against live endpoints and stores their reports."""

import asyncio
from datetime import timedelta

import msgspec
from anyio import to_thread

from adapters.conformance import suite
from adapters.conformance.report import Report, refusal
from adapters.contract import Manifest
from app.audit.events import Event, EventName
from app.audit.service import Trail
from app.core.db import Database
from app.registry import repository, vault
from app.registry.lifecycle import Action, State, step
from app.registry.loader import Workshop

_LEASE = timedelta(seconds=60)
_QUIET_SECONDS = 0.5


class Examiner:
    """Carries out examinations, as many at once as `run_next` is called at once; several processes
    may each have one.
    """

    def __init__(self, database: Database, trail: Trail, workshop: Workshop) -> None:
        self._database = database
        self._trail = trail
        self._workshop = workshop
        self.quiet_until = 0.0

    async def run_next(self) -> bool:
        """Carry out the oldest waiting examination; False if there is none."""
        loop = asyncio.get_running_loop()
        if loop.time() < self.quiet_until:
            return False  # another call has just looked
        self.quiet_until = loop.time() + _QUIET_SECONDS
        if not await to_thread.run_sync(
            repository.examination_waits, self._database, self._trail.clock.now()
        ):
            return False
        self.quiet_until = 0.0
        claimed = await to_thread.run_sync(self._claim)
        if claimed is None:
            return False
        examination_id, only, manifest, secrets = claimed

        async def progress(done: int, of: int) -> None:
            await to_thread.run_sync(self._store_progress, examination_id, done, of)

        try:
            report = await suite.run(self._workshop.build(manifest, secrets), only, progress)
        except Exception as error:  # noqa: BLE001 - an adapter that cannot be built must not block the queue
            report = Report(
                adapter_id=manifest.adapter_id,
                contract=suite.CONTRACT,
                passed=False,
                cases=[refusal(error)],
            )
        await to_thread.run_sync(self._store_report, examination_id, report)
        return True

    def _claim(self) -> tuple[str, str | None, Manifest, dict[str, str]] | None:
        now = self._trail.clock.now()
        with self._database.write() as session:
            row = repository.claim_examination(session, now, now + _LEASE)
            if row is None:
                return None
            try:
                manifest = msgspec.convert(
                    repository.version(session, row.adapter_id, row.version).manifest, Manifest
                )
            # Written by another version of the product: it must not block the queue.
            except msgspec.ValidationError:
                row.state, row.passed, row.finished_at = "done", False, now
                return None
            stored = repository.credentials(session, row.adapter_id, row.version)
            secrets = vault.unseal(self._trail.secret, manifest, stored.sealed) if stored else {}
            return row.id, row.only_case, manifest, secrets

    def _store_progress(self, examination_id: str, done: int, of: int) -> None:
        with self._database.write() as session:
            row = repository.find_examination(session, examination_id)
            if row is not None:
                row.cases_done, row.cases_total = done, of
                row.lease_until = self._trail.clock.now() + _LEASE

    def _store_report(self, examination_id: str, report: Report) -> None:
        with self._database.write() as session:
            row = repository.find_examination(session, examination_id)
            if row is None:
                return
            row.state, row.passed, row.report = "done", report.passed, msgspec.to_builtins(report)
            row.finished_at, row.lease_until = self._trail.clock.now(), None
            adapter = repository.find(session, row.adapter_id, lock=True)
            moves = (
                adapter is not None
                and report.passed
                and row.only_case is None
                and row.version == adapter.version
            )
            if (
                adapter is not None
                and moves
                and (state := step(State(adapter.state), Action.PASS)) is not None
            ):
                adapter.state = state
            event = Event(
                event=EventName.ADAPTER_EXAMINED,
                actor=row.requested_by,
                object_ref=row.adapter_id,
                outcome="passed" if report.passed else "failed",
            )
            self._trail.append(session, event)
