"""The one clock of everything under way, on a virtual clock."""

import asyncio
import itertools

from adapters.dispatch.ticker import NEVER, Ticker
from tests.fixtures.virtual import run


def test_what_is_always_due_is_looked_at_every_ten_milliseconds_at_most():
    async def play():
        looks = []

        def look(now):
            looks.append(now)
            return now if len(looks) < 20 else NEVER

        ticker = Ticker(look)
        ticker.watch(ticker.time() + 0.5)
        await asyncio.sleep(5)
        assert len(looks) == ticker.looks == 20
        assert all(later - earlier >= 0.0099 for earlier, later in itertools.pairwise(looks))

    run(play())


def test_an_earlier_moment_comes_first_and_a_later_one_changes_nothing():
    async def play():
        looks = []
        ticker = Ticker(lambda now: looks.append(now) or NEVER)
        begun = ticker.time()
        for due in (2.0, 1.0, 3.0):
            ticker.watch(begun + due)
        await asyncio.sleep(5)
        assert [round(at - begun, 3) for at in looks] == [1.0]
        ticker.watch(ticker.time() + 1)
        ticker.stop()
        await asyncio.sleep(5)
        assert len(looks) == 1

    run(play())
