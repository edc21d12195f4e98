"""Every wait on PostgreSQL has a bound of ours, whatever the server or another process does."""

import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from app.core.db import Database, DatabaseBusy
from app.core.lock import FairLock
from app.core.postgres import Waits
from tests.campaigns.servers import Way, socket_of

ON_POSTGRESQL = pytest.mark.parametrize("engine_name", ["postgresql"])


@pytest.fixture
def way(postgres):
    with Way(socket_of(postgres)) as found:
        yield found


def over(way, database_url, **more):
    name = database_url.partition("?")[0].rpartition("/")[2]
    return Database(
        f"postgresql+psycopg://postgres@127.0.0.1:{way.port}/{name}", Waits(statement_s=1.0, **more)
    )


@ON_POSTGRESQL
class TestBounds:
    def test_a_server_that_says_nothing_is_given_up_and_found_again(self, way, database_url):
        database = over(way, database_url)
        assert database.peek("select 1")[0][0] == 1
        way.set("silent")
        for ask in (
            lambda: database.peek("select 1"),
            lambda: database.version,
        ):
            began = time.monotonic()
            with pytest.raises(Exception, match=r"(?i)timeout|closed|expired|wait"):
                ask()
            assert time.monotonic() - began < 8
        way.set("pass")
        assert database.peek("select 1")[0][0] == 1
        assert database.version.startswith("PostgreSQL")
        database.dispose()

    def test_a_lock_that_somebody_holds_is_waited_for_less_than_three_seconds(self, database):
        with database.write() as session:
            session.connection().execute(text("lock table tasks in access exclusive mode"))
            began = time.monotonic()
            with pytest.raises(OperationalError, match="lock timeout"), database.read() as other:
                other.connection().execute(text("select * from tasks"))
            assert time.monotonic() - began < 4

    def test_a_long_statement_is_ended(self, way, database_url):
        database = over(way, database_url)
        with pytest.raises(OperationalError, match="statement timeout"), database.read() as session:
            session.connection().execute(text("select pg_sleep(20)"))
        database.dispose()

    def test_behind_a_pooler_the_bounds_come_with_each_transaction(self, way, database_url):
        database = over(way, database_url, pooled=True)
        assert "options" not in database.bounds.connect_args
        with database.read() as session:
            told = session.connection().execute(text("show statement_timeout")).scalar_one()
        assert told == "1s"
        database.dispose()

    def test_so_many_connections_and_no_more(self, way, database_url):
        database = over(way, database_url, connections=4)
        held = [database.engine.connect() for _ in range(4)]
        assert database.connections_used == 4
        began = time.monotonic()
        with pytest.raises(NoConnection):
            database.engine.connect()
        assert time.monotonic() - began < 6
        for connection in held:
            connection.close()
        database.dispose()


def test_a_writer_waits_for_its_turn_no_longer_than_its_bound(monkeypatch, tmp_path):
    monkeypatch.setattr("app.core.db.LONGEST_TURN_SECONDS", 0.05)
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    with database.turn():
        with pytest.raises(DatabaseBusy), database.write():
            pass
        assert database.lock.is_held
    with database.write():
        pass
    database.dispose()


async def test_a_request_waits_for_its_turn_no_longer_than_its_bound(monkeypatch, tmp_path):
    monkeypatch.setattr("app.core.db._LONGEST_QUEUE_SECONDS", 0.05)
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    with database.turn(), pytest.raises(DatabaseBusy):
        async with database.turn_async():
            pass
    async with database.turn_async(), database.reading_async():
        assert database.lock.is_held
    assert not database.lock.is_held
    database.dispose()


def test_a_turn_that_comes_too_late_goes_to_the_next():
    lock = FairLock()
    assert lock.acquire()
    assert not lock.acquire(0.01)
    lock.release()
    assert not lock.is_held
    assert lock.acquire(0.01)
