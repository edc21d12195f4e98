"""How the gateway identifies itself to a department: static headers for the exchange, flows for
httpx.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator, Callable

import httpx

from adapters.contract.errors import AdapterUnavailable
from adapters.contract.manifest import AuthSpec

Secrets = dict[str, str]


def static_headers(spec: AuthSpec, secrets: Secrets) -> dict[str, str]:
    """Headers for the kinds that need no conversation. Raises `AdapterUnavailable` when the secret
    is missing.
    """
    try:
        match spec.kind:
            case "api_key":
                return {spec.header: secrets["api_key"]}
            case "bearer":
                return {"Authorization": f"Bearer {secrets['token']}"}
            case "basic":
                pair = f"{secrets['username']}:{secrets['password']}".encode()
                return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
            case _:
                return {}
    except KeyError as error:
        raise AdapterUnavailable(
            "credentials_rejected", f"no {error.args[0]} is stored for this adapter"
        ) from error


class LoginAuth(httpx.Auth):
    """Logs in for a token, keeps it, and logs in once more when the department answers 401 or by
    its own expired code.
    """

    requires_response_body = True

    def __init__(
        self,
        build_login: Callable[[], httpx.Request],
        read_token: Callable[[httpx.Response], str],
        is_expired: Callable[[httpx.Response], bool],
    ) -> None:
        self._build_login = build_login
        self._read_token = read_token
        self._is_expired = is_expired
        self._token = ""
        self._lock = asyncio.Lock()

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        used = ""
        for _ in range(2):
            # One log-in for all who wait: a second one might end the first one's session.
            async with self._lock:
                if self._token == used:
                    self._token = self._read_token((yield self._login_for(request)))
                used = self._token
            request.headers["X-Session-Token"] = used
            response = yield request
            if not self._is_expired(response):
                return

    def _login_for(self, request: httpx.Request) -> httpx.Request:
        login = self._build_login()
        login.extensions = dict(request.extensions)
        return login
