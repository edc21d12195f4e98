"""A look-up: who may ask for what, ask, decide, trace, answer. No database is touched on this path."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from adapters.contract import AdapterQuery, BusinessId, IdentifierError, Outcome, Scheme, parse
from app.agreements.decision import Grant, Standing, Terms, grant
from app.agreements.purposes import PURPOSES, Purpose
from app.agreements.service import DatedTerms, in_force
from app.audit.events import Event
from app.audit.sequencer import Sequencer
from app.audit.service import act_of
from app.businesses.errors import as_problem
from app.catalogue.service import catalogue_on
from app.core.clock import Clock, local_date
from app.core.snapshots import Snapshot, Snapshots
from app.profile import assemble
from app.profile import schemas as s
from app.profile.engine import Answered, Memory, Question, ask_all
from app.profile.errors import (
    IdentifierNeedsResolving,
    PurposeForeign,
    PurposeUnknown,
    TaskNotYours,
    TaskRequired,
)
from app.registry.directory import Directory
from app.registry.loader import LiveAdapter
from app.tasks.service import OpenTask
from auth.principal import Principal, Role

RESERVE_SECONDS = 0.03
"""Kept back from the deadline for deciding, tracing and encoding."""
EXPIRES_AFTER = timedelta(minutes=15)
_PERMITS = frozenset({Scheme.FOOD_PERMIT})


@dataclass(frozen=True, slots=True)
class LookUp:
    """What a caller asks for."""

    text: str
    purpose: str
    task: str | None
    site: str | None
    summary: bool
    deadline_ms: int
    request_id: str
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An answer ready to leave; `answered` is False if no department spoke."""

    body: bytes
    etag: str
    answered: bool


