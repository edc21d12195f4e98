"""What telling takes from quotas: each section once, however often everything is decided anew."""

import asyncio
from types import SimpleNamespace

from adapters.contract import Outcome
from adapters.dispatch.reply import Reply
from app.agreements.decision import Quota
from app.profile.disclosure import Disclosure, _due

QUOTA = Quota("a", daily=1000)


class Counting:
    """A meter that gives, or refuses some."""

    def __init__(self, refused=frozenset()):
        self.taken, self.closed, self.refused = [], frozenset(), refused

    async def take(self, due, _until):
        self.taken.append(dict(due))
        return self.refused & due.keys()


def told(*names):
    return {name: Reply(Outcome.FRESH, None, 1, data=SimpleNamespace()) for name in names}


def plan(*sections, quota=QUOTA):
    return SimpleNamespace(metered=((quota, frozenset(sections)),))


async def metered(meter, plans, replies, only=None, taken=None):
    """`Disclosure.metered` over plans that come one after another."""
    coming = iter(plans[1:])
    asked = []

    def plan_of(_prepared, _lies_in, refused=frozenset()):
        asked.append(refused)
        return next(coming, plans[-1])

    disclosure = SimpleNamespace(meter=meter, _plan_of=plan_of)
    loop = asyncio.get_running_loop()
    look_up = SimpleNamespace(deadline_ms=2000)
    prepared = SimpleNamespace(taken=taken or {}, started=loop.time(), look_up=look_up)
    found = await Disclosure.metered(disclosure, prepared, plans[0], "330100", replies, only)
    return found, prepared.taken, asked


async def test_a_plan_that_grows_takes_what_it_grew_by():
    meter = Counting()
    replies = told("a", "b", "c", "d", "e")
    plans = [plan("a", "b", "c"), plan("a", "b", "c", "d", "e")]
    _, taken, _ = await metered(meter, plans, replies)
    assert meter.taken == [{QUOTA: 3}, {QUOTA: 2}]
    assert taken == {QUOTA: {"a", "b", "c", "d", "e"}}


async def test_what_a_stream_told_is_not_taken_again_when_it_closes():
    meter, replies, taken = Counting(), told("a", "b"), {}
    for only in (("a",), ("b", "a"), None):
        _, taken, _ = await metered(meter, [plan("a", "b")], replies, only, taken)
    assert meter.taken == [{QUOTA: 1}, {QUOTA: 1}]


async def test_who_is_refused_goes_on_without():
    meter, without = Counting(refused=frozenset({QUOTA})), SimpleNamespace(metered=())
    found, taken, asked = await metered(meter, [plan("a"), without], told("a"))
    assert (found, taken, asked) == (without, {}, [frozenset({QUOTA})])


def test_only_what_holds_data_is_told():
    replies = {**told("a"), "b": Reply(Outcome.TIMED_OUT, "deadline_exceeded", 1)}
    assert _due(plan("a", "b", "c"), replies, None, {}) == {QUOTA: {"a"}}
    assert _due(plan("a", "b", "c"), replies, ("b",), {}) == {}
