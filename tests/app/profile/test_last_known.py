"""Last-known answers beside the database: sealed, bounded, erasable, in nobody's way."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from adapters.contract import Outcome
from adapters.dispatch.cache import AnswerCache, Freshness
from adapters.dispatch.reply import Reply
from app.core.db import Database
from app.core.keys import Keyring
from app.profile import repository
from app.profile.last_known import LastKnownAnswers, database_of, erase

NOW = datetime(2026, 11, 27, tzinfo=UTC)
KEYS = Keyring(b"a-secret-of-forty-characters-and-no-more")
KEY = ("fire@1", "uscc", "91310115MA1YYY024Y", "", "patrol", "urban")


class Route:
    freshness = Freshness()


class Question:
    route = Route

    def __init__(self, key):
        self.key = key


def said(data, at=NOW):
    encoded = None if data is None else data.encode()
    outcome = Outcome.NOT_FOUND if data is None else Outcome.FRESH
    return Reply(outcome, None, 5, None, encoded, at, at, 1, "digest")


class Kept:
    """A process's part of it, moved by hand."""

    def __init__(self, database, keys=KEYS, now=NOW, most=1 << 30):
        self.cache = AnswerCache()
        self.store = LastKnownAnswers(database, keys, self.cache, lambda: now, most)
        self.now = now

    def tell(self, *replies, key=KEY):
        for reply in replies:
            self.store.news.append((Question(key), reply))
        self.store.write()

    async def look(self, key=KEY):
        looked = []
        self.store.look(key, lambda: looked.append(1))
        self.store.read()
        await asyncio.sleep(0.01)
        assert looked == [1]
        found = self.cache.stale(key, Freshness(), self.now)
        return None if found is None else found.encoded.decode()


async def test_another_process_finds_what_one_was_told(database):
    Kept(database).tell(said("old"), said("new", NOW + timedelta(seconds=1)))
    assert await Kept(database).look() == "new"
    assert await Kept(database).look(("tax@1", *KEY[1:])) is None


async def test_no_record_ends_what_was_known_before(database):
    first = Kept(database)
    first.tell(said("old"))
    later = Kept(database, now=NOW + timedelta(seconds=5))
    later.tell(said(None, NOW + timedelta(seconds=5)))
    assert await Kept(database).look() is None


async def test_what_was_ended_here_is_not_brought_back_from_elsewhere(database):
    """The department says "no record" while what it said before is being read."""
    Kept(database).tell(said("old"))
    here = Kept(database)
    here.cache.forget(KEY, NOW + timedelta(seconds=5))
    assert await here.look() is None
    here.cache.keep(KEY, said("anew", NOW + timedelta(seconds=9)))
    assert await here.look() == "anew"


