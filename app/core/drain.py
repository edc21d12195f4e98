"""What happens between SIGTERM and the end: not ready at once, answering on until a balancer has
looked away, and over after twelve seconds whatever hangs.
"""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger("onevisit.drain")
LONGEST_SECONDS = 11.5
"""From the signal to the end of the process."""


class Drain:
    """Of one process. `is_begun`: it is about to stop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.is_begun = False

    @contextmanager
    def on_sigterm(self) -> Iterator[None]:
        """Take the signal before the server does, which hears of it when a balancer has had its
        time; a second signal is heard at once. Does nothing where no server listens to signals.
        """
        before = signal.getsignal(signal.SIGTERM)
        if not callable(before) or threading.current_thread() is not threading.main_thread():
            yield
            return
        loop, again = asyncio.get_running_loop(), before

        def heard(number: int, frame: FrameType | None) -> None:
            if self.is_begun:
                again(number, frame)
                return
            self.is_begun = True
            _end_at_last()
            loop.call_soon_threadsafe(lambda: loop.call_later(self._seconds, again, number, None))

        signal.signal(signal.SIGTERM, heard)
        try:
            yield
        finally:
            if signal.getsignal(signal.SIGTERM) is heard:
                signal.signal(signal.SIGTERM, again)


def _end_at_last() -> None:
    """Whatever was acknowledged is on disk: what still hangs is torn off."""

    def end() -> None:
        log.error("the process did not come to its end in %g s; it is ended", LONGEST_SECONDS)
        os._exit(1)

    timer = threading.Timer(LONGEST_SECONDS, end)
    timer.daemon = True
    timer.start()
