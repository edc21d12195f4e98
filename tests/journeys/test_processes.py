"""Real second processes: killed, restarted, and two gateways on one PostgreSQL."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from auth.principal import Role
from auth.testing import AUDIENCE, ISSUER
from tests.builders.inspections import an_id, an_inspection
from tests.fixtures.gateway import SECRET
from tests.fixtures.ports import free_ports

ROOT = Path(__file__).parents[2]
BUSINESS = "91310115MA1YYY024Y"


class Process:
    """A gateway as an operator starts it."""

    def __init__(self, url, jwks_file, folder, issuer):
        self.port = free_ports()
        self.base = f"http://127.0.0.1:{self.port}"
        self.issuer = issuer
        environment = {
            **os.environ,
            "ONEVISIT_DATABASE_URL": url,
            "ONEVISIT_DRAIN_S": "0",
            "ONEVISIT_LOG_FORMAT": "text",
            "ONEVISIT_SECRET_KEY": SECRET,
            "ONEVISIT_PRINCIPALS": "claims",
            "ONEVISIT_ISSUER": ISSUER,
            "ONEVISIT_AUDIENCE": AUDIENCE,
            "ONEVISIT_JWKS_FILE": str(jwks_file),
            "ONEVISIT_EGRESS_ALLOW": "127.0.0.0/8",
            "ONEVISIT_EGRESS_ALLOW_HTTP": "true",
        }
        self.log = (folder / f"gateway-{self.port}.log").open("w+")
        arguments = [sys.executable, "-m", "app.cli.run", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            arguments, cwd=ROOT, env=environment, stdout=self.log, stderr=self.log
        )
        until = time.monotonic() + 30
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.base}/readyz", trust_env=False).is_success:
                    return
            assert time.monotonic() < until, "the gateway did not start"
            assert self.process.poll() is None, Path(self.log.name).read_text()
            time.sleep(0.05)

    def ask(self, method, path, subject, *roles, json=None, **claims):
        token = self.issuer.token(subject, *roles, **{"region": "000000", **claims})
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.request(
            method, self.base + path, headers=headers, json=json, trust_env=False, timeout=20
        )

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(timeout=20)
        self.log.close()


@pytest.fixture
def start(jwks_file, tmp_path, issuer):
    started = []

    def begin(url):
        started.append(Process(url, jwks_file, tmp_path, issuer))
        return started[-1]

    yield begin
    for process in started:
        if process.process.poll() is None:
            process.end()


def inspector(process, method, path, json=None):
    return process.ask(
        method,
        path,
        "inspector-1",
        Role.INSPECTOR,
        department="fire",
        certificate_no="ZJ-0001",
        json=json,
    )


def test_a_killed_gateway_loses_no_record_and_repeats_none(published_url, departments, start):
    first = start(published_url)
    task = {
        "business_id": BUSINESS,
        "assignees": ["inspector-1"],
        "basis": "plan 7",
    }
    task_id = first.ask("POST", "/v1/tasks", "leader-1", Role.TEAM_LEADER, json=task).json()["id"]
    departments.set("fire", "down")
    record_id, body = an_id(), an_inspection(task_id)
    answer = inspector(first, "PUT", f"/v1/inspections/{record_id}", body)
    assert answer.status_code == 201
    said = {"department": "food", "certificate_no": "ZJ-0002"}
    digest, path = {"digest": answer.json()["digest"]}, f"/v1/inspections/{record_id}:confirm"
    answer = first.ask("POST", path, "inspector-2", Role.INSPECTOR, json=digest, **said)
    assert answer.status_code == 200
    first.end(signal.SIGKILL)

    second = start(published_url)
    departments.set("fire", "ok")
    again = inspector(second, "PUT", f"/v1/inspections/{record_id}", body)
    assert (again.status_code, again.headers["replayed"]) == (200, "true")
    until = (
        time.monotonic() + 45
    )  # the killed process's lease on the outbox row has to run out first
    while time.monotonic() < until:
        record = inspector(second, "GET", f"/v1/inspections/{record_id}").json()
        if all(w["state"] == "delivered" for w in record["write_back"]):
            break
        time.sleep(0.2)
    assert {w["state"] for w in record["write_back"]} == {"delivered"}
    entries = second.ask(
        "GET", "/v1/audit/entries?event=inspections.record.submitted", "a", Role.AUDITOR
    ).json()["items"]
    assert [e["object_ref"] for e in entries] == [record_id]


class TestTwoGateways:
    @pytest.fixture
    def engine_name(self):
        return "postgresql"

    def sections(self, process):
        return set(
            inspector(process, "GET", f"/v1/profiles/{BUSINESS}?purpose=patrol").json()["sections"]
        )

    def until(self, condition):
        started = time.monotonic()
        while not condition():
            assert time.monotonic() - started < 20, "never effective"
            time.sleep(0.02)
        print(f"effective in the other process after {time.monotonic() - started:.2f} s")

    def test_what_one_does_the_other_learns_without_a_restart(
        self, published_url, departments, start
    ):
        one, two = start(published_url), start(published_url)
        reason = {"reason": "maintenance tonight"}
        manager = {"department": "health"}
        one.ask(
            "POST", "/v1/adapters/health:suspend", "m", Role.DATA_MANAGER, json=reason, **manager
        )
        self.until(lambda: "health" not in self.sections(two))
        two.ask(
            "POST", "/v1/adapters/health:resume", "m", Role.DATA_MANAGER, json=reason, **manager
        )
        self.until(lambda: "health" in self.sections(one))
        task = {
            "business_id": BUSINESS,
            "assignees": ["inspector-1"],
            "basis": "plan 7",
        }
        task_id = one.ask("POST", "/v1/tasks", "leader-1", Role.TEAM_LEADER, json=task).json()["id"]
        path = f"/v1/profiles/{BUSINESS}?purpose=inspection&task={task_id}"
        assert inspector(two, "GET", path).status_code == 200
        one.ask("POST", f"/v1/tasks/{task_id}:close", "leader-1", Role.TEAM_LEADER)
        self.until(lambda: inspector(two, "GET", path).status_code == 403)

    def test_both_taking_the_same_record_make_one(self, published_url, departments, start):
        one, two = start(published_url), start(published_url)
        task = {
            "business_id": BUSINESS,
            "assignees": ["inspector-1"],
            "basis": "plan 7",
        }
        task_id = one.ask("POST", "/v1/tasks", "leader-1", Role.TEAM_LEADER, json=task).json()["id"]
        record_id, body = an_id(), an_inspection(task_id)
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(8) as pool:
            path = f"/v1/inspections/{record_id}"
            answers = list(
                pool.map(lambda p: inspector(p, "PUT", path, body).status_code, [one, two] * 4)
            )
        assert sorted(answers) == [200] * 7 + [201]
        *records, _ = one.ask("GET", "/v1/records.ndjson", "s", Role.SUPERVISOR).text.splitlines()
        assert [json.loads(line)["id"] for line in records] == [record_id]
