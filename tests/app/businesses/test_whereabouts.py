"""Where businesses are: kept, told anew, and never waited for longer than it is worth."""

import threading
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import OperationalError

from app.businesses import repository, whereabouts
from app.businesses.naming import names_of
from app.businesses.places import UNKNOWN, Place
from app.businesses.whereabouts import Whereabouts
from app.core.clock import SystemClock

BUSINESS = "91330106MA2YYY034D"


async def test_what_was_told_last_is_kept_by_the_next_process(database):
    first, second = (Whereabouts(database, SystemClock()) for _ in range(2))
    assert await first.find(BUSINESS) == UNKNOWN
    for region in ("330106", "330203"):
        first.tell(BUSINESS, Place(region, {"S1": "330108"}))
        await first.close()
    second.tell("other", Place("330602"))
    assert await second.find(BUSINESS) == Place("330203", {"S1": "330108"})
    await second.close()
    third = Whereabouts(database, SystemClock())
    assert (await third.find("other")).region == "330602"


async def test_a_name_is_kept_beside_the_place_and_not_lost_where_none_is_told(database):
    first = Whereabouts(database, SystemClock())
    first.tell(BUSINESS, Place("330106", name="杭州示例餐饮有限公司"))
    await first.close()
    second = Whereabouts(database, SystemClock())
    second.tell(BUSINESS, Place("330203"))
    second.tell("other", Place("330602"))
    await second.close()
    with database.read() as session:
        known = names_of(session, [BUSINESS, "other", "unknown", BUSINESS])
    assert known == {BUSINESS: "杭州示例餐饮有限公司"}
    assert (await Whereabouts(database, SystemClock()).find(BUSINESS)).region == "330203"


async def test_two_processes_that_tell_of_one_at_once_both_are_heard(database):
    first, second = (Whereabouts(database, SystemClock()) for _ in range(2))
    first.tell(BUSINESS, Place("330106"))
    second.tell(BUSINESS, Place("330203"))
    await first.close()
    await second.close()
    assert await Whereabouts(database, SystemClock()).find(BUSINESS) == Place("330203")


async def test_a_database_that_is_away_or_silent_is_not_waited_for(database, monkeypatch):
    kept, silent = Whereabouts(database, SystemClock()), threading.Event()

    def away(*_asked):
        raise OperationalError("select", {}, Exception("gone"))

    monkeypatch.setattr(repository, "find", away)
    assert await kept.find(BUSINESS) == UNKNOWN
    monkeypatch.setattr(repository, "find", lambda *_asked: silent.wait(20) and None)
    try:
        assert await kept.find(BUSINESS) == UNKNOWN
    finally:
        silent.set()
    monkeypatch.undo()
    first = Whereabouts(database, SystemClock())
    first.tell(BUSINESS, Place("330106"))
    await first.close()
    assert (await kept.find(BUSINESS)).region == "330106", "what could not be read is no fact"


class Later:
    """A clock that can be moved on."""

    def __init__(self):
        self.ahead = timedelta(0)

    def now(self):
        return datetime.now(UTC) + self.ahead


async def test_what_another_process_was_told_is_known_within_a_minute(database, monkeypatch):
    first, second = (Whereabouts(database, SystemClock()) for _ in range(2))
    first.tell(BUSINESS, Place("330106"))
    await first.flush()
    assert (await second.find(BUSINESS)).region == "330106"
    first.tell(BUSINESS, Place("330203"))
    await first.flush()
    assert (await second.find(BUSINESS)).region == "330106"
    later = time.monotonic() + whereabouts.KEPT_SECONDS + 1
    monkeypatch.setattr(whereabouts.time, "monotonic", lambda: later)
    assert second.at_once(BUSINESS) is None
    assert (await second.find(BUSINESS)).region == "330203"
    await first.close()


async def test_what_was_told_long_ago_is_to_be_asked_for_again(database):
    clock = Later()
    first = Whereabouts(database, clock)
    first.tell(BUSINESS, Place("330106"))
    await first.close()
    clock.ahead = timedelta(hours=23)
    assert not (await Whereabouts(database, clock).find(BUSINESS)).is_old
    clock.ahead = timedelta(hours=25)
    assert await Whereabouts(database, clock).find(BUSINESS) == Place("330106", {}, is_old=True)


async def test_the_same_is_written_once_an_hour(database, monkeypatch):
    kept, written = Whereabouts(database, SystemClock()), []
    monkeypatch.setattr(kept, "_write", written.append)
    for ahead in (0, 61, 122, 3700):
        later = time.monotonic() + ahead
        monkeypatch.setattr(whereabouts.time, "monotonic", lambda later=later: later)
        kept.tell(BUSINESS, Place("330106"))
        await kept.flush()
        monkeypatch.undo()
        monkeypatch.setattr(kept, "_write", written.append)
    assert len(written) == 2
    await kept.close()
