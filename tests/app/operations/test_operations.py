"""Long work: claimed once, held by a lease, taken over from the dead, called off, given up."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.audit.service import Trail
from app.core.keys import Keyring
from app.operations import holding, repository, service
from app.operations.errors import OperationOver, OperationUnknown, OperationWaits
from app.operations.lease import LEASE, MOST_ATTEMPTS
from app.operations.service import Kind, Runner
from auth.principal import Principal, Role

WANG = Principal("wang", frozenset({Role.DATA_MANAGER}), "fire", "330100")
ZHAO = Principal("zhao", frozenset({Role.DATA_MANAGER}), "tax", "330100")


class Wall:
    def __init__(self):
        self.at = datetime(2026, 11, 27, 3, tzinfo=UTC)

    def now(self):
        return self.at


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def trail(wall):
    return Trail(Keyring(b"secret"), wall)


def ask(database, trail, kind="count", key="a"):
    with database.write() as session:
        made = service.request(
            session,
            trail,
            WANG,
            kind=kind,
            key=key,
            department="fire",
            region="330100",
            parameters={"to": 3},
        )
    return made.id


def read(database, operation_id):
    with database.read() as session:
        return service.read_operation(session, WANG, operation_id)


def runner(database, trail, handle, finished=None):
    def finish(_session, work, result):
        if finished is not None:
            finished.append((work.id, result))

    return Runner(database, trail, {"count": Kind(handle, finish)})


async def count(work):
    for n in range(work.parameters["to"]):
        await work.progress(n + 1, work.parameters["to"])
    return {"counted": work.parameters["to"]}


def ask_for(database, trail, department, key, to=3):
    with database.write() as session:
        return service.request(
            session, trail, WANG, kind="count", key=key, department=department,
            region="330100", parameters={"to": to},
        ).id  # fmt: skip


def test_one_waits_for_each_thing(database, trail, wall):
    first = ask_for(database, trail, "fire", "a")
    assert ask_for(database, trail, "fire", "a") == first
    with pytest.raises(OperationWaits):
        ask_for(database, trail, "fire", "a", to=4)
    assert ask_for(database, trail, "fire", "b") != first
    with database.write() as session:
        assert repository.claim(session, ["count"], wall.at, wall.at + LEASE).id == first
    assert ask_for(database, trail, "fire", "a", to=4) != first, "the first is under way"


def test_whoever_asks_for_much_holds_up_nobody_else(database, trail, wall):
    many = [ask_for(database, trail, "food", f"food-{n}") for n in range(6)]
    one = ask_for(database, trail, "fire", "a")
    taken = []
    for _ in range(3):
        with database.write() as session:
            taken.append(repository.claim(session, ["count"], wall.at, wall.at + LEASE).id)
    assert taken == [many[0], one, many[1]]


async def test_work_is_carried_out_once_and_its_result_stays(database, trail):
    operation_id, finished = ask(database, trail), []
    both = [runner(database, trail, count, finished) for _ in range(2)]
    assert sorted(await asyncio.gather(*(r.run_next() for r in both))) == [False, True]
    found = read(database, operation_id)
    assert (found.state, found.attempts, found.result) == ("done", 1, {"counted": 3})
    assert found.progress.model_dump() == {"done": 3, "of": 3}
    assert finished == [(operation_id, {"counted": 3})]


async def test_what_a_dead_process_held_is_taken_over_within_ten_seconds(database, trail, wall):
    operation_id = ask(database, trail)
    with database.write() as session:
        assert repository.claim(session, ["count"], wall.at, wall.at + LEASE)
    taker = runner(database, trail, count)
    assert await taker.run_next() is False
    assert LEASE + timedelta(seconds=2) <= timedelta(seconds=10)
    wall.at += LEASE + timedelta(seconds=1)
    taker.quiet_until = 0.0
    assert await taker.run_next() is True
    found = read(database, operation_id)
    assert (found.state, found.attempts) == ("done", 2)


async def test_who_was_frozen_writes_nothing_over_what_another_did(database, trail, wall):
    """A process sleeps past its lease; another one does the work; the first wakes."""
    operation_id, finished = ask(database, trail), []

    async def frozen(_work):
        wall.at += LEASE + timedelta(seconds=1)
        assert await runner(database, trail, count, finished).run_next()
        return {"counted": "twice"}

    await runner(database, trail, frozen, finished).run_next()
    assert read(database, operation_id).result == {"counted": 3}
    assert finished == [(operation_id, {"counted": 3})]


async def test_who_was_frozen_takes_nothing_from_whoever_is_at_it_now(database, trail, wall):
    """As before, but the other one is still at work when the first wakes."""
    operation_id, finished = ask(database, trail), []

    async def frozen(_work):
        wall.at += LEASE + timedelta(seconds=1)
        with database.write() as session:
            assert repository.claim(session, ["count"], wall.at, wall.at + LEASE)
        return {"counted": "twice"}

    await runner(database, trail, frozen, finished).run_next()
    found = read(database, operation_id)
    assert (found.state, found.attempts, found.result, finished) == ("running", 2, None, [])


async def test_work_over_which_processes_die_is_given_up(database, trail, wall):
    operation_id = ask(database, trail)

    async def die(_work):
        raise RuntimeError

    dying = runner(database, trail, die)
    for _ in range(MOST_ATTEMPTS + 1):
        dying.quiet_until = 0.0
        await dying.run_next()
        wall.at += LEASE + timedelta(seconds=1)
    found = read(database, operation_id)
    assert (found.state, found.result) == ("failed", None)
    dying.quiet_until = 0.0
    assert await dying.run_next() is False


async def test_waiting_work_that_is_called_off_never_begins(database, trail):
    operation_id = ask(database, trail)
    with database.write() as session:
        assert service.cancel(session, trail, WANG, operation_id).state == "cancelled"
    assert await runner(database, trail, count).run_next() is False
    with database.write() as session, pytest.raises(OperationOver):
        service.cancel(session, trail, WANG, operation_id)


async def test_work_under_way_that_is_called_off_is_left(database, trail, monkeypatch):
    monkeypatch.setattr(holding, "RENEW_SECONDS", 0.02)
    operation_id, begun, left = ask(database, trail), asyncio.Event(), []

    async def endless(_work):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.append(1)

    task = asyncio.create_task(runner(database, trail, endless).run_next())
    await begun.wait()
    with database.write() as session:
        service.cancel(session, trail, WANG, operation_id)
    await asyncio.wait_for(task, 10)
    assert left == [1]
    assert read(database, operation_id).state == "cancelled"


async def test_another_departments_work_is_not_seen(database, trail):
    operation_id = ask(database, trail)
    with database.read() as session, pytest.raises(OperationUnknown):
        service.read_operation(session, ZHAO, operation_id)
    with database.write() as session, pytest.raises(OperationUnknown):
        service.cancel(session, trail, ZHAO, operation_id)
    with database.read() as session:
        none = service.list_operations(session, ZHAO, key=None, state=None, limit=9)
        own = service.list_operations(session, WANG, key="a", state=None, limit=9)
    assert (none, [row.id for row in own]) == ([], [operation_id])


async def test_of_many_that_look_together_one_asks_the_database(database, trail, monkeypatch):
    looks = []
    monkeypatch.setattr(repository, "waits", lambda *_asked: looks.append(1))
    looking = runner(database, trail, count)
    assert await asyncio.gather(*[looking.run_next() for _ in range(4)]) == [False] * 4
    assert len(looks) == 1
