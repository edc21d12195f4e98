"""A supervisor before a million records on PostgreSQL: the first rows, the next page, another filter, each through a real gateway process (medians of five)."""

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from sqlalchemy import text

from app.core.db import Database
from auth.principal import Role
from tests.campaigns import stage
from tests.campaigns.servers import postgres
from tests.fixtures.processes import ended

FIRST_MS, NEXT_MS, FILTER_MS = 300.0, 150.0, 300.0
_TASK = """insert into tasks (id, business_id, purpose, region, assignees, basis, opened_by, opened_at, ends_at)
       values ('t', '91330106MA2YYY034D', 'inspection', '330106', '[]', 'plan', 'leader', :now, :now)"""
_ROWS = (
    """insert into inspections (id, business_id, task_id, region, lead_department, submitted_by, submitted_at, visit_started_at, visit_ended_at, officers,
         body_digest, not_connected, number, txid)
       select 'r' || lpad(n::text, 35, '0'), '9133' || lpad((n % 9000)::text, 14, '0'), 't', '33' || lpad((n % 11)::text, 2, '0') || '06', 'fire', 'officer',
         cast(:now as timestamptz) - (cast(:count as int) - n) * interval '20 seconds', :now, :now, '[{"certificate_no": "ZJ-1", "department": "fire"}]', '', '[]', n, 1
       from generate_series(cast(:first as int), cast(:last as int)) n""",
    """insert into inspection_results (inspection_id, ordinal, department, item_code, mode, result, by, region, number)
       select 'r' || lpad(n::text, 35, '0'), k, (array['fire', 'food', 'tax', 'health', 'culture'])[1 + (n + 2 * k) % 5], 'X', 'observed',
         case when (n + k) % 400 = 0 then 'nonconform' else 'conform' end, 'o', '33' || lpad((n % 11)::text, 2, '0') || '06', n
       from generate_series(cast(:first as int), cast(:last as int)) n, generate_series(0, 1) k""",
    """insert into attendances (inspection_id, certificate_no, person_id, department, state, words)
       select 'r' || lpad(n::text, 35, '0'), 'ZJ-' || (n % 2000), 'p', 'fire', 'confirmed', '[]' from generate_series(cast(:first as int), cast(:last as int)) n""",
    """insert into deliveries (id, department, region, ordering_key, object_id, message, state, attempts, created_at, next_at)
       select 'd' || lpad(n::text, 35, '0'), 'fire', '330106', 'k', 'r' || lpad(n::text, 35, '0'), '{}', case when n % 5000 = 0 then 'dead' else 'delivered' end,
         1, :now, :now from generate_series(cast(:first as int), cast(:last as int)) n""",
)  # fmt: skip
_COUNTED = "update numberings set last = :count where name = 'inspections'"
_AT_ONCE = 20_000
_FILTERS = {
    "all": {},
    "department": {"department": "tax"},
    "result": {"result": "nonconform"},
    "state": {"state": "not_written_back"},
    "region": {"region": "330706"},
    "officer": {"officer": "ZJ-77"},
    "business": {"business_id": "9133" + "42".zfill(14), "unusual": "on_licence"},
    "days": {"since": "2026-06-01T00:00:00Z", "until": "2026-06-08T00:00:00Z"},
    "nothing": {"officer": "ZJ-NOBODY", "state": "submitted"},
    "department and result": {"department": "food", "result": "nonconform"},
}


def fill(url: str, count: int) -> float:
    """As many records of five departments and eleven counties; the seconds it took."""
    begun = time.monotonic()
    database = Database(url)
    told = {"now": datetime.now(UTC), "count": count}
    with database.engine.begin() as connection:
        connection.execute(text(_TASK), told)
    for first in range(1, count + 1, _AT_ONCE):  # every wait on the database has a bound
        span = {**told, "first": first, "last": min(first + _AT_ONCE - 1, count)}
        with database.engine.begin() as connection:
            for statement in _ROWS:
                connection.execute(text(statement), span)
    with database.engine.begin() as connection:
        connection.execute(text(_COUNTED), told)
    for table in ("inspections", "inspection_results", "attendances", "deliveries"):
        with database.engine.connect() as connection:
            apart = connection.execution_options(isolation_level="AUTOCOMMIT")
            apart.execute(text(f"analyze {table}"))
    database.dispose()
    return time.monotonic() - begun


def asked_ms(client: httpx.Client, params: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """How long a page takes as the console asks for it, and the page."""
    begun = time.perf_counter()
    answer = client.get(
        "/v1/records", params={"newest": True, "remaining": True, "limit": 50, **params}
    )
    took = (time.perf_counter() - begun) * 1000
    assert answer.status_code == 200, answer.text
    return took, dict(answer.json())


def pages(client: httpx.Client, params: dict[str, Any], turns: int) -> tuple[float, float | None]:
    """Medians of the first page and of the one after it."""
    first, after = [], []
    for _ in range(turns):
        took, page = asked_ms(client, params)
        first.append(took)
        if page["next_cursor"]:
            after.append(asked_ms(client, {**params, "cursor": page["next_cursor"]})[0])
    return median(first), median(after) if after else None


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ovdesk") as name, postgres() as server:
        folder, url = Path(name), server.create("desk")
        on = stage.published_on(url, folder, [])
        filled = fill(url, arguments.records)
        port = stage.free_ports()
        process = stage.launched(url, on, port, folder / "gateway.log")
        with ended(process, seconds=20):
            token = on.issuer.token("supervisor", Role.SUPERVISOR, region="330000")
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(
                base_url=f"http://{stage.HOST}:{port}", headers=headers, timeout=60
            ) as client:
                found = {each: pages(client, asked, 5) for each, asked in _FILTERS.items()}
    for each, (first, after) in found.items():
        print(
            f"  {each:<22} first {first:7.1f} ms   next {'–' if after is None else f'{after:7.1f} ms'}"
        )
    worst_filter = max(first for first, _ in found.values())
    worst_next = max(after for _, after in found.values() if after is not None)
    fine = found["all"][0] <= FIRST_MS and worst_next <= NEXT_MS and worst_filter <= FILTER_MS
    return stage.verdict("desk", fine, records=arguments.records, filled_s=filled, first_ms=found["all"][0], worst_next_ms=worst_next, worst_filter_ms=worst_filter)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
