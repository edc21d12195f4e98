"""An old database of a good size goes up and down again on both engines, twenty `migrate` at once, and this release works beside a further
revision that only adds, under load.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from adapters.fakes.world import World
from app.core.db import Database
from app.core.postgres import PATIENT
from app.core.schema import current_revision, expected_revision, migrate
from tests.campaigns import servers, stage
from tests.fixtures.gateway import SECRET
from tests.fixtures.ports import free_ports

OLD, LONGEST_SECONDS, AT_ONCE = "0005", 60.0, 20
ADDED = "9999"
"""The further revision, made here: a table and a column more."""
_AT_ONCE_ROWS = 5000
_COUNT = "select count(*) from %s"


def fill(database: Database, records: int, tasks: int, entries: int) -> None:
    """As a gateway of that revision would have, in bulk."""
    now = datetime.now(UTC)
    with database.write() as session:
        for rows, statement in (
            (
                [{"id": f"t{n:035d}", "b": f"9133{n:014d}", "a": f'["officer-{n % 200}"]', "now": now} for n in range(tasks)],
                ("insert into tasks (id, business_id, purpose, region, assignees, basis, opened_by, opened_at, ends_at)"
                " values (:id, :b, 'inspection', '330106', :a, 'plan', 'leader', :now, :now)"),
            ),
            (
                [{"id": f"r{n:035d}", "b": f"9133{n % 999:014d}", "t": f"t{n % tasks:035d}", "r": f"33{n % 50:02d}06", "now": now} for n in range(records)],
                ("insert into inspections (id, business_id, task_id, region, lead_department, submitted_by, submitted_at, visit_started_at,"
                " visit_ended_at, officers, body_digest, not_connected) values (:id, :b, :t, :r, 'fire', 'o', :now, :now, :now, '[]', '', '[]')"),
            ),
            (
                [{"id": f"r{n:035d}", "k": k, "d": ("fire", "tax")[k]} for n in range(records) for k in range(2)],
                ("insert into inspection_results (inspection_id, ordinal, department, item_code, mode, result, by)"
                " values (:id, :k, :d, 'X', 'observed', 'conform', 'o')"),
            ),
            (
                [{"id": f"d{n:035d}", "b": f"9133{n % 999:014d}", "o": f"r{n:035d}", "now": now} for n in range(records)],
                ("insert into deliveries (id, department, ordering_key, object_id, message, state, attempts, created_at, next_at)"
                " values (:id, 'fire', :b, :o, '{}', 'delivered', 1, :now, :now)"),
            ),
            (
                [{"id": f"e{n:035d}", "now": now, "body": '{"v":1,"x":"' + "y" * 900 + '"}'} for n in range(entries)],
                "insert into audit_entries (id, at, event, subject_ref, body) values (:id, :now, 'profile.business.viewed', '', :body)",
            ),
        ):  # fmt: skip
            for first in range(0, len(rows), _AT_ONCE_ROWS):
                session.connection().execute(text(statement), rows[first : first + _AT_ONCE_ROWS])


def up_and_down(url: str, sizes: tuple[int, int, int]) -> tuple[float, float, bool]:
    """Seconds up, seconds down, and whether everything is still there."""
    database = Database(url, PATIENT)
    migrate(database, OLD)
    fill(database, *sizes)
    begun = time.monotonic()
    migrate(database)
    up = time.monotonic() - begun
    is_whole = counted(database) == sizes and current_revision(database) == expected_revision()
    begun = time.monotonic()
    migrate(database, OLD)
    down = time.monotonic() - begun
    is_whole = is_whole and counted(database) == sizes
    database.dispose()
    return up, down, is_whole


def counted(database: Database) -> tuple[int, int, int]:
    with database.read() as session:
        found = [
            session.connection().execute(text(_COUNT % table)).scalar_one()
            for table in ("inspections", "tasks", "audit_entries")
        ]
    return found[0], found[1], found[2]


def at_once(url: str) -> int:
    """How many of twenty `onevisit migrate` at once failed."""
    env = {**os.environ, "ONEVISIT_DATABASE_URL": url, "ONEVISIT_SECRET_KEY": SECRET}
    command = [sys.executable, "-m", "app.cli.run", "migrate"]
    running = [
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(AT_ONCE)
    ]
    failed = 0
    for process in running:
        out, _ = process.communicate(timeout=300)
        if process.returncode != 0:
            failed += 1
            print(out.decode(errors="replace")[-500:])
    return failed


def add_more(url: str) -> None:
    """A revision after this release's that only adds, as its own migration would write it."""
    database = Database(url, PATIENT)
    with database.write() as session:
        for statement in (
            "create table further (id varchar(36) primary key)",
            "alter table inspections add column further varchar(20)",
            "alter table tasks add column further integer not null default 0",
            f"insert into schema_windows (revision, oldest) values ('{ADDED}', '{expected_revision()}')",  # noqa: S608 - of our own
            f"update alembic_version set version_num = '{ADDED}'",  # noqa: S608 - of our own
        ):
            session.connection().execute(text(statement))
    database.dispose()


