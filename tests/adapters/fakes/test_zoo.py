"""Every behaviour of the zoo leads to its own reason, and costs no memory, no connection and no other question."""

import asyncio
import ipaddress
from datetime import UTC, datetime

import msgspec
import pytest

from adapters.contract import AdapterError, AdapterQuery, Manifest
from adapters.departments.standard_rest.adapter import StandardRestAdapter
from adapters.fakes import tls
from adapters.fakes.departments import Department
from adapters.fakes.server import Listener
from adapters.fakes.zoo import ZOO
from adapters.transport.exchange import Exchange
from adapters.transport.guard import AddressGuard
from adapters.transport.trust import tls_context

ASKED = "91330106MA2YYY034D"
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def adapter_for(url, exchange, **more):
    manifest = {
        "adapter_id": "emergency", "department": "emergency", "section": "emergency", "title_zh": "应急", "title_en": "emergency",
        "base_url": url, "sample_business_id": ASKED, "unknown_business_id": ASKED, **more,
    }  # fmt: skip
    return StandardRestAdapter(
        msgspec.convert(manifest, Manifest), exchange, {}, lambda: datetime.now(UTC)
    )


async def reason_of(adapter, seconds=0.5):
    """The reason the section would have; None when it is sound."""
    deadline = asyncio.get_running_loop().time() + seconds
    query = AdapterQuery(ASKED, "uscc", None, "patrol", "unit", "0" * 32, deadline)
    try:
        answer = await adapter.fetch(query)
    except AdapterError as error:
        return error.code
    except TimeoutError:
        return "deadline_exceeded"
    assert answer.data is not None
    return None


@pytest.fixture
async def listener():
    department = Department("emergency", None, None, 0, None, None)
    found = Listener(department, 0)
    await found.open()
    yield found
    found.close()


@pytest.mark.parametrize("name", sorted(ZOO))
async def test_each_behaviour_has_its_own_reason(name, listener):
    listener.mode = name
    exchange = Exchange(AddressGuard(allow=LOOPBACK, allow_http=True))
    adapter = adapter_for(f"http://127.0.0.1:{listener.port}", exchange)
    seconds = 0.5 if ZOO[name].reason == "deadline_exceeded" else 5.0  # however busy the machine
    assert await reason_of(adapter, seconds) == ZOO[name].reason
    await asyncio.sleep(0.03)
    assert exchange.budget.used == 0
    listener.close()
    await exchange.aclose()
    assert exchange.open_connections == 0


@pytest.mark.parametrize("name", [n for n in sorted(ZOO) if ZOO[n].reason is None])
async def test_what_is_merely_odd_stays_sound_question_after_question(name, listener):
    listener.mode = name
    exchange = Exchange(AddressGuard(allow=LOOPBACK, allow_http=True))
    adapter = adapter_for(f"http://127.0.0.1:{listener.port}", exchange)
    for _ in range(3):
        assert await reason_of(adapter, 2.0) is None
        await asyncio.sleep(0.03)
    await exchange.aclose()


def test_the_zoo_is_large_and_its_reasons_are_the_contracts():
    from adapters.contract import REASONS

    assert len(ZOO) + len(tls.REASONS) >= 60
    assert {b.reason for b in ZOO.values()} - {None} <= set(REASONS)


@pytest.fixture
async def secure():
    async with tls.listening() as found:
        yield found


@pytest.mark.parametrize("name", [*tls.REASONS, "tls_honest"])
async def test_each_tls_fault_has_its_reason(name, secure):
    ports, authority = secure
    exchange = Exchange(AddressGuard(allow=LOOPBACK), tls=tls_context(str(authority.ca_file)))
    adapter = adapter_for(f"https://127.0.0.1:{ports[name]}", exchange)
    seconds = 4.0 if name == "tls_silent" else 2.0
    assert await reason_of(adapter, seconds) == tls.REASONS.get(name)
    await exchange.aclose()


async def test_a_department_that_wants_a_certificate_is_shown_ours(secure):
    ports, authority = secure
    ours = authority.certificate("gateway")
    exchange = Exchange(
        AddressGuard(allow=LOOPBACK),
        tls=tls_context(str(authority.ca_file), (str(ours), str(ours))),
    )
    assert (
        await reason_of(
            adapter_for(f"https://127.0.0.1:{ports['tls_wants_certificate']}", exchange), 2.0
        )
        is None
    )
    await exchange.aclose()
