"""`make demo`: mock departments and gateway as processes of their own, everything through the
public API.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from adapters.fakes.departments import SECRETS, manifest_of
from app.cli import enrolling, furnishing, signing
from app.cli.door import Door
from app.cli.screen import Screen
from app.cli.server import port_is_free
from app.core import schema
from app.core.db import Database
from auth.principal import Role
from auth.testing import AUDIENCE, ISSUER, LocalIssuer

HOST = "127.0.0.1"
FOLDER = Path(".demo")
BUSINESS = "91330106MA2YYY034D"
BROKEN = {"human_resources": "down", "fire": "hang", "ecology": "garbage"}
_START_SECONDS = 30.0
_RECEIPT_SECONDS = 10.0
_AT_ONCE = 7


class DemoFailed(Exception):
    """The demo cannot go on; the message is a sentence for a person."""


def run(*, once: bool, port: int, departments_port: int, businesses: int) -> int:
    """Exit status 0 when both profiles were shown; everything started is ended again."""
    screen = Screen()
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # ended politely or by Ctrl-C, it ends what it started
    try:
        with _stage(screen, port, departments_port, businesses) as (issuer, departments, control):
            gateway = f"http://{HOST}:{port}"
            path = _play(screen, gateway, issuer, departments, control)
            if not once:
                furnishing.furnish(gateway, issuer, departments, businesses)
                screen.invitation(gateway, path, FOLDER, control)
                screen.links(enrolling.links(gateway, issuer))
                screen.stay()
                signal.pause()
    except DemoFailed as error:
        screen.failed(str(error))
        return 1
    except KeyboardInterrupt:
        screen.line("stopped")
    return 0


@contextmanager
def _stage(
    screen: Screen, port: int, departments_port: int, businesses: int
) -> Iterator[tuple[LocalIssuer, dict[str, str], str]]:
    """Database, departments and gateway, up and running."""
    screen.done(f"Python {sys.version.split()[0]}")
    if not port_is_free(HOST, port):
        raise DemoFailed(
            f"Port {port} is taken. Stop what listens there, or try: .venv/bin/onevisit "
            f"demo --port {port + 10}"
        )
    if departments_port == port or not all(
        port_is_free(HOST, departments_port + i) for i in range(14)
    ):
        last = departments_port + 13
        raise DemoFailed(
            f"Ports {departments_port} to {last} must be free for the mock departments. "
            f"Stop what listens there, or try: .venv/bin/onevisit demo --departments-port "
            f"{departments_port + 100}"
        )
    FOLDER.mkdir(exist_ok=True)
    issuer = LocalIssuer()
    url = _fresh_database(screen)
    (FOLDER / "jwks.json").write_text(json.dumps(issuer.jwks), encoding="utf-8")
    arguments = ["--port", str(departments_port), "--businesses", str(businesses)]
    with (
        _process(["-m", "adapters.fakes.server", *arguments], {}, "departments") as departments,
        _process(
            ["-m", "app.cli.run", "serve", "--port", str(port)], _environment(url, port), "gateway"
        ) as gateway,
    ):
        ready = _first_line(departments)
        screen.done(
            f"{len(ready['departments'])} departments listening on "
            f"{HOST}:{departments_port}-{departments_port + 12}"
        )
        _wait_for_gateway(gateway, port)
        screen.done(f"gateway on http://{HOST}:{port}")
        yield issuer, ready["departments"], ready["control"]


def _fresh_database(screen: Screen) -> str:
    for name in ("onevisit.db", "onevisit.db-wal", "onevisit.db-shm"):
        (FOLDER / name).unlink(missing_ok=True)
    url = f"sqlite:///{FOLDER / 'onevisit.db'}"
    database = Database(url)
    schema.migrate(database)
    screen.done(f"database migrated ({database.version})")
    database.dispose()
    return url


def _environment(url: str, port: int) -> dict[str, str]:
    return {
        "ONEVISIT_DATABASE_URL": url,
        "ONEVISIT_PRINCIPALS": "claims",  # its people are as the demo's own issuer says
        "ONEVISIT_REGION": "330100",
        "ONEVISIT_DRAIN_S": "0",  # no balancer looks away from a demo
        "ONEVISIT_LOG_FORMAT": "text",
        "ONEVISIT_SECRET_KEY": secrets.token_urlsafe(48),
        "ONEVISIT_ISSUER": ISSUER,
        "ONEVISIT_AUDIENCE": AUDIENCE,
        "ONEVISIT_PUBLIC_URL": f"http://{HOST}:{port}",
        "ONEVISIT_JWKS_FILE": str(FOLDER / "jwks.json"),
        "ONEVISIT_EGRESS_ALLOW": "127.0.0.0/8",
        "ONEVISIT_EGRESS_ALLOW_HTTP": "true",
    }


@contextmanager
def _process(
    arguments: list[str], environment: dict[str, str], name: str
) -> Iterator[subprocess.Popen[str]]:
    with (FOLDER / f"{name}.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(  # noqa: S603 - our own modules, no shell
            [sys.executable, *arguments],
            stdout=subprocess.PIPE if name == "departments" else log,
            stderr=log,
            env={**os.environ, **environment},
            text=True,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _first_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    line = process.stdout.readline() if process.stdout is not None else ""
    if not line:
        raise DemoFailed(
            f"The mock departments did not start; {FOLDER / 'departments.log'} says why."
        )
    ready: dict[str, Any] = json.loads(line)
    return ready


def _wait_for_gateway(process: subprocess.Popen[str], port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < until and process.poll() is None:
            try:
                if client.get(f"http://{HOST}:{port}/readyz").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
    raise DemoFailed(f"The gateway did not start; {FOLDER / 'gateway.log'} says why.")


def _play(
    screen: Screen, gateway: str, issuer: LocalIssuer, departments: dict[str, str], control: str
) -> str:
    """The main job twice, the second time with broken departments; gives what was looked up."""
    doors = _people(gateway, issuer)
    _publish(screen, gateway, issuer, departments)
    task = _task(doors)
    path = f"/v1/profiles/{BUSINESS}?purpose=inspection&task={task}"
    healthy = doors["inspector"].ask("GET", path)
    screen.profile("One check", healthy)
    _record(screen, doors["inspector"], doors["colleague"], task, healthy["etag"])
    _set_faults(control, BROKEN)
    broken = doors["inspector"].ask("GET", path, cache_control="no-cache")
    screen.profile(
        "A second check with " + ", ".join(f"{n} {m}" for n, m in BROKEN.items()), broken
    )
    _set_faults(control, dict.fromkeys(BROKEN, "ok"))
    signing.play(screen, gateway, issuer, doors["inspector"], (BUSINESS, task))
    return path


def _people(gateway: str, issuer: LocalIssuer) -> dict[str, Door]:
    """Doors for the people of the demo; their tokens lie in the demo's folder."""
    tokens = {
        "inspector": issuer.token(
            "inspector-wang",
            Role.INSPECTOR,
            department="fire",
            certificate_no="ZJ-0001",
            seconds=86400,
        ),
        "colleague": issuer.token(
            "inspector-li",
            Role.INSPECTOR,
            department="food",
            certificate_no="ZJ-0002",
            seconds=86400,
        ),
        "leader": issuer.token("leader-chen", Role.TEAM_LEADER, department="fire", seconds=86400),
        "coordinator": issuer.token("coordinator-lin", Role.COORDINATOR, seconds=86400),
        "supervisor": issuer.token("supervisor-zhao", Role.SUPERVISOR, seconds=86400),
        "auditor": issuer.token("auditor-qian", Role.AUDITOR, seconds=86400),
        "nation": issuer.token("coordinator-gu", Role.COORDINATOR, region="000000", seconds=86400),
        "system": issuer.token(
            "system-he", Role.SYSTEM_ADMINISTRATOR, region=signing.REGION, seconds=86400
        ),
        "security": issuer.token(
            "safety-lu", Role.SECURITY_ADMINISTRATOR, region=signing.REGION, seconds=86400
        ),
        "audit": issuer.token(
            "audit-shen", Role.AUDIT_ADMINISTRATOR, region=signing.REGION, seconds=86400
        ),
        "department": issuer.token(
            "manager-culture", Role.DATA_MANAGER, department="culture", seconds=86400
        ),
    }
    for name, token in tokens.items():
        path = FOLDER / f"{name}.token"
        path.touch(mode=0o600)
        path.write_text(token, encoding="utf-8")
    doors = {name: Door(gateway, token) for name, token in tokens.items()}
    for number, name, department in (("ZJ-0001", "王某", "fire"), ("ZJ-0002", "李某", "food")):
        officer = {
            "name": name,
            "department": department,
            "region": "330100",
            "valid_from": "2024-01-01",
            "valid_to": f"{datetime.now(UTC).year + 2}-12-31",
        }
        doors["coordinator"].ask("PUT", f"/v1/officers/{number}", officer)
    return doors


