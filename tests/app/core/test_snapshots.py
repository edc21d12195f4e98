"""Snapshots reload what changed, and decide nothing when they are old."""

import asyncio
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
