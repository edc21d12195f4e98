"""Carries out requested examinations against live endpoints; an operation has their reports."""

from typing import Any

import msgspec
from anyio import to_thread
from msgspec import structs
from sqlmodel import Session

from adapters.conformance import suite
from adapters.conformance.report import Report, refusal
from adapters.contract import AdapterUnavailable, Manifest
from app.agreements.masking import mask
from app.audit.events import Event, EventName
from app.audit.service import Trail
from app.core.db import Database
from app.operations.service import Kind, Work
from app.registry import repository, vault
from app.registry.history import moved
from app.registry.lifecycle import Action, State, step
from app.registry.loader import Workshop
from app.registry.service import EXAMINATION, ONE_CASE


class Examiner:
    """How examinations are carried out."""

    def __init__(self, database: Database, trail: Trail, workshop: Workshop) -> None:
        self._database = database
        self._trail = trail
        self._workshop = workshop

    def kinds(self) -> dict[str, Kind]:
        """What this room carries out."""
        return dict.fromkeys((EXAMINATION, ONE_CASE), Kind(self.examine, self.finish))

    async def examine(self, work: Work) -> dict[str, Any]:
        """Run the suite; gives `{passed, report}`, whatever the department does."""
        try:
            manifest, secrets = await to_thread.run_sync(self._declared, work.parameters)
            adapter = await to_thread.run_sync(self._workshop.build, manifest, secrets)
            report = await suite.run(adapter, work.parameters["case"], work.progress)
        except Exception as error:  # noqa: BLE001 - what cannot be built is a finding, not a failure
            report = Report(
                adapter_id=work.parameters["adapter_id"],
                contract=suite.CONTRACT,
                passed=False,
                cases=[refusal(error)],
            )
        # What a department sent is shown to its engineers; numbers of persons in it are not.
        shown = [
            structs.replace(case, came=case.came and mask("free_text", case.came))
            for case in report.cases
        ]
        report = structs.replace(report, cases=shown)
        return {"passed": report.passed, "report": msgspec.to_builtins(report)}

    def _declared(self, parameters: dict[str, Any]) -> tuple[Manifest, dict[str, str]]:
        which = parameters["adapter_id"], parameters["version"]
        with self._database.read() as session:
            manifest = msgspec.convert(repository.version(session, *which).manifest, Manifest)
            stored = repository.credentials(session, *which)
            try:
                opened = vault.unseal(self._trail.keys, manifest, stored.sealed) if stored else {}
            except vault.Unopenable as error:
                raise AdapterUnavailable(
                    "credentials_unreadable", "store the credentials of this adapter anew"
                ) from error
            return manifest, opened

    def finish(self, session: Session, work: Work, result: dict[str, Any]) -> None:
        """A whole suite that the newest version passed moves the adapter on."""
        adapter = repository.find(session, work.parameters["adapter_id"], lock=True)
        if adapter is not None and work.kind == EXAMINATION and result["passed"]:
            state = step(State(adapter.state), Action.PASS)
            if work.parameters["version"] == adapter.version and state is not None:
                adapter.state = state
        if adapter is not None and work.kind == EXAMINATION:  # a case alone decides nothing
            moved(
                session,
                (adapter.id, work.parameters["version"]),
                EventName.ADAPTER_EXAMINED,
                work.requested_by,
                self._trail.clock,
                outcome="passed" if result["passed"] else "failed",
            )
        event = Event(
            event=EventName.ADAPTER_EXAMINED,
            actor=work.requested_by,
            unit=adapter.department if adapter else "",
            region=adapter.region if adapter else "",
            object_ref=work.parameters["adapter_id"],
            outcome="passed" if result["passed"] else "failed",
        )
        self._trail.append(session, event)
