"""One line an event, nothing in it that belongs to a person, repetitions counted."""

import io
import json
import logging

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core import logs
from app.core.logs import configure, redacted

CANARIES = (
    "330106199001011234", "33010619900101123X", "13812345678", "330106900101123",
    "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2ln", "hunter2-the-password", "a-key-of-a-department",
)  # fmt: skip


@pytest.fixture
def written():
    root = logging.getLogger()
    before = root.handlers, root.level
    stream = io.StringIO()
    configure("json", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = before


@pytest.mark.parametrize(
    "told",
    [
        "officer 330106199001011234 asked", "33010619900101123X", "call 13812345678", "old 330106900101123 number",
        "Authorization: Bearer eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2ln", "token eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2ln",
        "postgresql+psycopg://user:hunter2-the-password@db/x", '{"api_key": "a-key-of-a-department"}',
        "password=hunter2-the-password",
    ],
)  # fmt: skip
def test_what_belongs_to_a_person_or_opens_a_door_is_not_told(told):
    assert not any(canary in redacted(told) for canary in CANARIES)


@pytest.mark.parametrize(
    "told", ["91310115MA1YYY024Y", "revision 0010", "took 1234 ms", "port 15432"]
)
def test_what_an_operator_needs_stays(told):
    assert redacted(told) == told


def test_a_line_says_when_what_and_whose(written):
    logging.getLogger("onevisit.x").warning(
        "odd", extra={"trace_id": "ab" * 16, "route": "/v1/x", "status": 500, "unit": "fire/330106"}
    )
    (line,) = written()
    assert (line["level"], line["logger"], line["message"]) == ("warning", "onevisit.x", "odd")
    assert (line["trace_id"], line["route"], line["status"]) == ("ab" * 16, "/v1/x", 500)
    assert line["time"].endswith("Z")


def test_repeated_failures_are_one_line_with_a_count(written, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(logs.time, "monotonic", lambda: now[0])
    log = logging.getLogger("onevisit.x")
    for number in range(500):
        log.warning("department %d does not answer", number)
    now[0] += 11
    log.warning("department %d does not answer", 1)
    log.info("quiet")
    log.info("quiet")
    told = [(line["message"], line.get("repeated")) for line in written()]
    assert told == [
        ("department 0 does not answer", None),
        ("department 1 does not answer", 499),
        ("quiet", None),
        ("quiet", None),
    ]


def test_an_error_of_the_database_tells_no_row(written, database):
    insert = text("insert into audit_probes (id, at) values (:id, :at)")
    row = {"id": "a-key-of-a-department", "at": "2026-11-27"}
    with database.write() as session:
        session.connection().execute(insert, row)
    try:
        with database.write() as session:
            session.connection().execute(insert, row)
    except IntegrityError:
        logging.getLogger("onevisit.x").exception("it failed")
    (line,) = [line for line in written() if line["logger"] == "onevisit.x"]
    assert "IntegrityError" in line["stack"]
    assert "a-key-of-a-department" not in json.dumps(line)


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_text_makes_a_line_of_its_own(form):
    root = logging.getLogger()
    before, stream = (root.handlers, root.level), io.StringIO()
    configure(form, stream)
    logging.getLogger("onevisit.x").warning(
        "odd %s", "a\n12:00:00 ERROR onevisit.audit  forged\r\nb"
    )
    root.handlers, root.level = before
    assert len(stream.getvalue().splitlines()) == 1


def fail(log, words, **extra):
    error = RuntimeError(words)
    log.error("request failed", extra=extra, exc_info=error)


def test_each_id_that_an_officer_reads_aloud_is_found(written):
    log = logging.getLogger("onevisit.x")
    for number in range(3):
        fail(log, "odd", trace_id=f"{number:032d}", route="/v1/x")
    told = [(line["trace_id"][-1], "stack" in line) for line in written()]
    assert told == [("0", True), ("1", False), ("2", False)]


def test_two_faults_of_one_class_are_two(written):
    log = logging.getLogger("onevisit.x")
    for route in ("/v1/x", "/v1/y"):
        fail(log, route, route=route)
    assert [line["error"] for line in written()] == ["RuntimeError: /v1/x", "RuntimeError: /v1/y"]


def test_what_a_database_says_of_a_row_is_cut_to_its_end():
    told = "ValueError: x\nDETAIL:  Failing row contains (a note\nover two lines, 1).\nTraceback (most recent call last):\n  y"
    record = logging.LogRecord("x", logging.ERROR, "f", 1, told, (), None)
    assert "over two lines" not in logs.TextLines().format(record)
    assert "Traceback" in logs.TextLines().format(record)


async def test_an_unforeseen_failure_is_found_by_its_trace_id(written, gateway, monkeypatch):
    def broken(*_arguments, **_more):
        raise RuntimeError("nobody foresaw this of 330106199001011234")

    monkeypatch.setattr("app.tasks.service.list_tasks", broken)
    answer = await gateway.inspector.get("/v1/tasks")
    assert answer.status_code == 500
    lines = [line for line in written() if line.get("trace_id") == answer.json()["trace_id"]]
    assert [line["error"] for line in lines] == ["RuntimeError: nobody foresaw this of [number]"]
    assert lines[0]["route"] == "/v1/tasks"
