"""How the room opens: whose tokens are accepted."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from adapters.transport.documents import decode_text, parse_json
from adapters.transport.exchange import Exchange
from app.core.deps import EXCHANGE, SNAPSHOTS, Slot
from app.core.rooms import House
from app.core.settings import Settings
from app.organisations.callers import ClaimedCallers, PeopleDirectory
from app.organisations.ended import new_snapshot as new_ended
from app.organisations.people import new_snapshot
from app.organisations.sign_on import keys
from app.organisations.sign_on.deps import ISSUERS, OWN_KEYS
from auth.issuer import OWN_ALGORITHMS
from auth.keys import FileKeys, RemoteKeys
from auth.principal import Principal
from auth.tokens import Issuer, TokenVerifier

_JWKS_SECONDS = 5.0
Still = Callable[[Principal], Principal]
PEOPLE: Slot[Still] = Slot("people")
"""Who a caller is at this moment. Raises `PersonEnded` for whoever may not call any more."""


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Gives `auth` the verifier of access tokens, and fills `PEOPLE`, `OWN_KEYS` and `ISSUERS`."""
    settings, snapshots = house.settings, SNAPSHOTS.of(house.app)
    callers = _callers(house)
    own = keys.OwnKeys(snapshots.add(keys.new_snapshot()), snapshots, house.clock)
    OWN_KEYS.put(house.app, own)
    issuers = ISSUERS.put(house.app, _issuers(settings, EXCHANGE.of(house.app), own))
    house.app.state.token_verifier = TokenVerifier(
        issuers,
        audience=settings.audience or "",
        longest=settings.token_life_s,
        types=settings.token_types,
        callers=callers,
    )
    remote = {i.iss: i.keys for i in issuers if isinstance(i.keys, RemoteKeys)}
    async with AsyncExitStack() as stack:
        if remote:
            first = issuers[0].keys
            if isinstance(first, RemoteKeys):
                house.checks["issuer_keys"] = lambda: first.trusted
            house.families.append(lambda: _families(remote))
        for found in remote.values():
            await stack.enter_async_context(_kept(found))
        yield


@asynccontextmanager
async def _kept(remote: RemoteKeys) -> AsyncIterator[None]:
    keeping = asyncio.create_task(remote.keep())
    try:
        yield
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping


def _callers(house: House) -> ClaimedCallers:
    """The directory of people, unless the settings say that tokens alone are believed."""
    snapshots = SNAPSHOTS.of(house.app)
    ended = snapshots.add(new_ended())
    found: ClaimedCallers
    if house.settings.principals == "claims":
        found = ClaimedCallers(lambda: ended.value)
    else:
        known = snapshots.add(new_snapshot())
        found = PeopleDirectory(
            lambda: known.value, lambda: snapshots.is_fresh, house.clock.now, lambda: ended.value
        )
    PEOPLE.put(house.app, found.still)
    return found


def _families(remote: dict[str, RemoteKeys]) -> Iterable[Metric]:
    age = GaugeMetricFamily(
        "onevisit_issuer_keys_age_seconds",
        "Seconds since the issuer last gave usable keys",
        labels=["issuer"],
    )
    failures = CounterMetricFamily(
        "onevisit_issuer_keys_failures",
        "Fetches of the issuer's keys that gave none",
        labels=["issuer"],
    )
    for iss, found in remote.items():
        age.add_metric([iss], found.age)
        failures.add_metric([iss], found.failures)
    yield age
    yield failures


def _issuers(settings: Settings, exchange: Exchange, own: keys.OwnKeys) -> list[Issuer]:
    found, algorithms = [], settings.token_algorithms
    if settings.issuer:
        file = settings.jwks_file
        source = FileKeys(file) if file else _remote(settings, exchange, settings.jwks_url or "")
        found.append(Issuer(settings.issuer, source, algorithms=algorithms))
    if settings.public_url:
        found.append(Issuer(settings.public_url, own, is_own=True, algorithms=OWN_ALGORITHMS))
    for name, iss, url in settings.issuers_named():
        source = _remote(settings, exchange, url)
        found.append(Issuer(iss, source, name=name, algorithms=algorithms))
    return found


def _remote(settings: Settings, exchange: Exchange, url: str) -> RemoteKeys:
    async def fetch() -> Any:
        deadline = asyncio.get_running_loop().time() + _JWKS_SECONDS
        response = await exchange.send(
            "GET", url, headers={"Accept": "application/json"}, deadline=deadline
        )
        if response.status != HTTPStatus.OK:
            raise OSError(f"HTTP {response.status}")
        return parse_json(decode_text(response.body, "utf-8"), exchange.limits)

    return RemoteKeys(fetch, oldest=settings.jwks_max_age_s)
