"""The promises: no drift, valid documents, examples that run, and a gateway that keeps its word under fuzz."""

import asyncio
import contextlib
import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import schemathesis
import uvicorn
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from adapters.conformance import suite
from app.cli.openapi import department_document, gateway_document
from app.main import create_app
from auth.principal import Role
from tests.builders.inspections import an_id, an_inspection
from tests.fixtures.contract import LINES, validator_of
from tests.fixtures.gateway import running
from tests.fixtures.gateway import settings as gateway_settings

ROOT = Path(__file__).parents[2]
DOCUMENT = json.loads((ROOT / "openapi/gateway.v1.json").read_text())
OPERATIONS = sorted(
    (o["operationId"], m, p) for p, item in DOCUMENT["paths"].items() for m, o in item.items()
)


def test_the_committed_documents_are_what_the_code_says():
    assert (ROOT / "openapi/gateway.v1.json").read_text() == gateway_document()
    assert (ROOT / "openapi/department-adapter.v1.yaml").read_text() == department_document()


def test_both_documents_are_valid():
    validate(DOCUMENT)
    department = yaml.safe_load((ROOT / "openapi/department-adapter.v1.yaml").read_text())
    validate(department)
    assert (DOCUMENT["openapi"], department["openapi"]) == ("3.1.0", "3.1.0")


def test_every_refusal_is_a_problem_document():
    for path, item in DOCUMENT["paths"].items():
        for operation in item.values():
            for status, response in operation["responses"].items():
                if status.startswith(("4", "5")):
                    assert "application/problem+json" in response["content"], (path, status)


def test_the_problem_catalogue_is_written_down():
    from app.core.texts import all_codes

    readme = (ROOT / "openapi/README.md").read_text()
    assert [c for c in all_codes() if f"`{c}`" not in readme] == []


def test_the_contract_of_departments_names_what_the_suite_examines():
    document = yaml.safe_load((ROOT / "openapi/department-adapter.v1.yaml").read_text())
    assert {"/v1/search", "/v1/resolve-qr", "/v1/results", "/v1/aggregate"} <= set(
        document["paths"]
    )
    assert suite.CONTRACT == "department-adapter.v1"


def fits(expected, actual, where=""):
    """Whether an example's answer is contained in the real one; `*` stands for any value."""
    if expected == "*":
        assert actual is not None, where
    elif isinstance(expected, dict):
        for key, value in expected.items():
            assert key in actual, f"{where}/{key}"
            fits(value, actual[key], f"{where}/{key}")
    elif isinstance(expected, list):
        assert len(actual) >= len(expected), where
        for index, value in enumerate(expected):
            fits(value, actual[index], f"{where}/{index}")
    else:
        assert expected == actual, where


def filled(value, known):
    if isinstance(value, str):
        for name, text in known.items():
            value = value.replace("{" + name + "}", text)
        return value
    if isinstance(value, dict):
        return {k: filled(v, known) for k, v in value.items()}
    return [filled(v, known) for v in value] if isinstance(value, list) else value


def at(value, path):
    """What stands at `items.0.id`."""
    for part in path.split("."):
        value = value[int(part) if isinstance(value, list) else part]
    return value


ANSWERS = ROOT / "openapi/examples/answers"
SHOWN_LINES = 3
RECORD = "ONEVISIT_RECORD_EXAMPLES"
"""Set by `make examples`: what the examples receive is written down, instead of compared."""


def seen(example, body, response):
    """What was asked and answered, as the document shows it."""
    media_type = response.headers.get("content-type", "").split(";")[0]
    if media_type in LINES or media_type.startswith("text/"):
        value = "\n".join(response.text.splitlines()[:SHOWN_LINES]) + "\n"
    else:
        value = shortened(response.json()) if response.content else None
    return {
        "request": body if body is not None else example.get("form"),
        "status": example["status"],
        "media_type": media_type,
        "response": without_secrets(value),
    }


def without_secrets(value):
    """What signs somebody on is shown to nobody."""
    if not isinstance(value, dict):
        return value
    return {k: "…" if k in SECRETS_TOLD else v for k, v in value.items()}


def shortened(value):
    """A list as long as needed to see how it goes on."""
    if isinstance(value, list):
        return value[:SHOWN_LINES]
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        return {**value, "items": value["items"][:1]}
    return value


