"""Snapshots reload what changed, and decide nothing when they are old."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from app.core import snapshots as room
from app.core.clock import SystemClock
from app.core.snapshots import PolicyStale, Snapshot, Snapshots, bump
from app.tasks import repository
from app.tasks.models import Task
from app.tasks.service import new_snapshot


def test_snapshots_reload_only_what_changed(database):
    loads = []

    def load(_session):
        loads.append(1)
        return len(loads)

    snapshots = Snapshots(database)
    snapshot = snapshots.add(Snapshot("things", load, 0))
    assert snapshots.refresh() == ["things"]
    assert snapshots.refresh() == []
    with database.write() as session:
        bump(session, "things")
    assert snapshots.refresh() == ["things"]
    assert snapshot.value == 2


def test_what_was_not_looked_at_for_a_second_decides_nothing(database, monkeypatch):
    snapshots = Snapshots(database)
    with pytest.raises(PolicyStale):
        snapshots.require_fresh()
    snapshots.refresh()
    snapshots.require_fresh()
    later = room.time.monotonic() + 1.1
    monkeypatch.setattr(room.time, "monotonic", lambda: later)
    assert not snapshots.is_fresh
    with pytest.raises(PolicyStale):
        snapshots.require_fresh()


async def test_they_are_kept_fresh_and_an_outage_is_told_once(database, monkeypatch, caplog):
    monkeypatch.setattr(room, "_PAUSE_SECONDS", 0.01)
    snapshots = Snapshots(database)
    snapshot = snapshots.add(Snapshot("things", lambda _session: object(), None))
    async with snapshots.kept_fresh():
        first = snapshot.value
        with database.write() as session:
            bump(session, "things")
        async with asyncio.timeout(5):
            while snapshot.value is first:
                await asyncio.sleep(0.01)
        with monkeypatch.context() as patch:
            patch.setattr(database, "peek", lambda *_: 1 / 0)
            await asyncio.sleep(0.2)
            assert snapshots.age > 0.1
        async with asyncio.timeout(5):
            while snapshots.age > 0.1:
                await asyncio.sleep(0.01)
    assert caplog.text.count("cannot be refreshed") == 1


async def test_who_comes_after_a_pause_of_the_process_waits_for_the_next_look(
    database, monkeypatch
):
    monkeypatch.setattr(room, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(room, "_GLANCES", 10_000)
    awake, peek = threading.Event(), database.peek
    snapshots = Snapshots(database)
    awake.set()
    async with snapshots.kept_fresh():
        with monkeypatch.context() as patch:
            patch.setattr(room, "OLDEST_SECONDS", 0.1)
            patch.setattr(database, "peek", lambda *of: awake.wait(30) and peek(*of))
            awake.clear()
            await until(lambda: not snapshots.is_fresh)
            waiting = [asyncio.create_task(snapshots.settle()) for _ in range(100)]
            await asyncio.sleep(0.1)
            assert not any(one.done() for one in waiting)
        awake.set()
        async with asyncio.timeout(10):
            await asyncio.gather(*waiting)
        snapshots.require_fresh()


async def test_nobody_waits_longer_than_half_a_second(database):
    snapshots = Snapshots(database)
    async with asyncio.timeout(10):
        await asyncio.gather(*(snapshots.settle() for _ in range(100)))
    with pytest.raises(PolicyStale):
        snapshots.require_fresh()


async def test_where_looking_fails_nobody_waits(database, monkeypatch, caplog):
    monkeypatch.setattr(room, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(room, "_GLANCE_SECONDS", 60.0)
    snapshots = Snapshots(database)
    async with snapshots.kept_fresh():
        with monkeypatch.context() as patch:
            patch.setattr(room, "OLDEST_SECONDS", 0.0)
            patch.setattr(database, "peek", lambda *_: 1 / 0)
            await until(lambda: "cannot be refreshed" in caplog.text)
            async with asyncio.timeout(10):
                await snapshots.settle()
            assert not snapshots.is_fresh


async def until(holds):
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


def test_another_server_may_have_counted_the_same_numbers(database, monkeypatch):
    """After a failover that lost a change, the number may be reached by another one."""
    loads = []
    snapshots = Snapshots(database)
    snapshots.add(Snapshot("things", lambda _session: loads.append(1), None))
    snapshots.refresh()
    snapshots.refresh()
    assert len(loads) == 1
    database.reconnected += 1
    snapshots.refresh()
    assert len(loads) == 2


def a_task(number, now, **more):
    values = {
        "business_id": "b", "purpose": "inspection", "assignees": ["x"], "basis": "plan",
        "opened_by": "leader", "region": "330106", "opened_at": now, "ends_at": now + timedelta(hours=1), **more,
    }  # fmt: skip
    return Task(id=f"{number:036d}", **values)


def test_of_tasks_only_those_that_changed_are_read(database, monkeypatch):
    now = datetime.now(UTC)
    with database.write() as session:
        for number in range(50):
            repository.add(session, a_task(number, now))
        bump(session, "tasks")
    snapshots = Snapshots(database)
    snapshot = snapshots.add(new_snapshot(SystemClock()))
    snapshots.refresh()
    monkeypatch.setattr(repository, "open_at", lambda *_: 1 / 0)
    with database.write() as session:
        task = a_task(50, now)
        repository.add(session, task)
        task.changed = bump(session, "tasks")
    snapshots.refresh()
    assert len(snapshot.value) == 51
    with database.write() as session:
        task = session.get_one(Task, task.id)
        task.closed_at, task.changed = now, bump(session, "tasks")
    snapshots.refresh()
    assert len(snapshot.value) == 50
