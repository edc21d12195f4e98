"""Where businesses are: kept, told anew, and never waited for longer than it is worth."""

import threading

from sqlalchemy.exc import OperationalError

from app.businesses import repository
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


async def test_two_processes_that_tell_of_one_at_once_both_are_heard(database):
    first, second = (Whereabouts(database, SystemClock()) for _ in range(2))
    first.tell(BUSINESS, Place("330106"))
    second.tell(BUSINESS, Place("330203"))
    await first.close()
    await second.close()
    assert await Whereabouts(database, SystemClock()).find(BUSINESS) == Place("330203")


async def test_a_database_that_is_away_or_silent_is_not_waited_for(database, monkeypatch):
    whereabouts, silent = Whereabouts(database, SystemClock()), threading.Event()

    def away(*_asked):
        raise OperationalError("select", {}, Exception("gone"))

    monkeypatch.setattr(repository, "find", away)
    assert await whereabouts.find(BUSINESS) == UNKNOWN
    monkeypatch.setattr(repository, "find", lambda *_asked: silent.wait(20) and None)
    try:
        assert await whereabouts.find(BUSINESS) == UNKNOWN
    finally:
        silent.set()
    monkeypatch.undo()
    first = Whereabouts(database, SystemClock())
    first.tell(BUSINESS, Place("330106"))
    await first.close()
    assert (await whereabouts.find(BUSINESS)).region == "330106", (
        "what could not be read is no fact"
    )