async def test_an_end_that_could_not_be_written_is_written_later(database, monkeypatch):
    Kept(database).tell(said("old"))
    later = Kept(database, now=NOW + timedelta(seconds=5))
    later.store.news += [
        (Question(KEY), said(None, NOW + timedelta(seconds=5))),
        (Question(("tax@1", *KEY[1:])), said("tax")),
    ]
    with monkeypatch.context() as patch:
        patch.setattr(repository, "put", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            later.store.write()
    later.store.write()
    assert await Kept(database).look() is None


async def test_of_several_parts_the_newest_holds_for_each_department(database):
    tax = ("tax@1", *KEY[1:])
    first = Kept(database)
    first.store.news += [(Question(KEY), said("fire 1")), (Question(tax), said("tax 1"))]
    first.store.write()
    later = Kept(database, now=NOW + timedelta(seconds=9))
    later.tell(said("fire 2", NOW + timedelta(seconds=9)))
    assert await Kept(database).look() == "fire 2"
    assert await Kept(database).look(tax) == "tax 1"


async def test_nothing_stands_in_the_open_and_another_secret_opens_nothing(database):
    Kept(database).tell(said("the answer of a department"))
    with database.read() as session:
        rows = session.connection().execute(text("select * from last_known_answers")).all()
    told = str([tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in rows])
    assert "the answer" not in told
    assert KEY[2] not in told
    assert await Kept(database, Keyring(b"another-secret-of-forty-characters-or-so")).look() is None


async def test_a_row_that_was_put_in_anothers_place_does_not_open(database):
    other = (*KEY[:2], "91330106MA2YYY034D", *KEY[3:])
    Kept(database).tell(said("mine"))
    Kept(database).tell(said("other"), key=other)
    with database.write() as session:
        session.connection().execute(
            text(
                "update last_known_answers set sealed = (select sealed from last_known_answers "
                "order by subject limit 1)"
            )
        )
    found = [await Kept(database).look(key) for key in (KEY, other)]
    assert found.count(None) == 1


async def test_what_may_no_longer_stand_in_is_not_found_and_is_dropped(database):
    Kept(database).tell(said("old"))
    later = Kept(database, now=NOW + timedelta(hours=25))
    assert await later.look() is None
    later.store.tidy()
    assert count(database) == 0


async def test_what_is_too_much_is_dropped_the_oldest_first(database):
    for number in range(5):
        kept = Kept(database, now=NOW + timedelta(seconds=number), most=200)
        kept.tell(said("x" * 100), key=(*KEY[:2], f"b{number}", *KEY[3:]))
    with database.write() as session:
        assert repository.tidy(session, NOW, 700)
        assert not repository.tidy(session, NOW, 1 << 20)
    assert count(database) == 4
    Kept(database, most=500).store.tidy()
    assert 1 <= count(database) < 3
    assert await Kept(database).look((*KEY[:2], "b4", *KEY[3:])) is not None


async def test_one_business_is_erased(database):
    Kept(database).tell(said("mine"))
    Kept(database).tell(said("other"), key=(*KEY[:2], "91330106MA2YYY034D", *KEY[3:]))
    assert erase(database, KEYS, KEY[2]) == 1
    assert (await Kept(database).look(), count(database)) == (None, 1)


async def test_whoever_looks_is_told_soon_though_the_database_is_away(database, caplog):
    kept = Kept(database)
    with database.write() as session:
        session.connection().execute(text("drop table last_known_answers"))
    kept.store.start()
    looked = asyncio.get_running_loop().create_future()
    kept.store.look(KEY, lambda: looked.done() or looked.set_result(1))
    async with asyncio.timeout(2):
        await looked
    await asyncio.to_thread(kept.store.stop)
    assert kept.store.counts["failed"] > 0


@pytest.mark.parametrize("engine_name", ["sqlite"])
async def test_a_file_that_cannot_be_read_is_begun_anew(
    database, database_url, settings_for, tmp_path, caplog
):
    path = database_url.removeprefix("sqlite:///") + ".answers"
    await asyncio.to_thread(Path(path).write_bytes, b"no database " * 1000)
    beside = database_of(settings_for(database_url), database)
    Kept(beside).tell(said("anew"))
    assert await Kept(beside).look() == "anew"
    beside.dispose()


@pytest.mark.parametrize("engine_name", ["sqlite"])
async def test_a_file_that_somebody_holds_is_not_begun_anew(database, database_url, settings_for):
    path = Path(database_url.removeprefix("sqlite:///") + ".answers")
    whole = Database(f"sqlite:///{path}")
    with whole.write() as session:
        session.connection().execute(text("create table theirs (a integer)"))
    with whole.write() as session:
        session.connection().execute(text("insert into theirs values (1)"))
        with pytest.raises(OperationalError, match="locked"):
            await asyncio.to_thread(database_of, settings_for(database_url), database)
    with whole.read() as session:
        assert session.connection().execute(text("select a from theirs")).scalar() == 1
    whole.dispose()


def count(database):
    with database.read() as session:
        return (
            session.connection().execute(text("select count(*) from last_known_answers")).scalar()
        )
