"""The ground floor: lock, database, settings, cursors, snapshots, request context."""

import asyncio
import threading
import uuid
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import text

from app.core import problems
from app.core.context import RequestContext
from app.core.db import Database
from app.core.errors import CATALOGUE, CursorInvalid
from app.core.ids import new_id
from app.core.lock import FairLock
from app.core.pagination import decode_cursor, encode_cursor
from app.core.schema import current_revision, expected_revision, migrate
from app.core.settings import Settings, SettingsError
from app.core.snapshots import Revision, Snapshot, Snapshots, bump
from app.core.texts import TEXTS, all_codes, text_of
from app.main import create_app
from app.organisations.models import Officer
from tests.fixtures.gateway import settings


class TestLock:
    async def test_threads_and_coroutines_come_in_turn(self):
        lock = FairLock()
        order = []
        lock.acquire()

        async def coroutine(name):
            await lock.acquire_async()
            order.append(name)
            lock.release()

        def thread(name):
            lock.acquire()
            order.append(name)
            lock.release()

        tasks = []
        for index in range(6):
            if index % 2:
                started = threading.Thread(target=thread, args=(index,))
                started.start()
                tasks.append(asyncio.to_thread(started.join))
            else:
                tasks.append(asyncio.create_task(coroutine(index)))
            await asyncio.sleep(0.02)
        lock.release()
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(asyncio.wait_for(task, 5))
        assert order == list(range(6))

    async def test_a_cancelled_wait_does_not_lose_the_lock(self):
        lock = FairLock()
        lock.acquire()
        waiting = [asyncio.create_task(lock.acquire_async()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        lock.release()
        await asyncio.wait_for(waiting[1], 1)
        waiting[2].cancel()
        await asyncio.sleep(0)
        lock.release()
        await asyncio.wait_for(lock.acquire_async(), 1)
        lock.release()
        assert not lock._held

    async def test_a_wait_cancelled_just_as_it_is_granted_hands_on(self):
        lock = FairLock()
        lock.acquire()
        task = asyncio.create_task(lock.acquire_async())
        await asyncio.sleep(0)
        lock.release()
        task.cancel()
        await asyncio.wait([task])
        await asyncio.wait_for(lock.acquire_async(), 1)
        lock.release()
        assert not lock._held


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
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, SQLModel.metadata) == []
        assert Officer.__tablename__ in SQLModel.metadata.tables


class TestSettings:
    def test_production_refuses_to_start_unconfigured_and_names_everything(self):
        with pytest.raises(SettingsError) as caught:
            create_app(Settings())
        for name in (
            "ONEVISIT_SECRET_KEY",
            "ONEVISIT_ISSUER",
            "ONEVISIT_AUDIENCE",
            "ONEVISIT_JWKS_FILE",
        ):
            assert name in str(caught.value)

    @pytest.mark.parametrize(
        "more",
        [
            {"secret_key": "short"},
            {"workers": 2, "database_url": "sqlite:///x.db"},
            {"jwks_file": None},
        ],
    )
    def test_contradictions_are_refused(self, more, tmp_path):
        values = {
            "secret_key": "x" * 32,
            "issuer": "i",
            "audience": "a",
            "jwks_file": tmp_path / "jwks.json",
            **more,
        }
        with pytest.raises(SettingsError):
            Settings(**values).require_complete()

    def test_lists_come_from_commas_and_nothing_shows_the_secret(self, tmp_path):
        found = settings("sqlite:///x.db", tmp_path, egress_ports="443, 8443", qr_hosts="a.cn,b.cn")
        assert (found.egress_ports, found.qr_hosts) == ((443, 8443), ("a.cn", "b.cn"))
        assert "forty" not in repr(found)

    async def test_an_unmigrated_database_is_refused_with_the_remedy(self, tmp_path, jwks_file):
        app = create_app(settings(f"sqlite:///{tmp_path / 'empty.db'}", jwks_file))
        with pytest.raises(SettingsError, match="onevisit migrate"):
            async with app.router.lifespan_context(app):
                pass


class TestCursors:
    def test_a_cursor_fits_only_its_own_query(self):
        cursor = encode_cursor(b"secret", 42, {"a": 1})
        assert decode_cursor(b"secret", cursor, {"a": 1}) == 42
        assert decode_cursor(b"secret", None, {}) == 0
        for secret, query in ((b"other", {"a": 1}), (b"secret", {"a": 2})):
            with pytest.raises(CursorInvalid):
                decode_cursor(secret, cursor, query)

    @pytest.mark.parametrize("cursor", ["", "x", "é", "A" * 200, "===="])
    def test_rubbish_is_refused(self, cursor):
        with pytest.raises(CursorInvalid):
            decode_cursor(b"secret", cursor, {})


def test_ids_are_uuid7_and_ordered_by_time():
    found = [new_id() for _ in range(3)]
    assert all((i.version, i.variant) == (7, uuid.RFC_4122) for i in found)
    assert found[0].int >> 80 <= found[-1].int >> 80


def test_snapshots_reload_only_what_changed(database):
    loads = []

    def load(_session):
        loads.append(1)
        return len(loads)

    snapshots = Snapshots(database)
    snapshot = snapshots.add(Snapshot("things", load, 0))
    assert snapshots.refresh() == ["things"]
    assert snapshots.refresh() == []
    with database.write() as session:
        bump(session, "things")
    assert snapshots.refresh() == ["things"]
    assert snapshot.value == 2


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
        with pytest.raises(Exception, match="nowhere"):
            database.peek("select 1 from nowhere")
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


class Body(BaseModel):
    text: str


@pytest.fixture
def plain():
    """A small application inside the outermost ring."""
    app = FastAPI()
    problems.install(app)
    app.add_middleware(RequestContext, max_body_bytes=100, body_seconds=0.1)

    @app.post("/echo")
    async def echo(body: Body) -> Body:
        return body

    @app.get("/fail")
    async def fail() -> None:
        raise RuntimeError("a secret of the inside")

    return app


async def send(app, method, path, **more):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        return await client.request(method, path, **more)


class TestRequestContext:
    async def test_a_trace_id_is_given_and_a_traceparent_continued(self, plain):
        given = "0af7651916cd43dd8448eb211c80319c"
        headers = {"traceparent": f"00-{given}-b7ad6b7169203331-01"}
        assert (await send(plain, "POST", "/echo", json={"text": "x"}, headers=headers)).headers[
            "x-request-id"
        ] == given
        assert len((await send(plain, "GET", "/nothing")).headers["x-request-id"]) == 32

    @pytest.mark.parametrize(
        ("method", "path", "more", "status", "code"),
        [
            ("POST", "/echo", {"json": {"text": "x" * 200}}, 413, "request.too_large"),
            (
                "POST",
                "/echo",
                {"content": b"{", "headers": {"content-type": "application/json"}},
                422,
                "request.invalid",
            ),
            (
                "POST",
                "/echo",
                {"content": b"x", "headers": {"content-type": "text/plain"}},
                422,
                "request.invalid",
            ),
            ("POST", "/echo", {"json": {"text": 1}}, 422, "request.invalid"),
            ("GET", "/nothing", {}, 404, "request.not_found"),
            ("DELETE", "/echo", {}, 405, "request.method_not_allowed"),
            ("GET", "/fail", {}, 500, "server.internal"),
        ],
    )
    async def test_whatever_goes_wrong_is_a_problem_document(
        self, plain, method, path, more, status, code, caplog
    ):
        response = await send(plain, method, path, **more)
        problem = response.json()
        assert (response.status_code, problem["code"]) == (status, code)
        assert response.headers["content-type"] == "application/problem+json"
        assert problem["trace_id"] == response.headers["x-request-id"]
        assert "secret" not in response.text
        assert problem["text"]["zh"]

    async def test_a_body_that_grows_beyond_the_limit_is_cut_off(self, plain):
        async def grow():
            for _ in range(20):
                yield b"x" * 20

        response = await send(
            plain, "POST", "/echo", content=grow(), headers={"content-type": "application/json"}
        )
        assert response.status_code == 413

    async def test_a_body_that_does_not_come_is_ended(self, plain):
        async def crawl():
            yield b"{"
            await asyncio.sleep(1)
            yield b"}"

        response = await send(
            plain, "POST", "/echo", content=crawl(), headers={"content-type": "application/json"}
        )
        assert (response.status_code, response.json()["code"]) == (408, "request.timeout")

    async def test_the_pointer_is_exact(self, plain):
        response = await send(plain, "POST", "/echo", json={})
        assert response.json()["errors"][0]["pointer"] == "/body/text"


@pytest.mark.parametrize("code", all_codes())
def test_every_problem_code_has_words_in_both_languages_and_says_what_now(code):
    text = text_of(code)
    for words in (text.zh, text.now_zh):
        assert any("\u4e00" <= c <= "\u9fff" for c in words)
    for words in (text.en, text.now_en):
        assert len(words) > 5
        assert not any("\u4e00" <= c <= "\u9fff" for c in words)
    assert 400 <= text.status < 600


def test_codes_are_unique_and_named_after_their_room():
    assert set(TEXTS).isdisjoint(CATALOGUE)
    assert all(code.count(".") == 1 for code in all_codes())
    with pytest.raises(KeyError):
        text_of("no.such_code")