def _publish(
    screen: Screen, gateway: str, issuer: LocalIssuer, departments: dict[str, str]
) -> None:
    """Every department registers itself, is examined live, and is published by another person."""
    coordinator = Door(gateway, issuer.token("coordinator-lin", Role.COORDINATOR))

    def publish(name: str) -> str:
        manager = Door(gateway, issuer.token(f"manager-{name}", Role.DATA_MANAGER, department=name))
        manager.ask("POST", "/v1/adapters", manifest_of(name, departments[name]))
        if name in SECRETS:
            manager.ask("PUT", f"/v1/adapters/{name}/credentials", SECRETS[name])
        report = manager.examine(name)
        if not report["passed"]:
            raise DemoFailed(f"{name} did not pass: {json.dumps(report, ensure_ascii=False)}")
        manager.ask("POST", f"/v1/adapters/{name}:submit")
        coordinator.ask("POST", f"/v1/adapters/{name}:approve")
        return name

    with (
        ThreadPoolExecutor(_AT_ONCE) as pool,
        screen.progress("registering departments", len(departments)) as advance,
    ):
        for _ in pool.map(publish, departments):
            advance()
    screen.done(f"{len(departments)}/{len(departments)} verified, reviewed, published")


def _task(doors: dict[str, Door]) -> str:
    wanted = {
        "business_id": BUSINESS,
        "assignees": ["inspector-wang"],
        "basis": "2026 年度综合查一次计划第 7 号",
    }
    return str(doors["leader"].ask("POST", "/v1/tasks", wanted)["id"])