async def beside(url: str, on: stage.Prepared, seconds: float, seed: int) -> Counter[str]:
    """Statuses of a gateway that was there before the further revision, and of one started after it."""
    codes = [b.business_id for b in World(1, 200, datetime.now(UTC).date()).generated]
    rng, statuses, running = random.Random(seed), Counter[str](), True

    async def go_on(name: str, port: int) -> None:
        async with stage.client(port) as client:
            while running:
                path = f"/v1/profiles/{rng.choice(codes)}?purpose=patrol&view=summary"
                answer = await client.get(path, on.token)
                statuses[f"{name}_{answer.status}"] += 1
                await asyncio.sleep(0.02)

    with ExitStack() as stack:
        ports = [free_ports(), free_ports()]
        stack.enter_context(running_gateway(url, on, ports[0]))
        loads = [asyncio.create_task(go_on("before", ports[0]))]
        await asyncio.sleep(seconds / 3)
        await asyncio.to_thread(add_more, url)
        await asyncio.sleep(seconds / 3)
        process = running_gateway(url, on, ports[1])
        await asyncio.to_thread(stack.enter_context, process)
        loads.append(asyncio.create_task(go_on("after", ports[1])))
        await asyncio.sleep(seconds / 3)
        running = False
        await asyncio.gather(*loads)
    return statuses


@contextmanager
def running_gateway(url: str, on: stage.Prepared, port: int) -> Iterator[None]:
    process = stage.launched(url, on, port, on.folder / f"{port}.log")
    with stage.ended(process, seconds=20):
        yield


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rounds",
        type=int,
        default=20_000,
        help="records; a quarter of it tasks, ten times entries",
    )
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sizes = (arguments.rounds, arguments.rounds // 4, arguments.rounds * 10)
    figures: dict[str, Any] = {}
    fine = True
    with (
        tempfile.TemporaryDirectory(prefix="ovupgrade") as name,
        servers.postgres() as server,
        stage.departments(200) as departments,
    ):
        folder = Path(name)
        for engine, url, other in (
            ("sqlite", f"sqlite:///{folder}/old.db", f"sqlite:///{folder}/once.db"),
            ("postgresql", server.create("old"), server.create("once")),
        ):
            up, down, is_whole = up_and_down(url, sizes)
            failed = at_once(other)
            fine = fine and max(up, down) <= LONGEST_SECONDS and is_whole and not failed
            figures |= {
                f"{engine}_up": up,
                f"{engine}_down": down,
                f"{engine}_whole": is_whole,
                f"{engine}_failed": failed,
            }
        url = server.create("beside")
        on = stage.published_on(
            url, folder, stage.manifests_of(departments, "registration", "fire")
        )
        statuses = asyncio.run(beside(url, on, arguments.seconds, arguments.seed))
    errors = sum(count for name, count in statuses.items() if not name.endswith("_200"))
    fine = fine and not errors and statuses["before_200"] > 0 and statuses["after_200"] > 0
    return stage.verdict(
        "upgrade", fine, **figures, beside_errors=errors, beside_answers=statuses.total()
    )


if __name__ == "__main__":
    sys.exit(main())
