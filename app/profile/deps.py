"""The slot of the engine, and how the room opens."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial

from prometheus_client.core import Metric

from adapters.dispatch.cache import STAY_SECONDS, AnswerCache
from adapters.dispatch.deadline import UNHURRIED_SHARE
from adapters.dispatch.dispatcher import Dispatcher
from adapters.dispatch.metrics import lane_families
from app.agreements.deps import AGREEMENTS, METER
from app.audit.deps import SEQUENCER
from app.businesses.deps import LOCATOR, WHEREABOUTS
from app.catalogue.service import catalogue_on
from app.core.deps import ADMISSION, DATABASE, SNAPSHOTS, SWITCHES, Slot
from app.core.rooms import House
from app.core.telemetry import counter
from app.organisations.deps import PEOPLE
from app.profile import last_known
from app.profile.disclosure import Disclosure
from app.profile.events import on_late
from app.profile.faults import Faults
from app.profile.last_known import LastKnownAnswers
from app.profile.locating import RegistrationLocator
from app.profile.plans import Plans
from app.profile.service import Engine
from app.registry.deps import DIRECTORY
from app.registry.measuring import Measurer
from app.tasks.deps import TASKS

ENGINE: Slot[Engine] = Slot("profile_engine")


def _disclosure(house: House, dispatcher: Dispatcher) -> Disclosure:
    app, sequencer = house.app, SEQUENCER.of(house.app)
    return Disclosure(
        DIRECTORY.of(app),
        WHEREABOUTS.of(app),
        PEOPLE.of(app),
        TASKS.of(app),
        AGREEMENTS.of(app),
        SNAPSHOTS.of(app),
        sequencer,
        house.clock,
        dispatcher,
        Plans(dispatcher, catalogue_on),
        Faults(sequencer),
        METER.of(app),
        SWITCHES.of(app),
    )


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills `ENGINE`; every call to a department ends when the room closes."""
    app, clock, sequencer = house.app, house.clock, SEQUENCER.of(house.app)
    cache, settings = AnswerCache(stay_seconds=STAY_SECONDS), house.settings
    beside = last_known.database_of(settings, DATABASE.of(app)) if settings.last_known_mib else None
    earlier = None
    if beside is not None:
        most = settings.last_known_mib << 20
        earlier = LastKnownAnswers(beside, settings.keys, cache, clock.now, most)
        earlier.start()
    unhurried = UNHURRIED_SHARE * house.settings.deadline_ms / 1000
    dispatcher = Dispatcher(
        cache,
        clock.now,
        random.SystemRandom().random,
        on_late(sequencer),
        unhurried=unhurried,
        earlier=earlier,
    )
    disclosure = _disclosure(house, dispatcher)
    LOCATOR.put(app, RegistrationLocator(disclosure))
    ENGINE.put(app, Engine(disclosure, SNAPSHOTS.of(app), ADMISSION.of(app).press))
    counts = disclosure.faults.counts
    words = "Answers that could not be told, by section"
    house.families += [
        lambda: lane_families(dispatcher),
        lambda: (counter("onevisit_section_faults", words, "section", dict(counts)),),
    ]
    measurer = Measurer(DATABASE.of(app), clock, lambda: list(dispatcher.lanes.values()))
    house.steady.append(measurer.step)
    if earlier is not None:
        house.families.append(partial(_families, earlier))
    try:
        yield
    finally:
        dispatcher.cancel_all()
        await measurer.keep()
        if earlier is not None and beside is not None:
            await asyncio.to_thread(earlier.stop)
            if beside is not DATABASE.of(app):
                beside.dispose()


def _families(earlier: LastKnownAnswers) -> Iterable[Metric]:
    words = "Last-known answers beside the database"
    yield counter("onevisit_last_known", words, "event", dict(earlier.counts))
