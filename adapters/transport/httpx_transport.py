"""The same exchange below `httpx.AsyncClient`, for adapters and deliveries written against httpx
(ADR 0003).

httpx's own pool is not used: it wedges when calls are cancelled and inflates hostile bodies.
"""

import asyncio

import httpx

from adapters.contract.adapter import AdapterQuery
from adapters.transport.exchange import Exchange
from adapters.transport.heads import fields_of, told_ms

_DROPPED = frozenset(
    {"content-encoding", "content-length", "transfer-encoding", "connection", "set-cookie"}
)
_OWN = frozenset({"host", "content-length", "accept-encoding", "connection"})


class ExchangeTransport(httpx.AsyncBaseTransport):
    """Carries httpx requests over an `Exchange`. `extensions["deadline"]` is a loop time; else the
    read timeout counts.

    Failures are `AdapterError`, not `httpx.TransportError`: the adapter's caller knows only the
    former.
    """

    def __init__(self, exchange: Exchange, owner: str = "") -> None:
        self._exchange = exchange
        self._owner = owner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        deadline = request.extensions.get("deadline")
        if deadline is None:
            seconds = request.extensions.get("timeout", {}).get("read") or 5.0
            deadline = asyncio.get_running_loop().time() + seconds
        response = await self._exchange.send(
            request.method,
            str(request.url),
            headers={k: v for k, v in request.headers.items() if k.lower() not in _OWN},
            body=await request.aread(),
            deadline=deadline,
            repeatable=request.method in {"GET", "HEAD"},
            owner=self._owner,
        )
        kept = [(k, v) for k, v in response.headers.items() if k not in _DROPPED]
        return httpx.Response(response.status, headers=kept, content=response.body, request=request)


def client_over(
    exchange: Exchange, auth: httpx.Auth | None = None, owner: str = ""
) -> httpx.AsyncClient:
    """An httpx client whose every byte goes through the guarded exchange; ignores proxies of the
    environment.
    """
    return httpx.AsyncClient(
        transport=ExchangeTransport(exchange, owner), auth=auth, trust_env=False
    )


def fields_for(query: AdapterQuery) -> dict[str, str]:
    """The headers with which every department is asked: who, why, and how many milliseconds are
    left.
    """
    left_ms = told_ms(query.deadline, asyncio.get_running_loop().time())
    return {name: value for name, value in fields_of(query, left_ms).items() if value}
