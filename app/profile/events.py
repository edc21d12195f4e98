"""Traces that nobody waits for: of what was asked and disclosed to no one."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from adapters.dispatch.question import Question
from adapters.dispatch.reply import Reply
from app.audit.errors import AuditUnavailable
from app.audit.events import Event
from app.audit.sequencer import Sequencer

log = logging.getLogger("onevisit.profile")
_QUIET: set["asyncio.Task[None]"] = set()


def trace_quietly(sequencer: Sequencer, event: Event) -> None:
    """Trace in the background what discloses nothing; a failure is logged."""

    async def write() -> None:
        try:
            await sequencer.append(event)
        except AuditUnavailable:
            log.warning("%s could not be traced", event.event)

    task = asyncio.get_running_loop().create_task(write())
    _QUIET.add(task)
    task.add_done_callback(_QUIET.discard)


def refilled(sequencer: Sequencer, question: Question, answered: Reply) -> None:
    """Trace an answer that came after everybody had left: it refills the cache and is disclosed to
    nobody.
    """
    route, query = question.route, question.query
    event = Event(
        event="profile.section.refilled",
        actor="gateway",
        unit=query.unit,
        subject=query.business_id,
        purpose=query.purpose,
        departments=(route.department,),
        outcome=str(answered.outcome),
        request_id=query.request_id,
        object_ref=route.label,
    )
    trace_quietly(sequencer, event)


def on_late(sequencer: Sequencer) -> Callable[[Question, Reply], None]:
    """What a board does with late answers."""
    return partial(refilled, sequencer)
