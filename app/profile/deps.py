"""The slot of the engine, and how the room opens."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.dispatch.cache import STAY_SECONDS, AnswerCache
from adapters.dispatch.deadline import UNHURRIED_SHARE
from adapters.dispatch.dispatcher import Dispatcher
from adapters.dispatch.metrics import lane_families
from app.agreements.deps import AGREEMENTS
from app.audit.deps import SEQUENCER
from app.businesses.deps import WHEREABOUTS
from app.catalogue.service import catalogue_on
from app.core.deps import ADMISSION, SNAPSHOTS, Slot
from app.core.rooms import House
from app.core.telemetry import counter
from app.profile.disclosure import Disclosure
from app.profile.events import on_late
from app.profile.faults import Faults
from app.profile.plans import Plans
from app.profile.service import Engine
from app.registry.deps import DIRECTORY
from app.tasks.deps import TASKS

ENGINE: Slot[Engine] = Slot("profile_engine")


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills `ENGINE`; every call to a department ends when the room closes."""
    app, clock, sequencer = house.app, house.clock, SEQUENCER.of(house.app)
    unhurried = UNHURRIED_SHARE * house.settings.deadline_ms / 1000
    dispatcher = Dispatcher(
        AnswerCache(stay_seconds=STAY_SECONDS),
        clock.now,
        random.SystemRandom().random,
        on_late(sequencer),
        unhurried=unhurried,
    )
    disclosure = Disclosure(
        DIRECTORY.of(app),
        WHEREABOUTS.of(app),
        TASKS.of(app),
        AGREEMENTS.of(app),
        SNAPSHOTS.of(app),
        sequencer,
        clock,
        dispatcher,
        Plans(dispatcher, catalogue_on),
        Faults(sequencer),
    )
    ENGINE.put(app, Engine(disclosure, SNAPSHOTS.of(app), ADMISSION.of(app).press))
    counts = disclosure.faults.counts
    words = "Answers that could not be told, by section"
    house.families += [
        lambda: lane_families(dispatcher),
        lambda: (counter("onevisit_section_faults", words, "section", dict(counts)),),
    ]
    try:
        yield
    finally:
        dispatcher.cancel_all()
