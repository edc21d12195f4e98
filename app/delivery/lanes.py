"""One lane for each destination: its own places and its own pauses, so that a department which is
silent costs the others nothing. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from app.delivery.backoff import wait_after

PLACES = 2
"""Messages under way to one destination."""
_TOGETHER = 32


class Destination(NamedTuple):
    """Whom a message is for: the office of a department in a region."""

    department: str
    region: str


@dataclass(slots=True)
class DeliveryLane:
    """What one process knows of a destination."""

    in_flight: int = 0
    failures: int = 0
    quiet_until: datetime | None = None
    served: int = 0
    """The turn in which it was last taken from."""

    def room(self, now: datetime) -> int:
        """How many messages it takes now; after a failure one, to see whether it is over."""
        if self.quiet_until is not None and now < self.quiet_until:
            return 0
        return (PLACES if not self.failures else 1) - self.in_flight

    def arrived(self) -> None:
        """A message arrived, or was refused by somebody who is there."""
        self.failures, self.quiet_until = 0, None

    def missed(self, now: datetime) -> None:
        """The destination could not be reached, or could not do what it should."""
        self.failures += 1
        self.quiet_until = now + wait_after(self.failures)


@dataclass(slots=True)
class DeliveryLanes:
    """Those of one process."""

    known: dict[Destination, DeliveryLane] = field(default_factory=dict)
    _turn: int = 0

    def of(self, destination: Destination) -> DeliveryLane:
        """The lane of a destination."""
        return self.known.setdefault(destination, DeliveryLane())

    @property
    def in_flight(self) -> int:
        """Messages under way, to all."""
        return sum(lane.in_flight for lane in self.known.values())

    def turns(self, waiting: Iterable[Destination], now: datetime) -> list[tuple[Destination, int]]:
        """Who is served now, and with how many at most: whoever waited longest first."""
        left, found = _TOGETHER - self.in_flight, []
        self._turn += 1
        for destination in sorted(waiting, key=lambda d: (self.of(d).served, d)):
            room = min(self.of(destination).room(now), left)
            if room > 0:
                found.append((destination, room))
                self.of(destination).served = self._turn
                left -= room
        return found

    def tidy(self, waiting: set[Destination]) -> None:
        """Forget those of which nothing is to be remembered."""
        for destination, lane in tuple(self.known.items()):
            if destination not in waiting and not lane.in_flight and not lane.failures:
                del self.known[destination]
