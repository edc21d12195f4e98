"""Transactions, sessions and peeks on both engines."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app.core.db import Database
from app.core.schema import current_revision, expected_revision, migrate
from app.core.settings import SettingsError
from app.core.snapshots import Revision, Snapshot, Snapshots, bump
from app.organisations.models import Person

KEPT_FOR_ONE_RELEASE = {"officers", "agreements"}
"""Nothing here reads them; releases of before may still run beside this one."""


def is_ours(name, kind, parents):
    return (name if kind == "table" else parents.get("table_name")) not in KEPT_FOR_ONE_RELEASE


class TestDatabase:
    def test_a_failed_transaction_leaves_nothing(self, database):
        with pytest.raises(RuntimeError), database.write() as session:
            session.add(Revision(name="x", number=1))
            raise RuntimeError
        with database.read() as session:
            assert session.get(Revision, "x") is None

    def test_many_writers_lose_no_update(self, database):
        def add():
            for _ in range(10):
                with database.write() as session:
                    bump(session, "counter")

        with database.write() as session:
            bump(session, "counter")
        threads = [threading.Thread(target=add) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with database.read() as session:
            assert session.get(Revision, "counter").number == 81

    def test_migrations_go_down_and_up_again(self, database):
        assert current_revision(database) == expected_revision()
        migrate(database, "base")
        assert current_revision(database) is None
        migrate(database, "0003")
        migrate(database)
        assert current_revision(database) == expected_revision()

    def test_the_version_is_told_and_a_memory_database_refused(self, database):
        assert database.version.startswith(("SQLite 3.", "PostgreSQL 18"))
        with pytest.raises(SettingsError):
            Database("sqlite:///:memory:")

    def test_models_and_migrations_agree(self, database):
        from alembic.autogenerate import compare_metadata
        from alembic.migration import MigrationContext
        from sqlmodel import SQLModel

        with database.engine.connect() as connection:
            opts = {"compare_type": True, "include_name": is_ours}
            context = MigrationContext.configure(connection, opts=opts)
            assert compare_metadata(context, SQLModel.metadata) == []
        assert Person.__tablename__ in SQLModel.metadata.tables


class TestPeeks:
    QUESTION = (
        "select name from revisions where name = 'things' and cast(? as varchar(40)) is not null"
    )

    def test_a_peek_sees_what_is_committed_and_holds_no_transaction_open(self, database):
        now = datetime.now(UTC)
        assert database.peek(self.QUESTION, now) == []
        with database.write() as session:
            bump(session, "things")
            assert database.peek(self.QUESTION, now) == []
        assert [tuple(row) for row in database.peek(self.QUESTION, now)] == [("things",)]

    def test_a_failed_peek_costs_only_itself(self, database):
        with pytest.raises(Exception) as caught:
            database.peek("select 1 from nowhere")
        assert "nowhere" in str(caught.value.__cause__ or caught.value)
        assert [tuple(row) for row in database.peek("select 1")] == [(1,)]

    def test_a_connection_that_the_server_ended_is_replaced(self, database):
        database.peek("select 1")
        if not database.is_sqlite:
            with database.engine.connect() as connection:
                ending = "select pg_terminate_backend(pid) from pg_stat_activity where query = 'select 1' and state = 'idle'"
                assert connection.execute(text(ending)).all() == [(True,)]
        assert [tuple(row) for row in database.peek("select 1")] == [(1,)]

    @pytest.mark.parametrize("engine_name", ["postgresql"])  # SQLite's readers never wait
    def test_one_question_never_waits_for_another(self, database):
        """A table that somebody holds costs only those who ask for it."""
        snapshots = Snapshots(database)
        snapshots.add(Snapshot("things", lambda _session: 1, 0))
        held, stuck = threading.Event(), "select 1 from deliveries limit 1"
        with database.engine.connect() as holder:
            holder.execute(text("lock table deliveries in access exclusive mode"))
            waiting = threading.Thread(target=lambda: (database.peek(stuck), held.set()))
            waiting.start()
            waiting.join(0.2)
            assert waiting.is_alive()
            assert snapshots.refresh() == ["things"]
            assert not held.is_set()
            holder.rollback()
            waiting.join(5)
        assert held.is_set()
