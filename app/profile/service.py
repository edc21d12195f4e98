"""A look-up: who may ask for what, ask, decide, trace, answer. No database is touched on this
path.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from msgspec import Raw, Struct, structs

from adapters.contract import (
    AdapterError,
    AdapterQuery,
    BusinessId,
    IdentifierError,
    Outcome,
    Scheme,
    parse,
)
from adapters.dispatch.dispatcher import Dispatcher
from adapters.dispatch.fan_out import FanOut, OnSection
from adapters.dispatch.question import Question
from adapters.dispatch.reply import Reply
from adapters.transport.heads import head_of, told_ms
from app.agreements.decision import DatedTerms, Standing
from app.agreements.purposes import PURPOSES, Purpose
from app.audit.events import Event
from app.audit.sequencer import Sequencer
from app.audit.service import act_of
from app.businesses.errors import as_problem
from app.core.clock import Clock, local_date
from app.core.ids import new_span_id
from app.core.snapshots import Snapshot, Snapshots
from app.profile import assemble
from app.profile import schemas as s
from app.profile.deadline import RESERVE_SECONDS
from app.profile.errors import (
    IdentifierNeedsResolving,
    PurposeForeign,
    PurposeUnknown,
    TaskNotYours,
    TaskRequired,
)
from app.profile.events import trace_quietly
from app.profile.plans import Plan, Plans
from app.registry.directory import Directory
from app.tasks.service import OpenTask
from auth.principal import Principal, Role

EXPIRES_AFTER = timedelta(minutes=15)
_WATCH_AFTER_SECONDS = 0.02
DENIED = Reply(Outcome.DENIED, "agreement_missing", 0)

Gone = Callable[[], Awaitable[None]]
"""Returns when the caller has left."""


class ClientGone(Exception):
    """The caller left before the answer was whole; departments are no longer asked."""


class LookUp(Struct, frozen=True):
    """What a caller asks for. `request_id` is the trace id, 32 hexadecimal digits."""

    text: str
    purpose: str
    task: str | None
    site: str | None
    summary: bool
    deadline_ms: int
    request_id: str
    fresh: bool = False
    """Ask the departments even where a fresh enough answer is kept."""


class Encoded(Struct, frozen=True):
    """An answer ready to leave; `answered` is False if no department spoke."""

    body: bytes
    etag: str
    answered: bool


class Prepared(Struct, frozen=True):
    """A look-up that may be carried out."""

    principal: Principal
    wanted: LookUp
    business: BusinessId
    plan: Plan
    started: float
    """Loop time of the request's beginning."""

    @property
    def deadline(self) -> float:
        """The loop time by which departments must have answered."""
        return self.started + self.wanted.deadline_ms / 1000 - RESERVE_SECONDS

    def questions(self, *, only: str | None = None, patient: bool = False) -> list[Question]:
        """What is asked of every department that a grant covers."""
        wanted, business = self.wanted, self.business
        unit = self.principal.department or f"region:{self.principal.region}"
        business_id = business.embedded or business.value
        scheme = Scheme.USCC if business.embedded else business.scheme
        traceparent = f"00-{wanted.request_id}-{new_span_id()}-01"
        deadline = self.deadline
        query = AdapterQuery(
            business_id,
            scheme,
            None,
            wanted.purpose,
            unit,
            wanted.request_id,
            deadline,
            traceparent,
        )
        # An adapter that cannot say it so says why by itself.
        with contextlib.suppress(AdapterError):
            query = structs.replace(
                query, head=head_of(query, told_ms(deadline, asyncio.get_running_loop().time()))
            )
        return self.plan.questions(
            query, wanted.site, only=only, patient=patient, no_cache=patient or wanted.fresh
        )


