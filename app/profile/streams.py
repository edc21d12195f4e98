"""A profile section by section as answers arrive, and many profiles for the day's route: NDJSON or
server-sent events.

Every section's entry is durable before its bytes leave; a closing entry covers what rests on more
than one section.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import Any, cast

from msgspec import structs

from adapters.contract.sections import encode
from adapters.dispatch.reply import Reply
from app.audit.errors import AuditUnavailable
from app.core.admission import Admission
from app.core.errors import DomainError
from app.core.problems import document_of
from app.core.rates import Rates
from app.profile import assemble, events, section
from app.profile import schemas as s
from app.profile.disclosure import Disclosed
from app.profile.errors import BatchItemFailed, TokenOver
from app.profile.inquiry import REGISTRATION
from app.profile.plans import Prepared
from app.profile.request import Form, LookUp
from app.profile.section import DENIED
from app.profile.service import Engine
from auth.principal import Principal

log = logging.getLogger("onevisit.profile")
NDJSON: Form = "application/x-ndjson"
BATCH_AT_ONCE = 4
_UNREAD = 8
"""Lines that may wait for a reader; nobody is asked for one who does not read."""
_YIELD_SECONDS = 0.05
_HELD_SECONDS = 0.6
_MOST_YIELDS = 100


def line(form: Form, kind: str, content: bytes) -> bytes:
    """One event: an NDJSON line {type, value}, or an SSE event."""
    if form == "text/event-stream":
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), content)
    return b'{"type":"%b","value":%b}\n' % (kind.encode(), content)


def problem_line(form: Form, error: DomainError, trace_id: str, kind: str = "problem") -> bytes:
    """A refusal or failure as an event."""
    return line(form, kind, encode(document_of(error, trace_id)))


def _problem_at(place: tuple[int, str], error: DomainError, trace_id: str) -> bytes:
    """The line of a look-up of a batch that came to nothing."""
    told = s.BatchProblem(*place, document_of(error, trace_id))
    return line(NDJSON, "problem", encode(told))


async def stream(engine: Engine, prepared: Prepared, form: Form) -> AsyncGenerator[bytes, None]:
    """What is asked, each section the moment it has arrived and its entry is durable, and the
    closing part.
    """
    disclosure = engine.disclosure
    arrived: asyncio.Queue[tuple[str, Reply]] = asyncio.Queue()
    inquiry = disclosure.inquiry(prepared, lambda name, reply: arrived.put_nowait((name, reply)))
    told = False
    try:
        inquiry.begin()
        specifications = prepared.plan.specifications
        denied = [name for name, spec in specifications.items() if spec.grant is None]
        yield line(form, "begin", _begin(prepared, list(specifications)))
        answers = _Answers(specifications)
        seen = dict.fromkeys(denied, DENIED)
        for name in denied:
            yield await _section(engine, (prepared, seen), form, name, answers.completed_by(name))
        count = len(specifications) - len(denied)
        async for name, reply in _in_turn(arrived, count, waits=not prepared.is_located):
            seen[name] = reply
            inquired = inquiry.prepared, seen
            yield await _section(engine, inquired, form, name, answers.completed_by(name))
        told = True  # from here on the closing entry tells
        disclosure.learn(prepared, inquiry.replies)
        closing = await disclosure.disclose(inquiry.prepared, inquiry.replies, _closing)
        yield line(form, "profile", closing)
    except AuditUnavailable as error:
        told = True
        yield problem_line(form, error, prepared.look_up.trace_id)
    except DomainError as error:
        told = True
        route = "GET /v1/profiles/{business_id}"
        refused = await _refused(engine, prepared.principal, prepared.look_up, error, route)
        yield problem_line(form, refused, prepared.look_up.trace_id)
    finally:
        inquiry.cancel()
        # Whoever left: each section that was sent before has its own entry.
        if not told and prepared.plan.routes:
            disclosure.abandoned(prepared)


async def _in_turn(
    arrived: "asyncio.Queue[tuple[str, Reply]]", count: int, *, waits: bool
) -> AsyncIterator[tuple[str, Reply]]:
    """Sections as they arrive. While nobody knows where the business is, what class 2 may leave of
    them is not known either: they wait for registration, though not for long.
    """
    held: list[tuple[str, Reply]] = []
    patience = asyncio.get_running_loop().time() + _HELD_SECONDS if waits else None
    for _ in range(count):
        try:
            async with asyncio.timeout_at(patience):
                found = await arrived.get()
        except TimeoutError:
            patience = None
            for each in held:
                yield each
            held.clear()
            found = await arrived.get()
        if patience is not None and found[0] != REGISTRATION:
            held.append(found)
            continue
        patience = None
        for each in (found, *held):
            yield each
        held.clear()
    for each in held:
        yield each


async def while_valid(
    events: AsyncGenerator[bytes, None],
    expires_at: float,
    form: Form,
    trace_id: str,
    kind: str = "problem",
) -> AsyncIterator[bytes]:
    """A stream that ends with its caller's token (`exp`, epoch seconds), and says so."""
    due = asyncio.get_running_loop().time() + expires_at - time.time()
    while True:
        try:
            async with asyncio.timeout_at(due):
                event = await anext(events)
        except StopAsyncIteration:
            return
        except TimeoutError:
            await events.aclose()
            yield problem_line(form, TokenOver(), trace_id, kind)
            return
        yield event


