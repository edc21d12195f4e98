"""Requests of callers who are not known: a small pool of places, and a bucket for each address.

Whoever is known is never held up by them; whoever is not, cannot make the gateway verify
signatures, look up routes or write entries as fast as it can send.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Scope

from app.core.rates import Rates
from app.core.wire.port import Port
from app.core.wire.proxies import client_of, network_of


class Places:
    """So many, a quarter of them for one address, and nobody waits for one."""

    def __init__(self, most: int) -> None:
        self._most, self._share = most, max(most // 4, 1)
        self._of_address: Counter[str] = Counter()
        self.taken = 0
        self.refused = 0

    @contextmanager
    def place(self, address: str) -> Iterator[bool]:
        """Whether there is a place; it is held until the end of the block."""
        if self.taken >= self._most or self._of_address[address] >= self._share:
            self.refused += 1
            yield False
            return
        self.taken += 1
        self._of_address[address] += 1
        try:
            yield True
        finally:
            self.taken -= 1
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]


class Strangers:
    """What requests without a valid token may take up."""

    def __init__(
        self, port: Port, per_second: float, burst: int, *, most: int = 64, probes: int = 32
    ) -> None:
        self._port = port
        self.rates = Rates(per_second, burst, scope="address")
        self.failures = Rates(per_second, burst, scope="address")
        """Of tokens that did not verify: whoever shows none takes no other's right to be tried."""
        self.probe_rates = Rates(per_second, burst, scope="address")
        self.pool = Places(most)
        self.probes = Places(probes)
        self.forms = Places(most)
        """Of those whose bodies are waited for: they hold up nobody who sends none."""

    def address(self, scope: Scope) -> str:
        """Whom a request without a valid token counts for."""
        peer = (scope.get("client") or ("", 0))[0]
        if not self._port.proxies:
            return network_of(peer)
        return network_of(client_of(peer, scope["headers"], self._port.proxies))

    def may_try(self, scope: Scope) -> bool:
        """Whether a token that was never seen is verified for this address: those that failed
        before are counted.
        """
        return self.failures.has_left(self.address(scope))
