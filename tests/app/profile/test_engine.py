"""The fan-out: whatever an adapter does, every section has an outcome by the deadline."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from adapters.contract import AdapterMalformed, AdapterQuery, AdapterUnavailable, Outcome, SectionAnswer
from adapters.contract.sections import Standing
from app.profile.engine import Question, ask_all
from app.profile.memory import LastKnownAnswers

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def question(section, fetch, version=1):
    query = AdapterQuery("91110105MA0YYY014T", "uscc", None, "patrol", "unit", "r", 0.0)
    return Question(section, f"{section}@{version}", fetch, query)


async def honest(_query):
    return SectionAnswer(Standing(), NOW, "digest")


async def ask(*questions, seconds=1.0, memory=None):
    deadline = asyncio.get_running_loop().time() + seconds
    return await ask_all(list(questions), LastKnownAnswers() if memory is None else memory, lambda: NOW, deadline=deadline)


def raising(error):
    async def fetch(_query):
        raise error

    return fetch


@pytest.mark.parametrize(
    ("fetch", "outcome", "reason"),
    [
        (honest, Outcome.FRESH, None),
        (raising(AdapterUnavailable("connect_failed")), Outcome.UNAVAILABLE, "connect_failed"),
        (raising(AdapterMalformed("schema_violation")), Outcome.MALFORMED, "schema_violation"),
        (raising(RuntimeError("a bug of the adapter")), Outcome.UNAVAILABLE, "adapter_failed"),
        (raising(TimeoutError()), Outcome.TIMED_OUT, "deadline_exceeded"),
        (lambda _q: asyncio.sleep(60), Outcome.TIMED_OUT, "deadline_exceeded"),
    ],
)
async def test_one_bad_department_leaves_the_other_untouched(fetch, outcome, reason):
    answers = await ask(question("bad", fetch), question("good", honest), seconds=0.2)
    assert (answers["bad"].outcome, answers["bad"].reason) == (outcome, reason)
    assert answers["good"].outcome is Outcome.FRESH


async def test_no_attempt_is_begun_with_too_little_time():
    called = []

    async def fetch(query):
        called.append(query)

    answers = await ask(question("x", fetch), seconds=0.05)
    assert (answers["x"].outcome, answers["x"].reason, called) == (Outcome.TIMED_OUT, "too_little_time", [])


async def test_no_record_and_not_applicable_are_answers():
    async def none(_query):
        return SectionAnswer(None, NOW, "d", "no_record")

    async def elsewhere(_query):
        return SectionAnswer(None, None, "d", "not_a_social_organisation")

    answers = await ask(question("a", none), question("b", elsewhere))
    assert [answers[n].outcome for n in "ab"] == [Outcome.NOT_FOUND, Outcome.NOT_APPLICABLE]
    assert all(answers[n].is_current for n in "ab")


async def test_memories_are_of_one_version_and_marked_stale():
    memory = LastKnownAnswers()
    await ask(question("x", honest), memory=memory)
    broken = raising(AdapterUnavailable("connection_lost"))
    stale = (await ask(question("x", broken), memory=memory))["x"]
    assert (stale.outcome, stale.reason, stale.is_current) == (Outcome.STALE, "connection_lost", False)
    assert (await ask(question("x", broken, version=2), memory=memory))["x"].outcome is Outcome.UNAVAILABLE


async def test_a_cancelled_look_up_cancels_its_questions():
    ended = []

    async def slow(_query):
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(1)

    task = asyncio.create_task(ask(question("a", slow), question("b", slow), seconds=60))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    assert ended == [1, 1]


def test_memory_is_bounded_in_number_and_age():
    memory = LastKnownAnswers(most=2, oldest=timedelta(hours=1))
    for index in range(3):
        memory.keep((str(index),), index, NOW)
    assert (len(memory), memory.find(("0",), NOW), memory.find(("2",), NOW)) == (2, None, 2)
    assert memory.find(("2",), NOW + timedelta(hours=2)) is None
    assert len(memory) == 1
