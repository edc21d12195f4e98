"""Hand notices to the systems that asked for them."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

from anyio import to_thread

from adapters.contract import AdapterError, ResultReceipt
from adapters.contract.errors import AdapterUnavailable, MessageRefused
from adapters.transport.exchange import Exchange
from app.core import sealing
from app.core.db import Database
from app.core.keys import Keyring
from app.delivery.notices import repository
from app.delivery.notices.letters import CHALLENGE, event, signed
from app.delivery.notices.models import Webhook

_SECONDS = 5.0
_MOST_BYTES = 4096
_AWAY = "the address cannot be reached"


class Endpoint:
    """A webhook as it is called: where, and with which secrets."""

    def __init__(self, row: Webhook, keys: Keyring, now: datetime) -> None:
        self.id, self.url = row.id, row.url
        sealed = [row.secret]
        if row.former is not None and row.former_until is not None and row.former_until > now:
            sealed.append(row.former)
        bound = f"webhook:{row.id}".encode()
        found = [sealing.unseal(keys.webhooks, each, bound) for each in sealed]
        self.secrets = [each.decode() for each in found if each is not None]
        if not self.secrets:
            raise AdapterUnavailable("credentials_unreadable", "its secret cannot be opened")


class Poster:
    """Posts to webhooks through the guarded exchange; what it raises is an `AdapterError`."""

    def __init__(
        self, database: Database, exchange: Exchange, keys: Keyring, now: Callable[[], datetime]
    ) -> None:
        self._database, self._exchange, self._keys, self._now = database, exchange, keys, now

    def check(self, url: str) -> None:
        """Refuse what can be known of an address. Raises `AdapterUnavailable`."""
        self._exchange.guard.check(url)

    async def send(self, webhook_id: str, message_id: str, told: dict[str, Any]) -> ResultReceipt:
        """Deliver one notice; the receipt is its own id, for a webhook answers with a status."""
        endpoint = await to_thread.run_sync(self._endpoint, webhook_id)
        status, _ = await self._post(endpoint, told, message_id)
        if status == HTTPStatus.GONE:
            raise MessageRefused("it says that it is gone")
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise AdapterUnavailable("upstream_error", f"HTTP {status}")
        return ResultReceipt(message_id, self._now().isoformat())

    async def prove(self, row: Webhook, challenge: str, message_id: str) -> str | None:
        """Ask an endpoint to say a challenge back; what is wrong, or None. Raises nothing."""
        now = self._now()
        told = event(message_id, CHALLENGE, row.id, now, {"challenge": challenge})
        try:
            endpoint = Endpoint(row, self._keys, now)
            status, body = await self._post(endpoint, told, message_id)
        except AdapterError as error:
            return "the address forbids it" if error.code == "address_forbidden" else _AWAY
        if status != HTTPStatus.OK:
            return f"HTTP {status}"
        try:
            said = json.loads(body[:_MOST_BYTES])["challenge"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return 'the answer is not {"challenge": "…"}'
        return None if said == challenge else "the answer is another challenge"

    async def _post(
        self, endpoint: Endpoint, told: dict[str, Any], message_id: str
    ) -> tuple[int, bytes]:
        headers, body = signed(told, message_id, self._now(), endpoint.secrets)
        response = await self._exchange.send(
            "POST",
            endpoint.url,
            headers=headers,
            body=body,
            deadline=asyncio.get_running_loop().time() + _SECONDS,
            repeatable=False,
            owner=f"webhook:{endpoint.id}",
        )
        return response.status, response.body

    def _endpoint(self, webhook_id: str) -> Endpoint:
        with self._database.read() as session:
            row = repository.webhook(session, webhook_id)
            if row is None:
                raise MessageRefused("the webhook is no more")
            return Endpoint(row, self._keys, self._now())
