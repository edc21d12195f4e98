"""How the room opens: whose tokens are accepted."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from adapters.transport.documents import decode_text, parse_json
from adapters.transport.exchange import Exchange
from app.core.deps import EXCHANGE
from app.core.rooms import House
from app.core.settings import Settings
from auth.keys import KeySource, RemoteKeys, StaticKeys
from auth.tokens import TokenVerifier

_JWKS_SECONDS = 5.0


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Gives `auth` the verifier of access tokens."""
    keys = _keys(house.settings, EXCHANGE.of(house.app))
    house.app.state.token_verifier = TokenVerifier(
        keys, issuer=house.settings.issuer or "", audience=house.settings.audience or ""
    )
    yield


def _keys(settings: Settings, exchange: Exchange) -> KeySource:
    if settings.jwks_file is not None:
        return StaticKeys(json.loads(settings.jwks_file.read_text(encoding="utf-8")))
    url = settings.jwks_url or ""

    async def fetch() -> dict[str, Any]:
        deadline = asyncio.get_running_loop().time() + _JWKS_SECONDS
        response = await exchange.send(
            "GET", url, headers={"Accept": "application/json"}, deadline=deadline
        )
        document: dict[str, Any] = parse_json(decode_text(response.body, "utf-8"), exchange.limits)
        return document

    return RemoteKeys(fetch)