@dataclass(slots=True)
class Engine:
    """The long-lived parts of the profile route."""

    directory: Directory
    tasks: Snapshot[dict[str, OpenTask]]
    agreements: Snapshot[tuple[DatedTerms, ...]]
    snapshots: Snapshots
    sequencer: Sequencer
    clock: Clock
    memory: Memory

    async def look_up(self, principal: Principal, wanted: LookUp) -> Encoded:
        """The merged profile, by its deadline, traced before it is returned. Raises refusals and `AuditUnavailable`."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        deadline = started + wanted.deadline_ms / 1000 - RESERVE_SECONDS
        business = _identified(wanted.text)
        standing = await self._standing(principal, wanted, business)
        live = self.directory.live
        now = self.clock.now()
        terms = in_force(self.agreements.value, local_date(now))
        grants = {name: grant(standing, entry.manifest.department, terms) for name, entry in live.items()}
        answers = await self._ask(principal, wanted, business, live, grants, deadline)
        view = self._view(wanted, business, live, grants, answers)
        return await self._answer(principal, wanted, view, terms, started)

    async def _standing(self, principal: Principal, wanted: LookUp, business: BusinessId) -> Standing:
        purpose = PURPOSES.get(wanted.purpose)
        if purpose is None:
            raise PurposeUnknown(pointer="/query/purpose")
        if purpose.roles.isdisjoint(principal.roles):
            raise PurposeForeign
        if wanted.task is None:
            if purpose.needs_task:
                raise TaskRequired(pointer="/query/task")
            return Standing(purpose, _office_of(principal), task_open=False)
        if not await self._task_serves(principal, wanted, business, purpose):
            raise TaskNotYours
        return Standing(purpose, _office_of(principal), task_open=True)

    async def _task_serves(self, principal: Principal, wanted: LookUp, business: BusinessId, purpose: Purpose) -> bool:
        task = self.tasks.value.get(wanted.task or "")
        if task is None:
            # Another process may have opened it within the snapshot's period.
            await self.snapshots.refresh_now()
            task = self.tasks.value.get(wanted.task or "")
        return task is not None and task.serves(principal, business.key, wanted.site, purpose.name, self.clock.now())

    async def _ask(
        self,
        principal: Principal,
        wanted: LookUp,
        business: BusinessId,
        live: dict[str, LiveAdapter],
        grants: dict[str, Grant | None],
        deadline: float,
    ) -> dict[str, Answered]:
        query = AdapterQuery(
            business_id=business.embedded or business.value,
            scheme=Scheme.USCC if business.embedded else business.scheme,
            site=None,
            purpose=wanted.purpose,
            unit=principal.department or f"region:{principal.region}",
            request_id=wanted.request_id,
            deadline=deadline,
            traceparent=wanted.traceparent,
        )
        questions = [
            Question(name, entry.label, entry.adapter.fetch, _for_site(query, entry, wanted.site))
            for name, entry in live.items()
            if grants[name] is not None
        ]
        return await ask_all(questions, self.memory, self.clock.now, deadline=deadline)

    def _view(
        self,
        wanted: LookUp,
        business: BusinessId,
        live: dict[str, LiveAdapter],
        grants: dict[str, Grant | None],
        answers: dict[str, Answered],
    ) -> assemble.View:
        now = self.clock.now()
        catalogue = catalogue_on(local_date(now))
        denied = Answered(Outcome.DENIED, "agreement_missing", 0)
        parts = {
            name: assemble.part(entry.manifest, entry.label, answers.get(name, denied), grants[name], catalogue)
            for name, entry in live.items()
        }
        return assemble.View(business, wanted.site, parts, catalogue, now, local_date(now))

    async def _answer(
        self, principal: Principal, wanted: LookUp, view: assemble.View, terms: tuple[Terms, ...], started: float
    ) -> Encoded:
        headline = assemble.headline(view)
        policy = ",".join([view.catalogue.version, *sorted(t.agreement for t in terms)])
        findings, conflicts = assemble.findings(view), assemble.conflicts(view)
        digest = assemble.digest(view, (headline, findings, conflicts), policy)
        entry = await self.sequencer.append(_event(principal, wanted, view, digest))
        etag = f'W/"{digest[:32]}{"-s" if wanted.summary else ""}"'
        sections = {name: assemble.section_read(view, found) for name, found in view.parts.items()}
        if wanted.summary:
            sections = {n: msgspec.structs.replace(r, data=msgspec.UNSET, withheld=[], masked=[]) for n, r in sections.items()}
        profile = s.Profile(
            business_id=_business_read(view),
            name=assemble.name_of(view),
            headline=headline,
            findings=findings,
            conflicts=conflicts,
            completeness=assemble.completeness(view),
            sections=sections,
            purpose=s.PurposeRead(wanted.purpose, wanted.task),
            trace=s.TraceRead(entry),
            generated_at=view.now,
            elapsed_ms=round((asyncio.get_running_loop().time() - started) * 1000),
            expires_at=view.now + EXPIRES_AFTER,
            etag=etag,
        )
        return Encoded(msgspec.json.encode(profile), etag, answered=profile.completeness.answered > 0)


def subject_of(text: str) -> str:
    """What a look-up is about, for the trace of its refusal; nothing for a text that names no business."""
    try:
        return parse(text).key
    except IdentifierError:
        return ""


def _identified(text: str) -> BusinessId:
    try:
        business = parse(text)
    except IdentifierError as error:
        raise as_problem(error, "/path/business_id") from error
    if business.scheme in _PERMITS:
        raise IdentifierNeedsResolving(pointer="/path/business_id")
    return business


def _office_of(principal: Principal) -> str | None:
    """The department whose class-2 data a caller may see without a task: an officer's own, never a patroller's."""
    return principal.department if principal.roles & {Role.INSPECTOR, Role.TEAM_LEADER} else None


def _for_site(query: AdapterQuery, entry: LiveAdapter, site: str | None) -> AdapterQuery:
    if site is None or entry.manifest.scope != "site":
        return query
    return AdapterQuery(
        query.business_id,
        query.scheme,
        site,
        query.purpose,
        query.unit,
        query.request_id,
        query.deadline,
        query.traceparent,
    )


def _business_read(view: assemble.View) -> s.BusinessRead:
    business = view.business
    return s.BusinessRead(
        business.embedded or business.value,
        business.scheme,
        business.checks,
        [str(a) for a in business.alternatives],
        view.site,
    )


def _event(principal: Principal, wanted: LookUp, view: assemble.View, digest: str) -> Event:
    """The trace of the look-up: references and digests, no datum."""
    classes = sorted({c for found in view.parts.values() for c in found.released.classes})
    hidden = ",".join(f"{n}/{r.field}" for n, f in sorted(view.parts.items()) for r in f.released.masked)
    stale = sorted(n for n, f in view.parts.items() if f.answered.outcome == Outcome.STALE)
    return act_of(
        principal,
        "profile.business.viewed",
        subject=view.business.key,
        purpose=wanted.purpose,
        task=wanted.task or "",
        agreement=",".join(sorted({f.grant.agreement for f in view.parts.values() if f.grant})),
        departments=tuple(sorted({f.manifest.department for f in view.parts.values()})),
        classes=tuple(classes),
        fields_mask_digest=_short(hidden),
        response_digest=f"sha-256:{digest}",
        source_digests={n: _short(f.answered.digest) for n, f in view.parts.items() if f.answered.digest},
        outcome=f"{sum(f.answered.is_current for f in view.parts.values())}/{len(view.parts)}",
        staleness=",".join(stale),
        request_id=wanted.request_id,
    )


def _short(text: str | None) -> str:
    """A source's digest without its frame."""
    return (text or "").removeprefix("sha-256=:").removesuffix(":")[:44]
