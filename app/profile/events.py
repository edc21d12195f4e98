"""Audit events of look-ups: references and digests, never a datum. What discloses nothing is
recorded without waiting.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from adapters.contract import Outcome
from adapters.dispatch.question import Question
from adapters.dispatch.reply import Reply
from app.audit.errors import AuditUnavailable
from app.audit.events import Event, EventName, digest_of
from app.audit.sequencer import Sequencer
from app.audit.service import act_of
from app.catalogue.classification import FieldClass
from app.core.errors import DomainError
from app.profile.assemble import View
from app.profile.plans import Prepared
from app.profile.request import LookUp
from app.profile.section import Part
from auth.principal import Principal

log = logging.getLogger("onevisit.profile")
_RUNNING: set["asyncio.Task[None]"] = set()
"""Tasks that nobody else holds."""


def _of(prepared: Prepared, event: EventName, **details: Any) -> Event:
    look_up, plan = prepared.look_up, prepared.plan
    return act_of(
        prepared.principal,
        event,
        subject=prepared.business.key,
        purpose=look_up.purpose,
        task=look_up.task or "",
        trace_id=look_up.trace_id,
        **{
            "agreement": plan.agreement,
            "departments": plan.departments,
            "filter": f"unusual={look_up.unusual}" if look_up.unusual else "",
            **details,
        },
    )


def viewed(prepared: Prepared, view: View, digest: str) -> Event:
    """A whole profile, or the closing part of a streamed one, is disclosed."""
    parts = view.parts
    classes: set[int] = set()
    hidden, stale, digests, current = [], [], {}, 0
    for name, part in parts.items():
        reply, released = part.reply, part.released
        classes.update(released.classes)
        hidden += [f"{name}/{row.field}" for row in released.masked]
        if reply.outcome is Outcome.STALE:
            stale.append(name)
        current += reply.is_current
        if reply.digest:
            digests[name] = reply.digest
    return _of(
        prepared,
        EventName.PROFILE_VIEWED,
        classes=tuple(sorted(classes)),
        fields_mask_digest=digest_of(",".join(sorted(hidden)).encode()) if hidden else "",
        response_digest=f"sha-256:{digest}",
        source_digests=digests,
        outcome=f"{current}/{len(parts)}",
        staleness=",".join(sorted(stale)),
    )


def section_viewed(
    prepared: Prepared, name: str, part: Part, answers: tuple[str, ...] = ()
) -> Event:
    """One section is disclosed, and the headline answers that it completes."""
    told = [f"unusual={prepared.look_up.unusual}"] if prepared.look_up.unusual else []
    told += [f"headline={answer}" for answer in answers]
    return _of(
        prepared,
        EventName.SECTION_VIEWED,
        object_ref=name,
        departments=(part.spec.manifest.department,),
        agreement=part.spec.grant.agreement if part.spec.grant else "",
        classes=part.released.classes,
        source_digests={name: part.reply.digest} if part.reply.digest else {},
        outcome=str(part.reply.outcome),
        filter=",".join(told),
    )


def unmasked(prepared: Prepared, part: Part, rows: tuple[FieldClass, ...], reason: str) -> Event:
    """Masked fields of a section are disclosed as they were told."""
    manifest, reply = part.spec.manifest, part.reply
    return _of(
        prepared,
        EventName.FIELDS_UNMASKED,
        object_ref=manifest.section,
        departments=(manifest.department,),
        agreement=part.spec.grant.agreement if part.spec.grant else "",
        classes=tuple(sorted({row.level for row in rows})) if reply.data is not None else (),
        source_digests={manifest.section: reply.digest} if reply.digest else {},
        outcome=str(reply.outcome),
        filter=f"fields={','.join(row.field for row in rows)} reason={reason}",
    )


def section_failed(prepared: Prepared, name: str, error: str) -> Event:
    """What a department told of a business broke in our own hands; nothing of it was told."""
    spec = prepared.plan.specifications[name]
    return _of(
        prepared,
        EventName.SECTION_FAILED,
        object_ref=f"{name} {spec.label}",
        departments=(spec.manifest.department,),
        agreement="",
        outcome=error[:60],
    )


def abandoned(prepared: Prepared) -> Event:
    """Departments were asked for a caller who left before the look-up was whole."""
    return _of(prepared, EventName.PROFILE_ABANDONED, outcome="abandoned")


def refused(principal: Principal, look_up: LookUp, error: DomainError, route: str) -> Event:
    """A refusal inside a stream, where no response of its own can carry it."""
    return act_of(
        principal,
        EventName.REQUEST_REFUSED,
        purpose=look_up.purpose,
        outcome=error.code,
        trace_id=look_up.trace_id,
        object_ref=route,
    )


def record_quietly(sequencer: Sequencer, event: Event) -> None:
    """Append in the background what discloses nothing; a failure is logged."""

    async def write() -> None:
        try:
            await sequencer.append(event)
        except AuditUnavailable:
            log.warning("%s could not be recorded", event.event)

    task = asyncio.get_running_loop().create_task(write())
    _RUNNING.add(task)
    task.add_done_callback(_RUNNING.discard)


def refilled(sequencer: Sequencer, question: Question, reply: Reply) -> None:
    """An answer came after everybody had left: it refills the cache and is disclosed to nobody."""
    route, query = question.route, question.query
    event = Event(
        event=EventName.SECTION_REFILLED,
        actor="gateway",
        unit=query.unit,
        subject=query.business_id,
        purpose=query.purpose,
        departments=(route.department,),
        outcome=str(reply.outcome),
        trace_id=query.trace_id,
        object_ref=route.label,
    )
    record_quietly(sequencer, event)


def on_late(sequencer: Sequencer) -> Callable[[Question, Reply], None]:
    """What the dispatcher does with late answers."""
    return partial(refilled, sequencer)
