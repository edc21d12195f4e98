"""A gateway whose injected clock is as many seconds off as a file says, while it runs."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.cli import main
from app.core.clock import SystemClock

FILE = "CAMPAIGN_CLOCK_FILE"
_READ_SECONDS = 0.1


class Stepping:
    """Reads the file ten times a second at most."""

    def __init__(self, path: Path) -> None:
        self._path, self._read_at, self._off = path, -1.0, 0.0

    def now(self) -> datetime:
        if time.monotonic() > self._read_at + _READ_SECONDS:
            self._read_at, self._off = time.monotonic(), float(self._path.read_text() or 0)
        return datetime.now(UTC) + timedelta(seconds=self._off)


if __name__ == "__main__":
    stepping = Stepping(Path(os.environ[FILE]))
    SystemClock.now = stepping.now  # type: ignore[method-assign]
    main()
