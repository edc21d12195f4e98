"""Last-known answers, bounded in number and age; shown only as `stale`, with the reason why nothing fresh came. Pure."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Generic, TypeVar

V = TypeVar("V")


class LastKnownAnswers(Generic[V]):
    """Least recently used out first."""

    def __init__(self, *, most: int = 20_000, oldest: timedelta = timedelta(hours=72)) -> None:
        self._most = most
        self._oldest = oldest
        self._kept: OrderedDict[tuple[str, ...], tuple[datetime, V]] = OrderedDict()

    def keep(self, key: tuple[str, ...], value: V, at: datetime) -> None:
        """Remember an answer."""
        self._kept[key] = (at, value)
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def find(self, key: tuple[str, ...], now: datetime) -> V | None:
        """The answer if it is not too old."""
        found = self._kept.get(key)
        if found is None or now - found[0] > self._oldest:
            self._kept.pop(key, None)
            return None
        return found[1]

    def __len__(self) -> int:
        return len(self._kept)
