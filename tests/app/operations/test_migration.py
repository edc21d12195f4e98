"""Examinations of before are operations now, and nothing of them is lost."""

from sqlalchemy import text

from app.core import schema
from app.operations import repository, service
from auth.scope import EVERYTHING

AT = "2026-01-01 00:00:00.000000+00:00"
ADAPTER = (
    "insert into adapters (id, department, section, state, version, suspended, held, created_at, "
    "updated_at) values ('a', 'fire', 'fire', 'verified', 1, :no, :no, :at, :at)"
)
EXAMINATION = (
    "insert into examinations (id, adapter_id, version, only_case, state, cases_done, cases_total, "
    "passed, report, requested_by, created_at) values "
    "(:id, 'a', 1, :case, :state, 1, 3, :passed, :report, 'w', :at)"
)


def test_examinations_move(database):
    schema.migrate(database, "0005")
    rows = [
        {"id": "1", "case": None, "state": "done", "passed": True, "report": '{"cases": []}'},
        {"id": "2", "case": "is_stable", "state": "done", "passed": False, "report": "{}"},
        {"id": "3", "case": None, "state": "running", "passed": None, "report": None},
    ]
    with database.write() as session:
        session.connection().execute(text(ADAPTER), {"at": AT, "no": False})
        for row in rows:
            session.connection().execute(text(EXAMINATION), row | {"at": AT})
    schema.migrate(database, "head")
    with database.read() as session:
        found = [
            (row.id, row.kind, row.key, row.state, row.result)
            for row in repository.latest(session, EVERYTHING, limit=9)
        ]
        passed = service.latest_result(session, kind="adapter.verify", key="a@1")
    assert found == [
        ("3", "adapter.verify", "a@1", "pending", None),
        ("2", "adapter.verify_case", "a@1", "done", {"passed": False, "report": {}}),
        ("1", "adapter.verify", "a@1", "done", {"passed": True, "report": {"cases": []}}),
    ]
    assert passed == {"passed": True, "report": {"cases": []}}
