"""A department answered this morning and is dead this afternoon: its stale answer is there, after many others, a restart and `kill -9`, in both processes."""

import itertools
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.fakes.world import World
from auth.principal import Role
from tests.journeys.test_processes import BUSINESS, Process

OTHERS = 8


@pytest.fixture
def start(jwks_file, tmp_path, issuer, monkeypatch):
    monkeypatch.setenv("ONEVISIT_DRAIN_S", "0")
    monkeypatch.setenv("ONEVISIT_RATE_PER_SECOND", "0")
    monkeypatch.setenv("ONEVISIT_CALLS_PER_SECOND", "0")
    started = []

    def begin(url):
        started.append(Process(url, jwks_file, tmp_path, issuer))
        return started[-1]

    yield begin
    for process in started:
        if process.process.poll() is None:
            process.end()


def fire(process, business=BUSINESS):
    answer = process.ask(
        "GET",
        f"/v1/profiles/{business}?purpose=patrol",
        "patroller-1",
        Role.PATROLLER,
        department="urban_management",
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["sections"]["fire"]


def test_what_a_department_said_last_outlives_everything(published_url, departments, start):
    first = start(published_url)
    told = fire(first)
    assert told["outcome"] == "fresh"
    world = World(1, 300, datetime.now(UTC).date())
    for business in itertools.islice(world.generated, OTHERS):
        fire(first, business.business_id)
    time.sleep(1.5)  # two turns of who writes them
    first.end(signal.SIGKILL)
    departments.set("fire", "down")
    second = start(published_url)
    known = fire(second)
    assert (known["outcome"], known["data"]) == ("stale", told["data"])
    assert known["fetched_at"] == told["fetched_at"]
    processes = [second]
    if not published_url.startswith("sqlite"):  # SQLite serves one process
        processes.append(start(published_url))
    for process in processes:
        departments.set("fire", "hang")
        assert fire(process)["outcome"] == "stale"
    departments.set("fire", "ok")
    for process in processes:
        process.end()
        log = Path(process.log.name).read_text()
        assert "Traceback" not in log, log
