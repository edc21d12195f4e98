"""A first-come-first-served lock that threads and coroutines share: SQLite has one writer at a
time.

Coroutines wait without holding a thread: forty requests waiting in threads would leave none for the
writer to finish in.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable


class FairLock:
    """Not owned by a thread: whoever acquired it may release it anywhere."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._waiting: deque[Callable[[], bool]] = deque()

    @property
    def is_held(self) -> bool:
        """Whether somebody has it now."""
        return self._held

    def acquire(self, seconds: float | None = None) -> bool:
        """Take the lock, blocking this thread for so long at most; whether it was taken."""
        turn = threading.Event()
        state = threading.Lock()
        abandoned = False

        def grant() -> bool:
            with state:
                if not abandoned:
                    turn.set()
                return not abandoned

        if self._take_or_queue(grant) or turn.wait(seconds):
            return True
        with state:
            abandoned = not turn.is_set()
        return not abandoned

    async def acquire_async(self) -> None:
        """Take the lock, suspending this coroutine; a cancelled wait leaves the queue unharmed."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        abandoned = False
        granted = False

        def grant() -> bool:
            nonlocal granted
            with state:
                if abandoned:
                    return False
                granted = True
            loop.call_soon_threadsafe(_wake, turn)
            return True

        state = threading.Lock()
        if self._take_or_queue(grant):
            return
        try:
            await turn
        except asyncio.CancelledError:
            with state:
                abandoned = True
            if granted:
                self.release()
            raise

    def release(self) -> None:
        """Hand the lock to whoever waits longest."""
        while True:
            with self._guard:
                if not self._waiting:
                    self._held = False
                    return
                grant = self._waiting.popleft()
            if grant():
                return

    def _take_or_queue(self, grant: Callable[[], bool]) -> bool:
        with self._guard:
            if not self._held:
                self._held = True
                return True
            self._waiting.append(grant)
            return False


def _wake(turn: "asyncio.Future[None]") -> None:
    if not turn.done():
        turn.set_result(None)