@dataclass(slots=True)
class Engine:
    """The long-lived parts of the profile routes."""

    directory: Directory
    tasks: Snapshot[dict[str, OpenTask]]
    agreements: Snapshot[tuple[DatedTerms, ...]]
    snapshots: Snapshots
    sequencer: Sequencer
    clock: Clock
    dispatcher: Dispatcher
    plans: Plans
    press: Callable[[], None]
    """Tells the admission that departments could not be asked for want of room."""

    async def prepare(self, principal: Principal, wanted: LookUp) -> Prepared:
        """Check that this look-up is allowed. Raises refusals."""
        started = asyncio.get_running_loop().time()
        if wanted.task is not None and wanted.task not in self.tasks.value:
            # Another process may have opened it within the snapshot's period.
            await self.snapshots.refresh_now()
        return self.prepare_at(principal, wanted, started)

    def prepare_at(self, principal: Principal, wanted: LookUp, started: float) -> Prepared:
        """As `prepare`, without looking for tasks that another process opened a moment ago."""
        business = identified(wanted.text)
        standing = self._standing(principal, wanted, business)
        return Prepared(principal, wanted, business, self._plan(standing), started)

    def _standing(self, principal: Principal, wanted: LookUp, business: BusinessId) -> Standing:
        purpose = PURPOSES.get(wanted.purpose)
        if purpose is None:
            raise PurposeUnknown(pointer="/query/purpose")
        if purpose.roles.isdisjoint(principal.roles):
            raise PurposeForeign
        if wanted.task is None:
            if purpose.needs_task:
                raise TaskRequired(pointer="/query/task")
            return Standing(purpose, _office_of(principal), task_open=False)
        if not self._task_serves(principal, wanted, business, purpose):
            raise TaskNotYours
        return Standing(purpose, _office_of(principal), task_open=True)

    def _task_serves(
        self, principal: Principal, wanted: LookUp, business: BusinessId, purpose: Purpose
    ) -> bool:
        task = self.tasks.value.get(wanted.task or "")
        return task is not None and task.serves(
            principal, business.key, wanted.site, purpose.name, self.clock.now()
        )

    def _plan(self, standing: Standing) -> Plan:
        return self.plans.plan(
            self.directory.live, self.agreements.value, standing, local_date(self.clock.now())
        )

    async def look_up(
        self, principal: Principal, wanted: LookUp, gone: Gone | None = None
    ) -> Encoded:
        """The merged profile, by its deadline, traced before it is returned.

        Raises refusals, `AuditUnavailable`, and `ClientGone` once `gone` returns.
        """
        return await self.carry_out(await self.prepare(principal, wanted), gone)

    async def carry_out(self, prepared: Prepared, gone: Gone | None = None) -> Encoded:
        """Ask, decide, trace, answer."""
        answers = await self._asked(prepared, prepared.questions(), gone)
        prepared = self.confirmed(prepared)
        view = self.view(prepared, answers)
        closing, entry_event = self.close(prepared, view)
        closing["trace"] = s.TraceRead(await self.sequencer.append(entry_event))
        self._tell_shedding(closing["completeness"], view)
        now, summary = view.now, prepared.wanted.summary
        closing["sections"] = {
            name: assemble.section_read(found, now, summary=summary)
            for name, found in view.parts.items()
        }
        closing["elapsed_ms"] = self.elapsed_ms(prepared)
        return Encoded(
            assemble.encode(s.Profile(**closing)),
            closing["etag"],
            closing["completeness"].answered > 0,
        )

    def _tell_shedding(self, completeness: s.Completeness, view: assemble.View) -> None:
        """When no department answers because none could be asked, fewer look-ups at once serve
        everybody better.
        """
        if not completeness.answered and any(
            p.answered.reason == "queue_full" for p in view.parts.values()
        ):
            self.press()

    async def _asked(
        self, prepared: Prepared, questions: list[Question], gone: Gone | None
    ) -> dict[str, Reply]:
        """The answers by the deadline; nothing is left under way for a caller who is gone."""
        fan_out = FanOut(self.dispatcher, questions, prepared.deadline)
        try:
            await _whole(fan_out.whole, gone)
        except (ClientGone, asyncio.CancelledError):
            self.abandoned(prepared)
            raise
        finally:
            fan_out.cancel()
        return fan_out.replies

    def abandoned(self, prepared: Prepared) -> None:
        """Trace that departments were asked for a caller who left before the look-up was whole."""
        trace_quietly(
            self.sequencer, self.event(prepared, "profile.business.abandoned", outcome="abandoned")
        )

    def view(self, prepared: Prepared, answers: dict[str, Reply]) -> assemble.View:
        """What may be seen of the answers, by this caller, now."""
        now = self.clock.now()
        plan = prepared.plan
        parts = {
            name: assemble.part(spec, answers.get(name, DENIED))
            for name, spec in plan.specifications.items()
        }
        return assemble.View(
            prepared.business, prepared.wanted.site, parts, plan.catalogue, now, local_date(now)
        )

    def confirmed(self, prepared: Prepared) -> Prepared:
        """The look-up by the policy of this moment: a task closed or an agreement ended since the
        question discloses nothing.

        Names only adapters that were named when it was asked. Raises refusals.
        """
        plan = self._plan(self._standing(prepared.principal, prepared.wanted, prepared.business))
        return (
            prepared
            if plan is prepared.plan
            else structs.replace(prepared, plan=plan.within(prepared.plan))
        )

    def close(self, prepared: Prepared, view: assemble.View) -> tuple[dict[str, Any], Event]:
        """Everything that rests on more than one section, encoded where it is large, and the trace
        of the whole.
        """
        wanted = prepared.wanted
        findings, conflicts = assemble.findings_and_conflicts(view)
        derived = (
            assemble.encode(assemble.headline(view)),
            assemble.encode(findings),
            assemble.encode(conflicts),
        )
        digest = assemble.digest(view, derived, prepared.plan.policy)
        closing = {
            "business_id": business_read(view),
            "name": assemble.name_of(view),
            "headline": Raw(derived[0]),
            "findings": Raw(derived[1]),
            "conflicts": Raw(derived[2]),
            "completeness": assemble.completeness(view),
            "purpose": s.PurposeRead(wanted.purpose, wanted.task),
            "generated_at": view.now,
            "elapsed_ms": self.elapsed_ms(prepared),
            "expires_at": view.now + EXPIRES_AFTER,
            "etag": f'W/"{digest[:32]}{"-s" if wanted.summary else ""}"',
        }
        return closing, self.viewed(prepared, view, digest)

    def elapsed_ms(self, prepared: Prepared) -> int:
        """Milliseconds since the request began."""
        return round((asyncio.get_running_loop().time() - prepared.started) * 1000)

    def viewed(self, prepared: Prepared, view: assemble.View, digest: str) -> Event:
        """The trace of a disclosure: references and digests, no datum."""
        parts = view.parts
        classes: set[int] = set()
        hidden, stale, digests, spoke = [], [], {}, 0
        for name, found in parts.items():
            answered, released = found.answered, found.released
            classes.update(released.classes)
            hidden += [f"{name}/{row.field}" for row in released.masked]
            if answered.outcome is Outcome.STALE:
                stale.append(name)
            spoke += answered.is_current
            if answered.digest:
                digests[name] = answered.digest[9:-1]  # without its frame: sha-256=:…:
        return self.event(
            prepared,
            "profile.business.viewed",
            classes=tuple(sorted(classes)),
            fields_mask_digest=",".join(sorted(hidden))[:44],
            response_digest=f"sha-256:{digest}",
            source_digests=digests,
            outcome=f"{spoke}/{len(parts)}",
            staleness=",".join(sorted(stale)),
        )

    def event(self, prepared: Prepared, event: str, **details: Any) -> Event:
        """An event about this look-up."""
        wanted, plan = prepared.wanted, prepared.plan
        return act_of(
            prepared.principal,
            event,
            subject=prepared.business.key,
            purpose=wanted.purpose,
            task=wanted.task or "",
            request_id=wanted.request_id,
            **{"agreement": plan.agreement, "departments": plan.departments, **details},
        )

    async def section(
        self, principal: Principal, wanted: LookUp, name: str, gone: Gone | None = None
    ) -> bytes | None:
        """One section, asked alone and patiently; None if no adapter serves it. Raises as `look_up`
        does.
        """
        prepared = await self.prepare(principal, wanted)
        spec = prepared.plan.specifications.get(name)
        if spec is None:
            return None
        answers = await self._asked(prepared, prepared.questions(only=name, patient=True), gone)
        prepared = self.confirmed(prepared)
        view = self.view(prepared, answers)
        if name not in view.parts:
            return None
        event = self.section_event(prepared, name, view.parts[name])
        entry = await self.sequencer.append(event)
        alone = s.SectionAlone(
            business_read(view),
            name,
            assemble.section_read(view.parts[name], view.now, summary=wanted.summary),
            s.PurposeRead(wanted.purpose, wanted.task),
            s.TraceRead(entry),
            view.now,
            self.elapsed_ms(prepared),
        )
        return assemble.encode(alone)

    def section_event(self, prepared: Prepared, name: str, found: assemble.Part) -> Event:
        """The trace of one section's disclosure."""
        return self.event(
            prepared,
            "profile.section.viewed",
            object_ref=name,
            departments=(found.spec.manifest.department,),
            agreement=found.spec.grant.agreement if found.spec.grant else "",
            classes=found.released.classes,
            source_digests={name: found.answered.digest[9:-1]} if found.answered.digest else {},
            outcome=str(found.answered.outcome),
        )

    def gather(self, prepared: Prepared, on_section: OnSection) -> FanOut:
        """Begin to ask; every section is reported the moment its outcome is known."""
        return FanOut(self.dispatcher, prepared.questions(), prepared.deadline, on_section)


