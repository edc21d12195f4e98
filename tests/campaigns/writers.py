"""PostgreSQL: many writers of entries beside each other against the form that locked from append to commit (the control); one of twenty thousand
open tasks opened and closed; pages of fifty thousand records by department and county, the last as the first.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import text

from app.audit import repository as audit
from app.audit.events import Event
from app.audit.models import ENTRIES
from app.audit.service import Trail
from app.core.clock import SystemClock
from app.core.db import Database
from app.core.keys import Keyring
from app.core.snapshots import Snapshots, bump
from app.supervision.repository import Filter, records
from app.tasks import repository as tasks
from app.tasks.models import Task
from app.tasks.service import new_snapshot
from tests.campaigns import stage
from tests.campaigns.servers import postgres
from tests.fixtures.databases import build_empty

LOCKED = "select pg_advisory_xact_lock(2, hashtext('audit_entries'))"
WRITERS, LEAST_OF_LOCKED, LEAST_OF_ONE = 8, 2.0, 1.5
TASK_MS, PAGE_MS = 20.0, 20.0
COUNTIES, DEPARTMENTS = 50, ("fire", "tax", "food", "health", "police", "culture", "water")


def write(url: str, seconds: float, locked: bool, told: Any) -> None:
    """A process that appends one entry after another, each in a transaction of its own."""
    database, trail = Database(url), Trail(Keyring(b"secret"), SystemClock())
    connection = database.connection_apart(5.0)
    driver: Any = connection.driver_connection
    count, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        if locked:
            driver.execute(LOCKED)
        audit.insert_many(
            database, driver, [trail.row(Event("a.b.c", actor="x", object_ref="o" * 600))]
        )
        count += 1
    connection.invalidate()
    database.dispose()
    told.put(count)


def entries_per_second(url: str, writers: int, seconds: float, *, locked: bool) -> float:
    """All writers together."""
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    processes = [
        context.Process(target=write, args=(url, seconds, locked, told)) for _ in range(writers)
    ]
    for process in processes:
        process.start()
    counts = [told.get(timeout=seconds + 30) for _ in processes]
    for process in processes:
        process.join()
    return sum(counts) / seconds


def numbered(database: Database) -> tuple[float, bool]:
    """Seconds until all that was written has its number, and whether none is missing."""
    begun = time.monotonic()
    while ENTRIES.number(database):
        pass
    took = time.monotonic() - begun
    with database.read() as session:
        rows = session.connection().execute(
            text("select number, txid from audit_entries order by number")
        )
        found = [tuple(row) for row in rows]
    numbers = [row[0] for row in found]
    in_order = all(a[1] <= b[1] for a, b in pairwise(found))
    return took, numbers == list(range(1, len(numbers) + 1)) and in_order


def a_task(number: int, now: datetime) -> Task:
    return Task(
        id=f"{number:036d}",
        business_id=f"9133{number:014d}",
        purpose="inspection",
        region="330106",
        assignees=[f"officer-{number % 500}"],
        basis="yearly plan",
        opened_by="leader",
        opened_at=now,
        ends_at=now + timedelta(hours=72),
    )


def task_ms(database: Database, count: int) -> tuple[float, float]:
    """CPU of one process that hears of a task opened, and closed, beside so many (median of 20 each)."""
    now, clock = datetime.now(UTC), SystemClock()
    with database.write() as session:
        for number in range(count):
            tasks.add(session, a_task(number, now)) if number % 500 == 0 else session.add(
                a_task(number, now)
            )
        bump(session, "tasks")
    snapshots = Snapshots(database)
    snapshot = snapshots.add(new_snapshot(clock))
    snapshots.refresh()
    assert len(snapshot.value) == count
    opened, closed = [], []
    for number in range(count, count + 20):
        task = a_task(number, now)
        with database.write() as session:
            tasks.add(session, task)
            task.changed = bump(session, "tasks")
        opened.append(cpu_ms(snapshots.refresh))
        with database.write() as session:
            task = session.get_one(Task, task.id)
            task.closed_at = now
            task.changed = bump(session, "tasks")
        closed.append(cpu_ms(snapshots.refresh))
    assert len(snapshot.value) == count
    return median(opened), median(closed)


def cpu_ms(work: Any) -> float:
    begun = time.thread_time()
    work()
    return (time.thread_time() - begun) * 1000


def fill_records(database: Database, count: int) -> None:
    """Records of many counties, each with results of two departments."""
    now = datetime.now(UTC)
    with database.write() as session:
        tasks.add(session, task := a_task(10**9, now))
        session.flush()
        connection = session.connection()
        for first in range(0, count, 5000):
            rows = [
                {"id": f"r{n:035d}", "business": f"9133{n % 9000:014d}", "task": task.id, "region": f"33{n % COUNTIES:02d}06", "now": now}
                for n in range(first, first + 5000)
            ]  # fmt: skip
            connection.execute(
                text(
                    "insert into inspections (id, business_id, task_id, region, lead_department, submitted_by, submitted_at,"
                    " visit_started_at, visit_ended_at, officers, body_digest, not_connected) values (:id, :business, :task,"
                    " :region, 'fire', 'officer', :now, :now, :now, '[]', '', '[]')"
                ),
                rows,
            )
            results = [
                {"id": row["id"], "ordinal": k, "department": DEPARTMENTS[(int(row["id"][1:]) + 3 * k) % len(DEPARTMENTS)], "region": row["region"]}
                for row in rows
                for k in range(2)
            ]  # fmt: skip
            connection.execute(
                text(
                    "insert into inspection_results (inspection_id, ordinal, department, item_code, mode, result, by, region)"
                    " values (:id, :ordinal, :department, 'X', 'observed', 'conform', 'o', :region)"
                ),
                results,
            )


def page_ms(database: Database, count: int) -> dict[str, float]:
    """Medians of nine pages each: by department, county, both and business, the first and the last."""
    from app.inspections.models import RECORDS

    while RECORDS.number(database):
        pass
    with database.write() as session:
        session.connection().execute(text("analyze"))
    wanted = {
        "department": Filter("", department="tax"),
        "county": Filter("330106"),
        "both": Filter("330106", department="tax"),
        "business": Filter("", business_id="913300000000000042"),
    }
    found = {}
    for name, each in wanted.items():
        for place, after in (("first", 0), ("last", count - 500)):
            times = []
            for _ in range(9):
                with database.read() as session:
                    begun = time.perf_counter()
                    records(session, each, after=after, limit=51)
                    times.append((time.perf_counter() - begun) * 1000)
            found[f"{name}_{place}"] = median(times)
    return found


@contextmanager
def scene() -> Iterator[tuple[Any, str]]:
    with tempfile.TemporaryDirectory(prefix="ovwriters") as name, postgres() as server:
        yield server, str(Path(name))


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=float, default=8.0, help="seconds of each measurement")
    parser.add_argument("--tasks", type=int, default=20_000)
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--small", action="store_true", help="judge no times")
    arguments = parser.parse_args()
    with scene() as (server, _):
        url = server.create("writers")
        build_empty(url)
        database = Database(url)
        rates: dict[str, list[float]] = {"free": [], "locked": [], "one": []}
        for _ in range(3):  # interleaved: the machine is not always equally fast
            for name, writers in (("locked", WRITERS), ("free", WRITERS), ("one", 1)):
                rates[name].append(
                    entries_per_second(url, writers, arguments.rounds / 3, locked=name == "locked")
                )
        behind, whole = numbered(database)
        opened, closed = task_ms(database, arguments.tasks)
        fill_records(database, arguments.records)
        pages = page_ms(database, arguments.records)
        database.dispose()
    free, locked, one = (median(rates[name]) for name in ("free", "locked", "one"))
    print("  pages, ms:", {name: round(value, 1) for name, value in pages.items()})
    fast = free >= LEAST_OF_LOCKED * locked and free >= LEAST_OF_ONE * one
    fast = fast and max(opened, closed) <= TASK_MS and max(pages.values()) <= PAGE_MS
    fine = whole and (fast or arguments.small)
    return stage.verdict(
        "writers", fine, free=free, locked=locked, one=one, of_locked=free / locked, of_one=free / one, numbered_in=behind, whole=whole,
        task_opened_ms=opened, task_closed_ms=closed, worst_page_ms=max(pages.values()),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
