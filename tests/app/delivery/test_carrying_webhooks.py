"""What becomes of notices to webhooks that fail for days, or of which somebody else tells first."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from adapters.contract import ResultReceipt
from app.audit.service import Trail
from app.core.keys import keyring
from app.delivery.notices.models import Notice, Webhook, WebhookMessage
from app.delivery.notices.posting import WebhookCarrier
from app.delivery.notices.repository import webhook as find_webhook
from tests.fixtures.databases import ON_SQLITE
from tests.fixtures.gateway import SECRET

BEGIN = datetime(2026, 11, 28, 8, tzinfo=UTC)


class Office:
    """A carrier of one process, by a clock of ours."""

    def __init__(self, database):
        self.database, self.at = database, BEGIN
        self.carrier = WebhookCarrier(database, Trail(keyring(SECRET.encode()), self), None)
        with database.write() as session:
            session.add(
                Webhook(
                    id="hook", url="http://127.0.0.1:9/", kinds=["record.counts"], role="supervisor", region="330100", state="active",
                    secret=b"x", created_by="s", created_at=BEGIN,
                )
            )  # fmt: skip
            for number in "123":
                session.add(
                    WebhookMessage(id=number, webhook_id="hook", message={}, created_at=BEGIN, next_at=BEGIN)
                )  # fmt: skip

    def now(self):
        return self.at

    def taken(self):
        return {item.id: item for item in self.carrier.take(self.at.timestamp())}

    def any(self):
        return next(iter(self.taken().values()))

    def fails(self, item, *, refused=False):
        self.carrier.settle(item, None, "HTTP 503", refused=refused)

    def arrives(self, item):
        self.carrier.settle(item, ResultReceipt("1", "now"), "", refused=False)

    @property
    def hook(self):
        with self.database.read() as session:
            return find_webhook(session, "hook")

    def states(self):
        with self.database.read() as session:
            return {row.id: row.state for row in session.exec(select(WebhookMessage))}

    def notices(self):
        with self.database.read() as session:
            return [row.kind for row in session.exec(select(Notice))]


@pytest.fixture
def office(database):
    return Office(database)


@ON_SQLITE
class TestDays:
    def test_after_three_days_it_is_stopped_and_what_waits_is_dropped(self, office):
        first = office.taken()["1"]
        office.fails(first)
        assert (office.hook.state, office.hook.failing_since) == ("active", BEGIN)
        office.at = BEGIN + timedelta(hours=72)
        office.fails(office.any())
        assert office.hook.state == "active"
        office.at += timedelta(hours=20)
        last = office.any()
        office.fails(last)
        assert (office.hook.state, office.hook.last_error) == ("stopped", "HTTP 503")
        assert office.states() == {"1": "dropped", "2": "dropped", "3": "dropped"} | {
            last.id: "refused"
        }
        assert office.notices() == ["webhook.stopped"]

    def test_what_arrives_ends_the_failing(self, office):
        items = office.taken()
        office.fails(items["1"])
        office.at += timedelta(hours=71)
        office.arrives(office.taken()["2"])
        assert (office.hook.failing_since, office.hook.last_error) == (None, None)
        office.at += timedelta(hours=20)
        office.fails(office.taken()["3"])
        assert (office.hook.state, office.hook.failing_since) == ("active", office.at)

    def test_whoever_carries_it_since_is_not_disturbed(self, office):
        first = office.taken()["1"]
        office.at += timedelta(minutes=30)
        second = office.taken()["1"]
        assert second.lease_until > first.lease_until
        office.fails(first, refused=True)  # a process that slept, and has no say any more
        assert office.states()["1"] == "pending"
        assert office.hook.failing_since is None
        office.arrives(second)
        office.fails(second, refused=True)
        assert (office.states()["1"], office.hook.state) == ("delivered", "active")

    def test_what_is_gone_is_stopped_at_once(self, office):
        office.fails(office.taken()["2"], refused=True)
        assert office.hook.state == "stopped"
        assert office.states() == {"1": "dropped", "2": "refused", "3": "dropped"}
