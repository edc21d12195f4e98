"""Numbers are given in the order of visibility: who resumes behind one misses nothing."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.audit import repository
from app.audit.events import Event
from app.audit.models import ENTRIES
from app.audit.service import Trail
from app.core.clock import SystemClock
from app.core.keys import Keyring
from auth.scope import EVERYTHING, NATION

TRAIL = Trail(Keyring(b"secret"), SystemClock())
CHANGE = "update audit_entries set %s"
ON_POSTGRESQL = pytest.mark.parametrize("engine_name", ["postgresql"])


def append(session, name):
    TRAIL.append(session, Event("a.b.c", actor=name, object_ref=name))


def read(database, after=0):
    with database.read() as session:
        wanted = repository.EntriesWanted()
        rows = repository.page(session, EVERYTHING, wanted, nameless=NATION, after=after, limit=100)
    return [(number, row.body.partition('"object_ref":"')[2][:1]) for number, row in rows]


def test_each_entry_has_the_next_number(database):
    for name in "abc":
        with database.write() as session:
            append(session, name)
    ENTRIES.number(database)
    assert read(database) == [(1, "a"), (2, "b"), (3, "c")]
    assert read(database, after=2) == [(3, "c")]
    assert not ENTRIES.waits(database)


@ON_POSTGRESQL
class TestBesideEachOther:
    def test_what_comes_to_light_later_has_a_later_number(self, database):
        with database.write() as slow:
            append(slow, "s")
            with database.write() as quick:
                append(quick, "q")
            assert ENTRIES.number(database) == 0, "the slow one is older, and may still come"
            assert read(database) == []
        assert ENTRIES.number(database) == 2
        assert read(database) == [(1, "s"), (2, "q")]

    def test_rows_that_were_restored_from_another_server_are_numbered(self, database):
        """A dump of a running gateway holds rows without a number, with a transaction of another server."""
        insert = (
            "insert into audit_entries (id, at, event, subject_ref, body, txid) "
            "values ('restored', now(), 'a.b.c', '', '{}', 1000000000000)"
        )
        with database.write() as session:
            session.connection().execute(text(insert))
        with database.write() as session:
            append(session, "a")
        assert ENTRIES.number(database) == 2
        assert not ENTRIES.waits(database)

    def test_one_at_a_time_and_the_others_pass(self, database):
        with database.write() as session:
            append(session, "a")
        with database.write() as holder:
            holder.connection().execute(
                text("select last from numberings where name = 'audit_entries' for update")
            )
            assert ENTRIES.number(database) == 0
        assert ENTRIES.number(database) == 1

    def test_many_writers_and_several_who_number_leave_no_gap(self, database):
        def write():
            for _ in range(20):
                with database.write() as session:
                    append(session, "w")
                ENTRIES.number(database)

        threads = [threading.Thread(target=write) for _ in range(6)]
        for thread in threads:
            thread.start()
        seen, last = [], 0
        while any(t.is_alive() for t in threads) or ENTRIES.waits(database):
            ENTRIES.number(database)
            for number, _ in read(database, after=last):
                seen.append(number)
                last = number
        seen += [number for number, _ in read(database, after=last)]
        assert seen == list(range(1, 121)), "a reader who resumed missed nothing"

    def test_an_entry_is_numbered_once_and_changed_in_nothing_else(self, database):
        with database.write() as session:
            append(session, "a")
        for change in ("event = 'x', number = 1", "number = 1, body = '{}'", "event = 'x'"):
            with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
                session.connection().execute(text(CHANGE % change))
        assert ENTRIES.number(database) == 1
        for change in ("number = 7", "number = null"):
            with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
                session.connection().execute(text(CHANGE % change))
