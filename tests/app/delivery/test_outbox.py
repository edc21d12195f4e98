"""The outbox: at least once, in order, backing off, until the receipt or the dead letter."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from adapters.contract import AdapterUnavailable, ResultReceipt
from adapters.contract.errors import MessageRefused
from app.audit.service import Trail
from app.core.keys import Keyring
from app.delivery import repository, service
from app.delivery.backoff import DEAD_AFTER, LONGEST, wait_after
from app.delivery.enqueuing import enqueue
from app.delivery.lanes import Destination


class Clock:
    def __init__(self):
        self.at = datetime(2026, 11, 22, tzinfo=UTC)

    def now(self):
        return self.at


class Sender:
    def __init__(self, *failing):
        self.failing, self.sent = set(failing), []

    async def send(self, department, region, message):
        self.sent.append((department, message["n"]))
        if department in self.failing:
            raise AdapterUnavailable("connect_failed")
        return ResultReceipt(f"R-{message['n']}", "2026-11-22T00:00:00Z")


def put(database, clock, *rows):
    with database.write() as session:
        known = len(service.of_objects(session, ["o"]).get("o", []))
        for n, (department, key) in enumerate(rows, known):
            enqueue(
                session,
                clock.now(),
                department=department,
                region="330100",
                ordering_key=key,
                object_id="o",
                message={"n": n},
            )


async def deliver_due(database, trail, sender):
    """As a process that has just been started."""
    carrier = service.Carrier(database, trail, sender)
    count = await carrier.begin()
    await carrier.settled()
    return count


def leased_by(database, clock):
    return service.Carrier(database, Trail(Keyring(b"secret"), clock), Sender()).take(0.0)


def states(database):
    with database.read() as session:
        return [(r["state"], r["attempts"]) for r in service.of_objects(session, ["o"])["o"]]


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 1), (2, 2), (3, 4), (10, 512), (11, 900), (1000, 900)]
)
def test_the_wait_doubles_up_to_a_quarter_of_an_hour(attempts, seconds):
    assert wait_after(attempts) == timedelta(seconds=seconds)
    assert wait_after(attempts) <= LONGEST


async def test_what_is_due_is_delivered_and_the_receipt_kept(database):
    clock, sender = Clock(), Sender()
    put(database, clock, ("fire", "a"), ("food", "a"))
    assert await deliver_due(database, Trail(Keyring(b"secret"), clock), sender) == 2
    assert states(database) == [("delivered", 1), ("delivered", 1)]
    assert await deliver_due(database, Trail(Keyring(b"secret"), clock), sender) == 0


async def test_a_later_message_of_the_same_business_waits_for_the_earlier_one(database):
    clock, sender = Clock(), Sender("fire")
    put(database, clock, ("fire", "a"), ("fire", "a"), ("fire", "b"))
    await deliver_due(database, Trail(Keyring(b"secret"), clock), sender)
    assert sender.sent == [("fire", 0), ("fire", 2)]
    sender.failing.clear()
    clock.at += timedelta(seconds=2)
    await deliver_due(database, Trail(Keyring(b"secret"), clock), sender)
    await deliver_due(database, Trail(Keyring(b"secret"), clock), sender)
    assert sender.sent[2:] == [("fire", 0), ("fire", 2), ("fire", 1)]


async def test_after_three_days_it_is_a_dead_letter(database, caplog):
    clock, sender = Clock(), Sender("fire")
    put(database, clock, ("fire", "a"))
    clock.at += DEAD_AFTER + timedelta(seconds=1)  # it was never tried: three days do not count
    await deliver_due(database, Trail(Keyring(b"secret"), clock), sender)
    assert states(database) == [("pending", 1)]
    clock.at += DEAD_AFTER + timedelta(seconds=1)
    await deliver_due(database, Trail(Keyring(b"secret"), clock), sender)
    assert states(database) == [("dead", 2)]


async def test_a_row_leased_by_a_dead_process_is_taken_again_when_the_lease_ends(database):
    clock = Clock()
    put(database, clock, ("fire", "a"))
    assert len(leased_by(database, clock)) == 1
    assert leased_by(database, clock) == []
    clock.at += timedelta(minutes=1)
    assert len(leased_by(database, clock)) == 1


async def test_one_departments_bug_stops_no_other(database, caplog):
    class Broken(Sender):
        async def send(self, department, region, message):
            if department == "fire":
                raise AttributeError("a bug of the adapter")
            return await super().send(department, region, message)

    clock = Clock()
    put(database, clock, ("fire", "a"), ("food", "a"))
    await deliver_due(database, Trail(Keyring(b"secret"), clock), Broken())
    assert states(database) == [("pending", 1), ("delivered", 1)]


async def test_each_delivery_leaves_entries(database):
    clock = Clock()
    put(database, clock, ("fire", "a"), ("tax", "b"))
    await deliver_due(database, Trail(Keyring(b"secret"), clock), Sender("tax"))
    clock.at += DEAD_AFTER + timedelta(days=1)
    await deliver_due(database, Trail(Keyring(b"secret"), clock), Sender("tax"))
    with database.read() as session:
        rows = session.connection().execute(text("select event from audit_entries order by row"))
        found = sorted(row[0] for row in rows)
    assert found == [
        "delivery.result.given_up",
        "delivery.result.received",
        "delivery.result.sent",
        "delivery.result.sent",
    ]


async def test_settling_twice_changes_nothing(database):
    clock, sender = Clock(), Sender()
    put(database, clock, ("fire", "a"))
    (leased,) = leased_by(database, clock)
    service.settle(
        database,
        Trail(Keyring(b"secret"), clock),
        leased,
        await sender.send("fire", "330100", leased.message),
        "",
    )
    service.settle(database, Trail(Keyring(b"secret"), clock), leased, None, "late")
    unknown = replace(leased, id="unknown")
    service.settle(database, Trail(Keyring(b"secret"), clock), unknown, None, "")
    assert states(database) == [("delivered", 1)]


async def test_whoever_slept_while_somebody_else_took_it_changes_nothing(database):
    clock = Clock()
    put(database, clock, ("fire", "a"))
    (slept,) = leased_by(database, clock)
    clock.at += timedelta(minutes=1)
    (taken,) = leased_by(database, clock)
    service.settle(database, Trail(Keyring(b"secret"), clock), slept, None, "connection lost")
    assert leased_by(database, clock) == [], "the second one still carries it"
    receipt = ResultReceipt("R-1", "2026-11-22T00:00:00Z")
    service.settle(database, Trail(Keyring(b"secret"), clock), taken, receipt, "")
    assert states(database) == [("delivered", 1)]


async def test_one_message_that_cannot_be_taken_holds_up_its_own_business_alone(database):
    class Indigestion(Sender):
        async def send(self, department, region, message):
            if message["n"] == 0:
                raise AdapterUnavailable("upstream_error", "HTTP 500")
            return await super().send(department, region, message)

    clock, sender = Clock(), Indigestion()
    put(database, clock, ("fire", "a"))
    trail = Trail(Keyring(b"secret"), clock)
    carrier = service.Carrier(database, trail, sender)
    await carrier.begin()
    await carrier.settled()
    put(database, clock, *(("fire", f"b{number}") for number in range(1, 4)))
    clock.at += timedelta(seconds=30)
    for _ in range(8):
        await asyncio.sleep(0.55)
        await carrier.begin()
        await carrier.settled()
    assert [s for s, _ in states(database)] == ["pending", "delivered", "delivered", "delivered"]


def test_what_failed_before_comes_after_what_has_waited_longer(database):
    clock = Clock()
    put(database, clock, ("fire", "a"), ("fire", "b"))
    (bad, _) = leased_by(database, clock)
    service.settle(
        database, Trail(Keyring(b"secret"), clock), bad, None, "upstream_error: HTTP 500"
    )
    clock.at += timedelta(seconds=30)
    with database.read() as session:
        due = repository.due(session, Destination("fire", "330100"), clock.now(), 2)
        assert [row.message["n"] for row in due] == [1, 0]


class Refusing(Sender):
    """Refuses one message for good."""

    async def send(self, department, region, message):
        self.sent.append((department, message["n"]))
        if message["n"] == 0:
            raise MessageRefused("HTTP 422")
        return ResultReceipt(f"R-{message['n']}", "2026-11-22T00:00:00Z")


async def test_what_is_refused_for_good_holds_nobody_back_and_is_not_sent_again(database):
    clock, sender = Clock(), Refusing()
    put(database, clock, ("fire", "a"), ("fire", "a"))
    for _ in range(3):
        await deliver_due(database, Trail(Keyring(b"secret"), clock), sender)
    assert sender.sent == [("fire", 0), ("fire", 1)]
    assert states(database) == [("refused", 1), ("delivered", 1)]


async def test_under_an_outage_the_order_stays(database):
    clock, sender = Clock(), Sender("fire")
    put(database, clock, ("fire", "a"), ("fire", "a"))
    await deliver_due(database, Trail(Keyring(b"secret"), clock), sender)
    await deliver_due(database, Trail(Keyring(b"secret"), clock), sender)
    assert sender.sent == [("fire", 0)]
    assert states(database) == [("pending", 1), ("pending", 0)]