def _begin(prepared: Prepared, asked: list[str]) -> bytes:
    look_up, business = prepared.look_up, prepared.business
    business_id = business.embedded or business.value
    return encode(s.StreamBegin(business_id, asked, look_up.deadline_ms, look_up.trace_id))


async def _section(
    engine: Engine,
    inquired: tuple[Prepared, dict[str, Reply]],
    form: Form,
    name: str,
    questions: tuple[str, ...] = (),
) -> bytes:
    """One section's event; an adapter that was suspended meanwhile is told as denied. With it the
    answers that it completes, in the same entry.
    """
    prepared, replies = inquired
    needed = {name}.union(*(assemble.RESTS_ON[q] for q in questions))

    def make(confirmed: Prepared, view: assemble.View) -> Disclosed[bytes]:
        part = view.parts.get(name)
        if part is None:
            part = section.part(prepared.plan.specifications[name], DENIED)
        read = section.section_read(
            part, view.now, summary=prepared.look_up.summary, basis=view.basis_of(part)
        )
        told = [line(form, "section", encode(s.StreamedSection(name, read)))]
        for question in questions:
            answer = s.StreamedHeadline(cast("Any", question), assemble.answer_to(view, question))
            told.append(line(form, "headline", encode(answer)))
        event = events.section_viewed(confirmed, name, part, questions)
        return Disclosed(event, lambda _entry: b"".join(told))

    return await engine.disclosure.disclose(prepared, replies, make, only=tuple(needed))


class _Answers:
    """Which of the three answers are complete, as sections arrive."""

    def __init__(self, asked: Iterable[str]) -> None:
        known = set(asked)
        self._waiting = {
            question: known.intersection(rests) for question, rests in assemble.RESTS_ON.items()
        }

    def completed_by(self, name: str) -> tuple[str, ...]:
        """The answers for which this section was the last."""
        done = []
        for question, waiting in tuple(self._waiting.items()):
            waiting.discard(name)
            if not waiting:
                done.append(question)
                del self._waiting[question]
        return tuple(done)


def _closing(prepared: Prepared, view: assemble.View) -> Disclosed[bytes]:
    closing = assemble.Closing(view, prepared.plan.policy)

    told = structs.asdict(closing.read(prepared.look_up, 0))

    def tell(entry: str) -> bytes:
        told["elapsed_ms"] = prepared.elapsed_ms
        return encode(s.ProfileClosing(**told, audit=s.AuditRead(entry)))

    return Disclosed(events.viewed(prepared, view, closing.digest), tell)


async def batch(
    engine: Engine,
    admission: Admission,
    rates: Rates,
    principal: Principal,
    look_ups: list[LookUp],
) -> AsyncGenerator[bytes, None]:
    """One line for each look-up, in the order of completion; `position` tells which. Yields to
    whoever waits at a shop door.
    """
    waiting = list(enumerate(look_ups))
    done: asyncio.Queue[bytes] = asyncio.Queue(_UNREAD)

    async def work() -> None:
        while waiting:
            position, look_up = waiting.pop(0)
            await _give_way(admission)
            await _paced(rates, principal.subject)
            await done.put(await _item(engine, principal, position, look_up))

    workers = [asyncio.create_task(work()) for _ in range(min(BATCH_AT_ONCE, len(look_ups)))]
    try:
        for _ in range(len(look_ups)):
            yield await done.get()
        yield line(NDJSON, "end", encode(s.BatchEnd(len(look_ups))))
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


async def _item(engine: Engine, principal: Principal, position: int, look_up: LookUp) -> bytes:
    """A line, whatever happens: somebody counts on as many as were asked for."""
    place = (position, look_up.text)
    try:
        encoded = await engine.look_up(principal, look_up)
    except AuditUnavailable as error:
        return _problem_at(place, error, look_up.trace_id)
    except DomainError as error:
        told = await _refused(engine, principal, look_up, error, "POST /v1/profiles:batch")
        return _problem_at(place, told, look_up.trace_id)
    except Exception:
        log.exception("a look-up of a batch failed", extra={"trace_id": look_up.trace_id})
        return _problem_at(place, BatchItemFailed(), look_up.trace_id)
    return line(NDJSON, "profile", b'{"position":%d,"profile":%b}' % (position, encoded.body))


async def _refused(
    engine: Engine, principal: Principal, look_up: LookUp, error: DomainError, route: str
) -> DomainError:
    """A refusal inside a stream is a refusal; gives what must be told: it, or that its entry could
    not be written.
    """
    try:
        event = events.refused(principal, look_up, error, route)
        await engine.disclosure.sequencer.append(event)
    except AuditUnavailable as unavailable:
        return unavailable
    return error
