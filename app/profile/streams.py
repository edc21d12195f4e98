"""A profile section by section as answers arrive, and many profiles for the day's route: NDJSON or
server-sent events.

Every section is traced before its bytes leave; a closing entry covers what rests on more than one
section.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, Literal

import msgspec

from adapters.dispatch.reply import Reply
from app.audit.errors import AuditUnavailable
from app.audit.service import act_of
from app.core.admission import Admission
from app.core.errors import DomainError
from app.core.problems import document_of
from app.core.rates import Rates
from app.profile import assemble
from app.profile import schemas as s
from app.profile.errors import BatchItemFailed
from app.profile.service import DENIED, Encoded, Engine, LookUp, Prepared
from auth.principal import Principal

Form = Literal["application/x-ndjson", "text/event-stream"]
log = logging.getLogger("onevisit.profile")
BATCH_AT_ONCE = 4
_YIELD_SECONDS = 0.05
_MOST_YIELDS = 100


def line(form: Form, kind: str, content: bytes) -> bytes:
    """One event: an NDJSON line {type, value}, or an SSE event."""
    if form == "text/event-stream":
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), content)
    return b'{"type":"%b","value":%b}\n' % (kind.encode(), content)


def problem_line(form: Form, error: DomainError, trace_id: str, **place: Any) -> bytes:
    """A refusal or failure as an event."""
    return line(form, "problem", msgspec.json.encode({**place, **document_of(error, trace_id)}))


async def stream(engine: Engine, prepared: Prepared, form: Form) -> AsyncIterator[bytes]:
    """What is asked, each section the moment it has arrived and is traced, and the closing part."""
    arrived: asyncio.Queue[tuple[str, Reply]] = asyncio.Queue()
    fan_out = engine.gather(prepared, lambda name, answered: arrived.put_nowait((name, answered)))
    told = False
    try:
        specifications = prepared.plan.specifications
        denied = [name for name, spec in specifications.items() if spec.grant is None]
        yield line(form, "begin", _begin(prepared, list(specifications)))
        for name in denied:
            yield await _section(engine, prepared, form, name, DENIED)
        for _ in range(len(specifications) - len(denied)):
            yield await _section(engine, prepared, form, *(await arrived.get()))
        told = True  # from here on the closing entry tells
        yield await _closing(engine, prepared, form, fan_out.replies)
    except AuditUnavailable as error:
        told = True
        yield problem_line(form, error, prepared.wanted.request_id)
    except DomainError as error:
        told = True
        refused = await _trace_refusal(
            engine, prepared.principal, prepared.wanted, error, "GET /v1/profiles/{business_id}"
        )
        yield problem_line(form, refused, prepared.wanted.request_id)
    finally:
        fan_out.cancel()
        # The caller left; each section that left before is traced by itself.
        if not told and prepared.plan.routes:
            engine.abandoned(prepared)


def _begin(prepared: Prepared, asked: list[str]) -> bytes:
    wanted = prepared.wanted
    business = prepared.business
    begin = {
        "business_id": business.embedded or business.value,
        "asked": asked,
        "deadline_ms": wanted.deadline_ms,
        "trace_id": wanted.request_id,
    }
    return msgspec.json.encode(begin)


async def _section(
    engine: Engine, prepared: Prepared, form: Form, name: str, answered: Reply
) -> bytes:
    spec = engine.confirmed(prepared).plan.specifications.get(name)
    if spec is None:  # its adapter was suspended meanwhile
        spec, answered = prepared.plan.specifications[name], DENIED
    found = assemble.part(spec, answered)
    await engine.sequencer.append(engine.section_event(prepared, name, found))
    read = assemble.section_read(found, engine.clock.now(), summary=prepared.wanted.summary)
    return line(
        form, "section", b'{"name":"%b","section":%b}' % (name.encode(), assemble.encode(read))
    )


async def _closing(
    engine: Engine, prepared: Prepared, form: Form, answers: dict[str, Reply]
) -> bytes:
    prepared = engine.confirmed(prepared)
    view = engine.view(prepared, answers)
    closing, event = engine.close(prepared, view)
    closing["trace"] = s.TraceRead(await engine.sequencer.append(event))
    return line(form, "profile", assemble.encode(s.ClosingRead(**closing)))


async def batch(
    engine: Engine, admission: Admission, rates: Rates, principal: Principal, wanted: list[LookUp]
) -> AsyncIterator[bytes]:
    """One line for each look-up, in the order of completion; `position` tells which. Yields to
    whoever waits at a shop door.
    """
    waiting = list(enumerate(wanted))
    done: asyncio.Queue[bytes] = asyncio.Queue()

    async def work() -> None:
        while waiting:
            position, look_up = waiting.pop(0)
            await _give_way(admission)
            await _paced(rates, principal.subject)
            done.put_nowait(await _item(engine, principal, position, look_up))

    workers = [asyncio.create_task(work()) for _ in range(min(BATCH_AT_ONCE, len(wanted)))]
    try:
        for _ in range(len(wanted)):
            yield await done.get()
        yield line("application/x-ndjson", "end", msgspec.json.encode({"items": len(wanted)}))
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.wait(workers)


async def _paced(rates: Rates, caller: str) -> None:
    """Wait until the caller may look up once more: a batch is many look-ups, not one."""
    while True:
        if rates.allows(caller):
            return
        await asyncio.sleep(rates.seconds_until_next(caller))


async def _give_way(admission: Admission) -> None:
    """Wait while the gateway is busy with people who wait, but not for ever."""
    for _ in range(_MOST_YIELDS):
        if not admission.is_busy:
            return
        await asyncio.sleep(_YIELD_SECONDS)


async def _item(engine: Engine, principal: Principal, position: int, wanted: LookUp) -> bytes:
    """A line, whatever happens: somebody counts on as many as were asked for."""
    try:
        encoded: Encoded = await engine.look_up(principal, wanted)
    except AuditUnavailable as error:
        return problem_line(
            "application/x-ndjson",
            error,
            wanted.request_id,
            position=position,
            business_id=wanted.text,
        )
    except DomainError as error:
        told = await _trace_refusal(engine, principal, wanted, error, "POST /v1/profiles:batch")
        return problem_line(
            "application/x-ndjson",
            told,
            wanted.request_id,
            position=position,
            business_id=wanted.text,
        )
    except Exception:
        log.exception("a look-up of a batch failed", extra={"trace_id": wanted.request_id})
        failed = BatchItemFailed()
        return problem_line(
            "application/x-ndjson",
            failed,
            wanted.request_id,
            position=position,
            business_id=wanted.text,
        )
    return line(
        "application/x-ndjson",
        "profile",
        b'{"position":%d,"profile":%b}' % (position, encoded.body),
    )


async def _trace_refusal(
    engine: Engine, principal: Principal, wanted: LookUp, error: DomainError, at: str
) -> DomainError:
    """A refusal inside a stream is a refusal; gives what must be told: it, or that it could not be
    traced.
    """
    event = act_of(
        principal,
        "gateway.request.refused",
        purpose=wanted.purpose,
        outcome=error.code,
        request_id=wanted.request_id,
        object_ref=at,
    )
    try:
        await engine.sequencer.append(event)
    except AuditUnavailable as unavailable:
        return unavailable
    return error
