"""One lane for each destination: its own places and its own pauses, so that a department which is
silent costs the others nothing. Pure; times are seconds of a clock that nobody sets.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

PLACES = 2
"""Messages under way to one destination."""
_TOGETHER = 32
_FIRST_REST, _LONGEST_REST = 1.0, 60.0
"""Of a lane; a message that failed has a longer pause of its own."""


class Destination(NamedTuple):
    """Whom a message is for: the office of a department in a region."""

    department: str
    region: str


@dataclass(slots=True)
class DeliveryLane:
    """What one process knows of a destination."""

    in_flight: int = 0
    failures: int = 0
    quiet_until: float = 0.0
    served: int = 0
    """The turn in which it was last taken from."""

    def room(self, now: float) -> int:
        """How many messages it takes now; after a failure one, to see whether it is over."""
        if now < self.quiet_until:
            return 0
        return (PLACES if not self.failures else 1) - self.in_flight

    def arrived(self) -> None:
        """A message arrived, or was refused by somebody who is there."""
        self.failures, self.quiet_until = 0, 0.0

    def faltered(self, now: float) -> None:
        """Somebody is there and could not take this message: the next one may well arrive."""
        self.failures, self.quiet_until = 0, now + _FIRST_REST

    def missed(self, now: float) -> None:
        """Nobody is there, or nobody who lets us in."""
        self.failures += 1
        rest = _FIRST_REST * float(2 ** min(self.failures - 1, 10))
        self.quiet_until = now + min(rest, _LONGEST_REST)


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

    def turns(self, waiting: Iterable[Destination], now: float) -> list[tuple[Destination, int]]:
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
