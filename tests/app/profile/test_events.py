"""Entries of what discloses nothing."""

import asyncio

from adapters.contract import AdapterQuery, Outcome
from adapters.contract.sections import CommonRecord
from adapters.dispatch.question import Question, Route
from adapters.dispatch.reply import Reply
from app.profile.events import on_late

MAIN, CLEAN, CHAIN = "91330106MA2YYY034D", "91310115MA1YYY024Y", "91370102999999066X"


async def test_a_late_answer_is_traced_with_its_department_and_discloses_nothing():
    events_seen = []

    class Log:
        async def append(self, event):
            events_seen.append(event)

    route = Route("food", "market", "food@1", CommonRecord, None, None)
    query = AdapterQuery(MAIN, "uscc", None, "patrol", "fire", "0" * 32, 0.0)
    on_late(Log())(Question(route, query, ()), Reply(Outcome.FRESH, None, 1))
    await asyncio.sleep(0)
    (event,) = events_seen
    assert (event.event, event.departments, event.subject) == (
        "profile.section.refilled",
        ("market",),
        MAIN,
    )
    assert (event.response_digest, event.classes) == ("", ())