def _record(screen: Screen, inspector: Door, colleague: Door, task: str, etag: str) -> None:
    """One visit, recorded once and confirmed by the second officer; two departments receive it."""
    now = datetime.now(UTC)
    body = {
        "business_id": BUSINESS,
        "task": task,
        "visit_started_at": now.isoformat(),
        "visit_ended_at": (now + timedelta(seconds=1)).isoformat(),
        "officers": [{"certificate_no": "ZJ-0001"}, {"certificate_no": "ZJ-0002"}],
        "profile_etag": etag,
        "results": [
            {
                "department": "fire",
                "item_code": "FIRE-EXIT",
                "mode": "determined",
                "result": "nonconform",
                "note": "疏散通道堆物",
            },
            {
                "department": "food",
                "item_code": "FOOD-DISPLAY",
                "mode": "observed",
                "result": "conform",
            },
        ],
    }
    record_id = str(uuid.uuid4())
    record = inspector.ask("PUT", f"/v1/inspections/{record_id}", body)
    said = {"digest": record["digest"]}
    record = colleague.ask("POST", f"/v1/inspections/{record_id}:confirm", said)
    until = time.monotonic() + _RECEIPT_SECONDS
    while any(w["state"] == "pending" for w in record["write_back"]) and time.monotonic() < until:
        time.sleep(0.1)
        record = inspector.ask("GET", f"/v1/inspections/{record_id}")
    screen.receipts(record)


def _set_faults(control: str, modes: dict[str, str]) -> None:
    with httpx.Client(trust_env=False) as client:
        for name, mode in modes.items():
            client.put(f"{control}/faults/{name}", json={"mode": mode}).raise_for_status()
