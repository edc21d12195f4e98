"""Eight hours of a bad night on a virtual clock: names that fail and return, a process that sleeps, departments that stall. In the morning whoever asks is answered."""

import asyncio
import random
from collections import Counter

import pytest

from adapters.contract import AdapterTimedOut, AdapterUnavailable, Outcome
from tests.adapters.dispatch.test_fan_out import ANSWER, World
from tests.fixtures.virtual import run

NAMES = tuple(f"d{n}" for n in range(12))
HOURS, PAUSES, BURST, LONGEST_SECONDS = 8, 200, 300, 10.0


class Night:
    """Departments by name, and until when each of them is away, and how."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.world = World(capacity=64)
        self.away = dict.fromkeys(NAMES, (0.0, ""))
        self.seen = Counter()
        self.asked = 0

    @property
    def now(self):
        return asyncio.get_running_loop().time()

    def department(self, name):
        async def fetch(_query):
            until, how = self.away[name]
            if self.now >= until:
                await asyncio.sleep(self.rng.uniform(0.01, 0.06))
                return ANSWER
            if how == "name":
                raise AdapterUnavailable("connect_failed")
            if how == "reset":
                raise AdapterUnavailable("connection_lost", again=True)
            await asyncio.sleep(60)
            raise AdapterTimedOut

        return fetch

    async def look_up(self, caller):
        self.asked += 1
        business = f"{self.asked:018}"
        questions = [
            self.world.question(name, self.department(name), business=business) for name in NAMES
        ]
        return await self.world.ask(*questions, caller=caller)

    async def trouble(self):
        """Every quarter of an hour some are away for half a minute to half an hour."""
        while True:
            await asyncio.sleep(self.rng.uniform(300, 1500))
            for name in self.rng.sample(NAMES, self.rng.randint(1, 4)):
                how = self.rng.choice(("name", "reset", "silent"))
                self.away[name] = (self.now + self.rng.uniform(30, 1800), how)
                self.seen[how] += 1

    async def pauses(self):
        """The process sleeps: its clock goes on and nothing else does."""
        for _ in range(PAUSES):
            await asyncio.sleep(self.rng.uniform(60, 220))
            asyncio.get_running_loop().moved += 0.05 * 40 ** self.rng.random()
            self.seen["pauses"] += 1

    async def watch(self):
        """Somebody looks something up now and then."""
        while True:
            await asyncio.sleep(self.rng.uniform(30, 400))
            replies = await self.look_up("watch")
            self.seen.update(str(reply.outcome) for reply in replies.values())

    async def morning(self):
        """As many phones at once, each again after a second until it has all fresh."""
        until, fresh = self.now + LONGEST_SECONDS, 0

        async def phone(number):
            nonlocal fresh
            while self.now < until:
                replies = await self.look_up(f"phone-{number}")
                if all(reply.outcome is Outcome.FRESH for reply in replies.values()):
                    fresh += 1
                    return
                await asyncio.sleep(1.0)

        await asyncio.gather(*(phone(number) for number in range(BURST)))
        return fresh


def spent(seed, hours=HOURS, mended=True):
    async def play():
        night = Night(seed)
        going = [
            asyncio.create_task(each) for each in (night.trouble(), night.pauses(), night.watch())
        ]
        await asyncio.sleep(hours * 3600)
        for each in going:
            each.cancel()
        await asyncio.gather(*going, return_exceptions=True)
        forever = night.now + 3600
        night.away = {n: (0.0, "") if mended or n != "d0" else (forever, "name") for n in NAMES}
        return night, await night.morning()

    return run(play())


@pytest.mark.parametrize("seed", [1, 2])
def test_the_first_burst_of_the_morning_is_answered(seed):
    night, fresh = spent(seed)
    assert min(night.seen[each] for each in ("name", "reset", "silent")) >= 5
    assert night.seen["pauses"] > 150
    assert night.seen["unavailable"] > 50
    assert fresh >= 0.99 * BURST


def test_of_a_department_that_is_still_away_nothing_is_fresh():
    _, fresh = spent(1, hours=0.5, mended=False)
    assert fresh == 0
