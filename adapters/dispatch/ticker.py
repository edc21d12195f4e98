"""One clock for everything under way: a single callback comes when the first of it is due. Pure."""

import asyncio
from collections.abc import Callable

NEVER = float("inf")
_PAUSE_SECONDS = 0.01
"""At least so long between two looks."""
_BEHIND_SECONDS, _PASS_SECONDS = 0.005, 0.001
"""A look that comes so late waits for one pass of the loop, in which answers that have arrived are
read."""


class Ticker:
    """Calls `look(now)` when something is due; `look` returns the loop time of what is due next."""

    def __init__(self, look: Callable[[float], float]) -> None:
        self._look_for_late = look
        self._loop = asyncio.get_running_loop()
        self.time = self._loop.time
        self._timer: asyncio.TimerHandle | None = None
        self._due = NEVER
        self._judged: float | None = None
        self.looks = 0
        """How often it has looked."""

    def later(self, when: float, act: Callable[[], None]) -> None:
        """Do something at a loop time."""
        self._loop.call_at(when, act)

    def watch(self, due: float) -> None:
        """See to it that what is late at this loop time is noticed then, or 10 ms after it."""
        if due < self._due:
            if self._timer is not None:
                self._timer.cancel()
            self._due, self._judged = due, None
            self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        """Cut what is late. A gateway that is late itself first reads what lies in its sockets, and
        judges by the time before.
        """
        self.looks += 1
        # Loops round to milliseconds: a timer may come a little early, and must do its work then.
        now = max(self.time(), self._due)
        if self._judged is None and now - self._due > _BEHIND_SECONDS:
            self._judged = now
            self._timer = self._loop.call_later(_PASS_SECONDS, self._look)
            return
        judged, self._judged = self._judged or now, None
        self._due, self._timer = NEVER, None
        due = self._look_for_late(judged)
        if due < NEVER:
            self.watch(max(due, self.time() + _PAUSE_SECONDS))

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._due, self._timer, self._judged = NEVER, None, None