def same_keys(operation, answer):
    """A recorded answer has the keys of today's; or it is written anew."""
    path = ANSWERS / f"{operation}.json"
    if os.environ.get(RECORD):
        ANSWERS.mkdir(exist_ok=True)
        path.write_text(json.dumps(answer, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["status"] == answer["status"], operation
    assert written["media_type"] == answer["media_type"], operation
    if isinstance(answer["response"], dict):
        assert sorted(written["response"]) == sorted(answer["response"]), operation


SECRETS_TOLD = {"access_token", "link", "secret"}
EXAMPLES = sorted((ROOT / "openapi/examples").glob("*.json"))


class TestExamples:
    @pytest.fixture
    def engine_name(self):
        return "sqlite"

    @pytest.fixture
    async def city(self, published_url, departments, settings_for, issuer):
        configured = settings_for(published_url, public_url="http://gateway")
        async with running(configured, issuer) as found:
            yield found

    @pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
    async def test_examples_run_as_written(self, path, city, departments):
        known = {
            "new_id": an_id(),
            "health_url": departments.addresses["health"],
            "system_url": departments.control,
        }
        callers = {
            "inspector": city.inspector,
            "leader": city.leader,
            "colleague": city.caller(
                "inspector-2", Role.INSPECTOR, department="food", certificate_no="ZJ-0002"
            ),
            "second_leader": city.caller("leader-2", Role.TEAM_LEADER, department="fire"),
            "coordinator": city.coordinator,
            "supervisor": city.supervisor,
            "auditor": city.auditor,
            "department": city.manager("culture"),
            "system": city.caller("system-1", Role.SYSTEM_ADMINISTRATOR),
            "security": city.caller("security-1", Role.SECURITY_ADMINISTRATOR),
            "fire_manager": city.manager("fire"),
            "tax_manager": city.manager("tax"),
            "emergency_manager": city.manager("emergency"),
            "statistics_manager": city.manager("statistics"),
            "analyst": city.caller(
                "analyst-1", Role.ANALYST, department="statistics", region="330100"
            ),
            "anonymous": city.client(),
        }
        known["tomorrow"] = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        recorded = {}
        for example in json.loads(path.read_text()):
            known["now"] = an_inspection("x")["visit_started_at"]
            for department, mode in example.get("departments", {}).items():
                departments.set(department, mode)
            body = filled(example.get("request"), known)
            path_filled = filled(example["path"], known)
            async with asyncio.timeout(20):
                while True:
                    form = filled(example["form"], known) if "form" in example else None
                    sent = {"json": body, "data": form}
                    if isinstance(body, str):
                        sent = {"content": body, "headers": {"Content-Type": "text/csv"}}
                    response = await callers[example["as"]].request(
                        example["method"], path_filled, **sent
                    )
                    until = example.get("until")
                    if until is None or all(response.json().get(k) == v for k, v in until.items()):
                        break
                    await asyncio.sleep(0.05)
            assert response.status_code == example["status"], (example["operation"], response.text)
            recorded[example["operation"]] = seen(example, body, response)
            if "response" in example:
                fits(filled(example["response"], known), response.json(), example["operation"])
            for name, field in example.get("save", {}).items():
                known[name] = at(response.json(), field)
        for operation, answer in recorded.items():
            same_keys(operation, answer)

    @pytest.mark.parametrize("path", sorted(ANSWERS.glob("*.json")), ids=lambda p: p.stem)
    def test_what_was_recorded_is_as_the_document_says(self, path):
        recorded = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(recorded["response"], dict | list):
            validator = validator_of(path.stem, str(recorded["status"]), recorded["media_type"])
            assert [e.message for e in validator.iter_errors(recorded["response"])] == []

    def test_every_operation_has_an_example(self):
        shown = {e["operation"] for path in EXAMPLES for e in json.loads(path.read_text())}
        assert shown == {operation for operation, _, _ in OPERATIONS}
        assert {path.stem for path in ANSWERS.glob("*.json")} == shown


@contextlib.contextmanager
def served(app):
    """The application behind a real uvicorn on a free port, in a thread of this process."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", http="httptools"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        threading.Event().wait(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory, jwks_file, departments_process, issuer):
    from tests.fixtures.databases import build_empty

    url = f"sqlite:///{tmp_path_factory.mktemp('fuzz') / 'fuzz.db'}"
    build_empty(url)
    with served(create_app(gateway_settings(url, jwks_file))) as base:
        schema = schemathesis.openapi.from_dict(DOCUMENT)
        schema.config.update(base_url=base)
        yield base, issuer, schema


ROLES = (
    Role.INSPECTOR,
    Role.TEAM_LEADER,
    Role.DATA_MANAGER,
    Role.COORDINATOR,
    Role.SUPERVISOR,
    Role.AUDITOR,
)
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o[0])
def test_no_undeclared_5xx_and_no_schema_violation_under_fuzz(operation, fuzzed):
    base, issuer, schema = fuzzed
    name, method, path = operation
    token = issuer.token("fuzz", *ROLES, department="culture", certificate_no="ZJ-0001")

    @settings(max_examples=8, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
    @given(schema[path][method.upper()].as_strategy())
    def fuzz(case):
        response = case.call(headers={"Authorization": f"Bearer {token}"}, timeout=20)
        # 503 is declared where departments or the trace may be away: it must be a document, not a crash.
        checks = [
            c for c in CHECKS if not (c is not_a_server_error and response.status_code == 503)
        ]
        case.validate_response(response, checks=checks)

    fuzz()
    assert httpx.get(f"{base}/livez", trust_env=False).status_code == 200
