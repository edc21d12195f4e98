"""Plans: made once for a standing, made no_cache when what they rest on changes; lanes outlive them."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime

import msgspec

from adapters.contract import Manifest
from adapters.dispatch.cache import AnswerCache
from adapters.dispatch.dispatcher import Dispatcher
from app.agreements.decision import DatedTerms, Standing, Terms
from app.catalogue.service import catalogue_on
from app.profile.plans import Plans
from app.registry.offices import Choice
from app.tasks.purposes import PURPOSES
from tests.fixtures.virtual import run

DAY = date(2026, 11, 22)
TERMS = (
    DatedTerms(
        Terms("p@1", "*", frozenset({"patrol"}), 3, True), date(2026, 1, 1), date(2026, 11, 22)
    ),
)
PATROL = Standing(PURPOSES["patrol"], None, "")


class Adapter:
    async def fetch(self, query):
        raise AssertionError("a plan asks nobody")


@dataclass
class Entry:
    manifest: Manifest
    label: str = "fire@1"
    adapter: Adapter = None

    def __post_init__(self):
        self.adapter = Adapter()


def choice(entries):
    return Choice(entries, {}, frozenset(), frozenset())


def live(**changes):
    document = {
        "adapter_id": "fire", "department": "fire", "section": "fire", "title_zh": "消防", "title_en": "fire", "scope": "site",
        "base_url": "https://fire.example.org", "sample_business_id": "x" * 18, "unknown_business_id": "x" * 18, **changes,
    }  # fmt: skip
    return choice({"fire": Entry(msgspec.convert(document, Manifest))})


def playing(play):
    async def whole():
        dispatcher = Dispatcher(
            AnswerCache(), lambda: datetime.now(UTC), random.Random(1).random, lambda *_: None
        )
        play(dispatcher, Plans(dispatcher, catalogue_on))

    run(whole())


def test_a_plan_is_kept_until_adapters_agreements_or_the_day_change():
    def play(_board, plans):
        first, other = live(), live()
        plan = plans.plan(first, TERMS, PATROL, DAY)
        assert plans.plan(first, TERMS, PATROL, DAY) is plan
        assert plans.plan(other, TERMS, PATROL, DAY) is not plan
        assert len(plans.plan(first, TERMS, PATROL, DAY).routes) == 1
        assert plans.plan(first, (), PATROL, DAY).routes == ()
        assert plans.plan(first, TERMS, PATROL, date(2026, 11, 23)).routes == ()

    playing(play)


def test_a_new_capacity_changes_the_lane_in_place():
    def play(dispatcher, plans):
        plans.plan(live(), TERMS, PATROL, DAY)
        lane = dispatcher.lanes["fire"]
        lane.in_flight = 3
        plans.plan(live(capacity={"initial": 64, "most": 256}), TERMS, PATROL, DAY)
        assert dispatcher.lanes["fire"] is lane
        assert (lane.limit.value, lane.in_flight) == (64, 3)

    playing(play)


def test_what_an_office_said_is_not_told_as_the_word_of_another():
    """Its version may be another since, but not the office, and it must still be in service."""

    def play(_board, plans):
        first, second = live(), live()
        asked = plans.plan(first, TERMS, PATROL, DAY)
        newer = Entry(first.live["fire"].manifest)
        newer.label = "fire@2"
        neighbour = live(adapter_id="fire_b")
        nowhere = Choice(second.live, {}, frozenset({"fire"}), frozenset())
        for now, names in (
            (first, {"fire"}),
            (choice({"fire": newer}), {"fire"}),
            (neighbour, set()),
            (nowhere, set()),
        ):
            confirmed = plans.plan(now, TERMS, PATROL, DAY).asked_as(asked)
            assert set(confirmed.specifications) == names
        elsewhere = plans.plan(nowhere, TERMS, PATROL, DAY)
        assert set(elsewhere.asked_as(elsewhere).specifications) == {"fire"}

    playing(play)


def test_a_plan_within_another_names_nothing_new():
    def play(_board, plans):
        plan = plans.plan(live(), TERMS, PATROL, DAY)
        empty = plans.plan(choice({}), TERMS, PATROL, DAY)
        assert plan.within(empty).specifications == {}
        assert plan.within(plan).specifications == plan.specifications

    playing(play)
