"""The demo as a process of its own: gateway, thirteen departments, people with one-time links."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.fixtures.ports import free_ports

BUSINESS = "91330106MA2YYY034D"
_CONTROL = re.compile(r"(http://127\.0\.0\.1:\d+)/faults/")
_DEPARTMENTS = 14


@dataclass(frozen=True, slots=True)
class Demo:
    """Where it listens, whom it has, and the switch of its departments."""

    address: str
    control: str
    folder: Path
    process: subprocess.Popen[str]

    def fault(self, department: str, mode: str) -> None:
        """A department misbehaves from now on; `ok` mends it."""
        httpx.put(f"{self.control}/faults/{department}", json={"mode": mode}).raise_for_status()

    def link(self, name: str, *, on_phone: bool = False) -> str:
        """A new link that signs somebody on, once, within five minutes; to the officer's page in any case where that is asked."""
        people = httpx.get(
            f"{self.address}/v1/people", params={"name": name}, headers=self.token("system")
        )
        person = people.raise_for_status().json()["items"][0]["person_id"]
        for keeper in ("security", "audit"):  # an auditor's is given by the audit administrator
            given = httpx.post(
                f"{self.address}/v1/people/{person}:enrol", headers=self.token(keeper)
            )
            if given.status_code != 403:
                break
        told = str(given.raise_for_status().json()["link"])
        return told.replace("/console#", "/m/#") if on_phone else told

    def token(self, person: str) -> dict[str, str]:
        """The header of somebody whose token lies in the demo's folder."""
        told = (self.folder / ".demo" / f"{person}.token").read_text(encoding="utf-8")
        return {"Authorization": f"Bearer {told}"}


@contextmanager
def demo(folder: Path) -> Iterator[Demo]:
    """Started, and everything of it ended again. Raises `RuntimeError` with what it said where it does not start."""
    port = free_ports()
    departments = free_ports(_DEPARTMENTS)
    command = [sys.executable, "-m", "app.cli.run", "demo", "--port", str(port), "--departments-port", str(departments)]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "200"}
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
    said = ""
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        control = _CONTROL.search(said)
        if control is None:
            raise RuntimeError(said)
        yield Demo(f"http://127.0.0.1:{port}", control[1], folder, process)
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