async def _whole(whole: "asyncio.Future[None]", gone: Gone | None) -> None:
    """Wait for all sections, or raise `ClientGone`; watching the caller begins when the answer is
    not there at once.
    """
    if gone is None or whole.done():
        await whole
        return
    watch: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()
    timer = loop.call_later(
        _WATCH_AFTER_SECONDS, lambda: watch.append(loop.create_task(_watch(gone, whole)))
    )
    try:
        await whole
    finally:
        timer.cancel()
        for task in watch:
            task.cancel()


async def _watch(gone: Gone, whole: "asyncio.Future[None]") -> None:
    await gone()
    if not whole.done():
        whole.set_exception(ClientGone())


def subject_of(text: str) -> str:
    """What a look-up is about, for the trace of its refusal; nothing for a text that names no
    business.
    """
    try:
        return parse(text).key
    except IdentifierError:
        return ""


def identified(text: str) -> BusinessId:
    """The business a text names. Raises the refusal with the exact reason."""
    try:
        business = parse(text)
    except IdentifierError as error:
        raise as_problem(error, "/path/business_id") from error
    if not business.names_a_business:
        raise IdentifierNeedsResolving(pointer="/path/business_id")
    return business


def _office_of(principal: Principal) -> str | None:
    """The department whose class-2 data a caller may see without a task: an officer's own, never a
    patroller's.
    """
    return principal.department if principal.roles & {Role.INSPECTOR, Role.TEAM_LEADER} else None


def business_read(view: assemble.View) -> s.BusinessRead:
    """The identifier as understood."""
    business = view.business
    return s.BusinessRead(
        business.embedded or business.value,
        business.scheme,
        business.checks,
        [str(a) for a in cast("tuple[Any, ...]", business.alternatives)],
        view.site,
    )
