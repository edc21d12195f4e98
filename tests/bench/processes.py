"""Processes of the bench: pinned to a core, waited for until they answer, ended when the block is left."""

import contextlib
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures.processes import ended

GATEWAY_CORE, OTHER_CORE = 0, 1
_LONGEST_START = 30.0


@dataclass
class Running:
    """A started server."""

    process: subprocess.Popen[bytes]
    start_seconds: float
    first: bytes

    @property
    def pids(self) -> list[int]:
        """The process and all below it."""
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            for thread in Path(f"/proc/{pid}/task").glob("*/children"):
                waiting += [int(child) for child in thread.read_text().split()]
        return found

    @property
    def rss_mib(self) -> float:
        """Resident memory."""
        return (
            sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids)
            * 4096
            / (1 << 20)
        )


@contextlib.contextmanager
def serving(
    command: list[str],
    url: str,
    *,
    core: int,
    log: Path,
    headers: dict[str, str] | None = None,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[Running]:
    """Start a server on one core and wait until `url` answers 200."""
    begun = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
        )
    with ended(process, seconds=10):
        first = _first_answer(process, url, headers or {}, begun, log)
        yield Running(process, time.monotonic() - begun, first)


def _first_answer(
    process: subprocess.Popen[bytes], url: str, headers: dict[str, str], begun: float, log: Path
) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with opener.open(urllib.request.Request(url, headers=headers), timeout=5) as response:
                first = response.read()
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            late = time.monotonic() - begun > _LONGEST_START
            if process.poll() is not None or late:
                raise SystemExit(
                    f"{url} does not answer ({error}); its log ends:\n{log.read_text()[-2000:]}"
                ) from None
            time.sleep(0.01)
        else:
            if process.poll() is not None:
                raise SystemExit(
                    f"{url} is answered by somebody else: stop what listens there, then run the bench again."
                )
            return first


def _busy_seconds() -> float:
    lines = [
        line.split()[1:9]
        for line in Path("/proc/stat").read_text().splitlines()
        if line.startswith(("cpu0 ", "cpu1 "))
    ]
    return sum(
        sum(int(v) for i, v in enumerate(line) if i not in {3, 4}) for line in lines
    ) / os.sysconf("SC_CLK_TCK")


def wait_until_quiet(most_seconds: float = 20.0) -> None:
    """Wait until the machine is otherwise idle (less than an eighth of a core over half a second), or the time is up."""
    until = time.monotonic() + most_seconds
    while time.monotonic() < until:
        before = _busy_seconds()
        time.sleep(0.4)
        if _busy_seconds() - before < 0.05:
            return
