"""Who looks for waiting examinations, and how often."""

import asyncio
from datetime import UTC, datetime

from app.audit.service import Trail
from app.core.clock import SystemClock
from app.registry import repository
from app.registry.examinations import Examiner
from app.registry.models import Adapter, Examination


def waiting(database, count):
    now = datetime.now(UTC)
    with database.write() as session:
        adapter = Adapter(
            id="a",
            department="fire",
            section="fire",
            state="submitted",
            created_at=now,
            updated_at=now,
        )
        session.add(adapter)
        session.flush()
        for index in range(count):
            row = Examination(
                id=str(index), adapter_id="a", version=1, requested_by="x", created_at=now
            )
            session.add(row)


async def test_of_many_that_look_together_one_asks_the_database(database, monkeypatch):
    looks = []

    def waits(*_asked):
        looks.append(1)
        return False

    monkeypatch.setattr(repository, "examination_waits", waits)
    examiner = Examiner(database, Trail(b"secret", SystemClock()), None)
    assert await asyncio.gather(*[examiner.run_next() for _ in range(4)]) == [False] * 4
    assert len(looks) == 1
    examiner.quiet_until = 0.0
    await examiner.run_next()
    assert len(looks) == 2


async def test_who_lost_a_race_for_one_looks_on_at_once(database, monkeypatch):
    waiting(database, 1)
    examiner = Examiner(database, Trail(b"secret", SystemClock()), None)
    monkeypatch.setattr(repository, "claim_examination", lambda *_asked: None)
    assert await examiner.run_next() is False
    assert examiner.quiet_until == 0.0
